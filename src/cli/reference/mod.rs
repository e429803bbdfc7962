//! The reference pages below `docs/`, generated from the declarations that the program itself reads.
//!
//! Everything here is pure: a test compares the pages with the committed files, and `UPDATE=1` rewrites them.
//! Prose stands in Markdown beside this file (and beside each probe); `<!-- generated: NAME -->` is where a
//! table goes.

mod controls;
mod keys;
mod language;
mod library;
mod probes;

use crate::{diag, lint};

use super::exit;

/// One page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// Its path, from the root of the repository.
    pub path: String,
    /// Its text.
    pub text: String,
}

/// The first line of every generated page.
pub const NOTICE: &str = "<!-- Generated from the declarations in the code. Do not edit: `UPDATE=1 cargo test --test it` rewrites it. -->";

/// All generated pages, sorted by path.
pub fn pages() -> Vec<Page> {
    let mut pages = vec![
        page("docs/language.md", &language::text()),
        page("docs/codes.md", &codes()),
        page("docs/controls.md", &controls::text()),
        page("docs/exit-codes.md", &fill(include_str!("exit-codes.md"), &[("codes", exit_codes())])),
        page("docs/lints.md", &lints()),
        page("docs/policies.md", &library::text()),
        page("docs/probes/README.md", &probes::index()),
    ];
    pages.extend(
        crate::fact::catalogue::PROBES
            .iter()
            .map(|probe| page(&format!("docs/probes/{}.md", probe.name), &probes::text(probe))),
    );
    pages.sort_by(|a, b| a.path.cmp(&b.path));
    pages
}

pub use probes::source as probe_source;

fn page(path: &str, text: &str) -> Page {
    Page { path: path.to_owned(), text: format!("{NOTICE}\n\n{}\n", text.trim()) }
}

/// The template with each `<!-- generated: NAME -->` replaced.
fn fill(template: &str, parts: &[(&str, String)]) -> String {
    parts.iter().fold(template.to_owned(), |text, (name, part)| {
        text.replace(&format!("<!-- generated: {name} -->"), part.trim())
    })
}

/// Text for a cell of a Markdown table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

/// Text as code in a cell.
fn code(text: impl std::fmt::Display) -> String {
    format!("`{text}`")
}

/// A Markdown table.
fn table(head: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let mut text = line(&head.iter().map(|&name| name.to_owned()).collect::<Vec<_>>());
    text.push_str(&format!("|{}\n", "---|".repeat(head.len())));
    for row in rows {
        text.push_str(&line(&row.iter().map(|text| cell(text)).collect::<Vec<_>>()));
    }
    text
}

/// The table of exit codes.
fn exit_codes() -> String {
    table(
        &["code", "meaning"],
        exit::ALL.iter().map(|(number, meaning)| vec![number.to_string(), (*meaning).to_owned()]),
    )
}

/// Every code of a diagnostic.
fn codes() -> String {
    let mut text = String::from(
        "# Codes of diagnostics\n\nEvery message about the input (a policy, a project file, the command line) carries one of these codes. \
         A message says what is wrong, where, and what to write instead; this page says why it is refused at all. \
         Input that is wrong ends with exit code 2, and nothing is judged.\n",
    );
    for known in diag::ALL {
        text.push_str(&format!("\n## {}\n\n{}\n", known.id, known.explain));
    }
    text
}

/// Every lint, by category.
fn lints() -> String {
    let about = |check: &lint::Check| match check {
        lint::Check::Policy(_) => "a policy; also when `check` loads it",
        lint::Check::Project(_) => "the project",
        lint::Check::Comments(_) => "comments that allow something",
    };
    let mut sorted: Vec<&lint::Lint> = lint::LINTS.iter().collect();
    sorted.sort_by_key(|lint| lint.category);
    let rows = sorted.iter().map(|lint| {
        let name = format!("[`{0}`](#{0})", lint.name());
        let category = lint.category.word().to_owned();
        vec![
            name,
            category,
            format!("{}{}", lint::word(lint.level), if lint::is_fixed(lint) { ", always" } else { "" }),
            lint.doc.to_owned(),
            about(&lint.check).to_owned(),
        ]
    });
    let pages: String = sorted.iter().map(|lint| of_lint(lint)).collect();
    let head = ["lint", "category", "default", "sees to it that", "looks at"];
    fill(include_str!("lints.md"), &[("lints", table(&head, rows)), ("pages", pages)])
}

fn of_lint(lint: &lint::Lint) -> String {
    let fixed = if lint::is_fixed(lint) {
        "It is always an error: no run begins while it finds something, so that no level and no comment makes it less.\n\n"
    } else {
        ""
    };
    format!(
        "### {}\n\n{}\n\n{}\n\n{fixed}Found:\n\n```yaml\n{}\n```\n\nNot found:\n\n```yaml\n{}\n```\n\n",
        lint.name(),
        lint.code.explain,
        lint.page.why,
        lint.page.bad,
        lint.page.good
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_for_a_table_is_filled() {
        for page in pages() {
            assert!(!page.text.contains("<!-- generated"), "{}", page.path);
        }
    }

    #[test]
    fn a_bar_does_not_split_a_cell() {
        assert_eq!(
            table(&["type"], [vec!["`enum(a|b)`".to_owned()]]),
            "| type |\n|---|\n| `enum(a\\|b)` |\n"
        );
    }
}
