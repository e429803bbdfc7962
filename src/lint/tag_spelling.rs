//! Two spellings of one tag.

use std::collections::HashMap;

use super::written::Written;
use super::{Category, Check, Input, Lint, Page, WARNING};
use crate::diag::{Diag, code};
use crate::policy::Policy;

pub(super) const LINT: Lint = Lint {
    code: &code::TAG_SPELLING,
    category: Category::Naming,
    level: WARNING,
    doc: "every tag has one spelling",
    page: Page {
        why: "`--tag backup` judges what has that tag, and not what has `backups` or `Backup`: a run that should look at \
              everything looks at half of it, and is green.",
        bad: "targets: { web: { type: host } }\n\
              ---\npolicy: a\ntags: [backup]\nfail: free < 1.GiB\n\
              ---\npolicy: b\ntags: [backups]   # here\nfail: free < 2.GiB",
        good: "targets: { web: { type: host } }\n\
               ---\npolicy: a\ntags: [backup]\nfail: free < 1.GiB\n\
               ---\npolicy: b\ntags: [backup]\nfail: free < 2.GiB",
    },
    check: Check::Project(check),
};

fn check(input: &Input<'_>, diags: &mut Vec<Diag>) {
    let mut first: HashMap<&str, (Vec<u8>, &Policy)> = HashMap::new();
    let mut spelled: HashMap<Vec<u8>, &str> = HashMap::new();
    for policy in input.policies {
        for tag in &policy.tags {
            if !first.contains_key(&**tag) {
                let plain = plain(tag);
                spelled.entry(plain.clone()).or_insert(tag);
                first.insert(tag, (plain, policy));
            }
            let Some(known) = first.get(&**tag).and_then(|(plain, _)| spelled.get(plain)) else { continue };
            if **known != **tag {
                diags.push(other(policy, tag, known, first.get(known).map(|(_, policy)| *policy)));
            }
        }
    }
}

/// Without what two spellings differ in: case, signs between words, the plural.
fn plain(tag: &str) -> Vec<u8> {
    let letters = tag.bytes().filter(u8::is_ascii_alphanumeric).map(|byte| byte.to_ascii_lowercase());
    let mut plain: Vec<u8> = if tag.is_ascii() { letters.collect() } else { tag.to_lowercase().into_bytes() };
    if plain.len() > 3 && plain.ends_with(b"s") && !plain.ends_with(b"ss") {
        plain.pop();
    }
    plain
}

fn other(policy: &Policy, tag: &str, known: &str, first: Option<&Policy>) -> Diag {
    let written = Written::of(policy);
    let at =
        written.node(&["tags"]).and_then(|tags| tags.items().iter().find(|item| item.as_str() == Some(tag)));
    let place = at.map_or_else(|| written.value(&["tags"]), |item| item.loc.clone());
    let message = format!("the tag `{tag}` is spelled `{known}` elsewhere");
    let diag = Diag::warning(&code::TAG_SPELLING, message).at(&place, "");
    let diag = match first {
        Some(first) if first.id != policy.id => {
            diag.at(&Written::of(first).value(&["tags"]), "spelled so here")
        }
        _ => diag,
    };
    diag.help(format!("write `{known}` everywhere, or another word if another thing is meant"))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{policy, said_of};
    use super::LINT;

    fn said(a: &str, b: &str) -> usize {
        let of = |id: &str, tags: &str| policy(&format!("policy: {id}\ntags: [{tags}]\nfail: free < 1.GiB"));
        said_of(&LINT, "", &[of("a", a), of("b", b)]).len()
    }

    #[test]
    fn spellings_of_one_word_are_shown() {
        assert_eq!(
            (said("backup", "backups"), said("Backup", "backup"), said("data-loss", "data_loss")),
            (1, 1, 1)
        );
        assert_eq!(said("backup, backups", "backups"), 2);
    }

    #[test]
    fn other_words_are_fine() {
        assert_eq!((said("backup", "backup"), said("access", "acces-s"), said("wal", "vacuum")), (0, 1, 0));
        assert_eq!(said("tls, loss", "tl, los"), 0);
    }
}
