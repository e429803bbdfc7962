//! A file that is not called like its policy.

use super::{Category, Check, Lint, Page, WARNING};
use crate::diag::{Diag, code};
use crate::policy::Policy;

pub(super) const LINT: Lint = Lint {
    code: &code::FILE_NAME,
    category: Category::Naming,
    level: WARNING,
    doc: "a file with one policy is called like it",
    page: Page {
        why: "Findings, waivers and cases name the id. Who looks for its file searches the folder, and cases beside a file \
              of another name are those of another policy to the eye.",
        bad: "policy: disk-full   # here: the file is called p.yaml\nfail: free < 1.GiB",
        good: "policy: p\nfail: free < 1.GiB",
    },
    check: Check::Policy(check),
};

fn check(policy: &Policy, diags: &mut Vec<Diag>) {
    let name = &policy.loc.source.name;
    // What came with muster is `builtin:AREA/FILE`; another colon is one of the name.
    let file = name.rsplit('/').next().unwrap_or(name);
    let Some(stem) = file.strip_suffix(".yaml").or_else(|| file.strip_suffix(".yml")) else { return };
    if *stem == *policy.id || !is_alone(policy) {
        return;
    }
    let message = format!("the policy `{}` stands in `{file}`", policy.id);
    diags.push(Diag::warning(&code::FILE_NAME, message).at(&policy.loc, "").help(format!(
        "rename the file to `{}.yaml`; an id is stable, because waivers and histories name it",
        policy.id
    )));
}

/// Is it the only document of its file?
fn is_alone(policy: &Policy) -> bool {
    let text = &policy.text.source.text;
    let (start, end) = (policy.text.start as usize, policy.text.end as usize);
    let before = text.get(..start).unwrap_or("");
    let behind = text.get(end..).unwrap_or("");
    let mark = |line: &&str| {
        let line = line.trim_start_matches('\u{feff}').trim();
        !line.is_empty() && !line.starts_with(['#', '%']) && !line.starts_with("---") && line != "..."
    };
    !before.lines().any(|line| mark(&line)) && !behind.lines().any(|line| mark(&line))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{fine, said, warned};
    use super::LINT;

    #[test]
    fn a_file_of_another_name_is_shown() {
        warned(&LINT, "policy: disk-full\nfail: free < 1.GiB");
        assert_eq!(
            said(&LINT, "---\n# about disks\npolicy: q\nfail: free < 1.GiB")[0].labels[0].loc.text(),
            "q"
        );
    }

    #[test]
    fn the_same_name_is_fine() {
        fine(&LINT, "# about disks\nfail: free < 1.GiB");
    }
}
