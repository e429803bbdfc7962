//! Lints: what loads and is wrong nevertheless. One file for each; no network, no clock.
//!
//! A lint about one policy sees only that policy, so that `check` can run it at load: what it calls an error
//! stops the run, because such a policy would pass what it should not. A lint about the project also sees the
//! project file, all policies, and today's date.
//!
//! A new lint is one file, a line in [`LINTS`], and a code of its own in `diag::codes`, whose id is the lint's name.
//! Its `check` pushes diagnostics of that code, [`Diag::error`] if the lint is an error by default and
//! [`Diag::warning`] if not; the level that a project sets is applied afterwards. An edit ([`Diag::edit`]) may be
//! added where the text can be mended without judging anything otherwise.

mod alert_route;
mod allowed;
mod area_prefix;
mod bare_message;
mod bare_param;
pub mod baseline;
mod command_not_allowed;
pub mod comments;
mod constant_condition;
mod copied_policy;
mod empty_environment;
mod faulty_allow;
mod file_name;
mod foreign_fact;
mod hand_made_age;
mod hard_coded_limit;
mod hidden_character;
mod holidays_used_up;
mod house_rule;
mod implied_rung;
mod impossible_condition;
mod impossible_regex;
mod inverted_rungs;
mod levels;
mod manual_page;
mod manual_remedy;
pub mod mend;
mod merged_subjects;
mod missing_runbook;
mod no_runbook;
mod opaque_call;
mod ownerless_alert;
mod patient_page;
mod placeholder;
mod print;
mod quoted_hole;
mod repeated_rung;
mod repeated_tag;
mod runbooks;
mod secret_literal;
mod select_star;
mod short_for;
mod slow_page;
mod tag_spelling;
#[cfg(test)]
mod testing;
mod thin_context;
mod thin_runbook;
mod thin_why;
mod title_style;
mod undecidable;
mod unknown_label_value;
mod unknown_owner;
mod unmarked_danger;
mod unmatched_target;
mod unquoted_name;
mod unused_allow;
mod unused_param;
mod waiver_expired;
mod waiver_far;
mod waiver_reason;
mod waiver_soon;
mod waiver_unused;
mod waiver_wide;
mod workspace;
mod writing_override;
mod written;
mod yoda_condition;

use std::sync::Arc;

use crate::diag::{Code, Diag, Level};
use crate::policy::{Policy, Project};
use crate::source::Loc;

pub use comments::Comments;
pub use empty_environment::empty_environments;
pub use levels::{Levels, is_fixed, word};
pub use print::{Base, fingerprints};
pub use waiver_far::too_far;
pub use workspace::{Edited, Given, Looked, Said, Workspace};

/// What a lint looks at.
pub enum Check {
    /// One policy.
    Policy(fn(&Policy, &mut Vec<Diag>)),
    /// The project with all policies.
    Project(fn(&Input<'_>, &mut Vec<Diag>)),
    /// The comments of a file that allow what other lints find.
    Comments(fn(&Comments, &mut Vec<Diag>)),
}

/// What a lint protects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Category {
    /// A policy that cannot judge what it says that it judges.
    Bugs,
    /// An alert that does not reach a person who can act.
    Alerting,
    /// A remedy that cannot be carried out.
    Remedy,
    /// A policy that could do harm.
    Safety,
    /// An exception that is no longer one.
    Waivers,
    /// A name that misleads.
    Naming,
    /// A form that is harder to read than it has to be.
    Style,
    /// What only some want to be told; off by default.
    Pedantic,
}

impl Category {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Bugs,
        Self::Alerting,
        Self::Remedy,
        Self::Safety,
        Self::Waivers,
        Self::Naming,
        Self::Style,
        Self::Pedantic,
    ];

    /// The word of the project file and the docs.
    pub fn word(self) -> &'static str {
        match self {
            Self::Bugs => "bugs",
            Self::Alerting => "alerting",
            Self::Remedy => "remedy",
            Self::Safety => "safety",
            Self::Waivers => "waivers",
            Self::Naming => "naming",
            Self::Style => "style",
            Self::Pedantic => "pedantic",
        }
    }
}

/// The level of a lint whose findings refuse the input.
pub const ERROR: Option<Level> = Some(Level::Error);
/// The level of a lint whose findings are told.
pub const WARNING: Option<Level> = Some(Level::Warning);
/// The level of a lint that runs only where a project asks for it.
pub const OFF: Option<Level> = None;

/// What a person reads about a lint, besides the text of its code.
///
/// An example of a lint about policies is some lines of a policy. One of a lint about the project is a piece of
/// `muster.yaml`, and behind `---` lines of policies. A test completes both with what every file needs, and sees
/// that the lint finds the bad one and not the good one. `# no KEY` as a line leaves a needed key out.
pub struct Page {
    /// Why it matters: what happened, or will happen, at 3 AM.
    pub why: &'static str,
    /// What it finds.
    pub bad: &'static str,
    /// The same without the defect.
    pub good: &'static str,
}

/// One lint.
pub struct Lint {
    /// The code of everything that it says. Its id is the lint's name and that of its file: the defect.
    pub code: &'static Code,
    /// What it protects.
    pub category: Category,
    /// Its level where no project says another: [`ERROR`], [`WARNING`] or [`OFF`].
    pub level: Option<Level>,
    /// What is so where it finds nothing, in one line: "every parameter is read".
    pub doc: &'static str,
    /// For those who want to know more.
    pub page: Page,
    /// What it does.
    pub check: Check,
}

impl Lint {
    /// Its name.
    pub fn name(&self) -> &'static str {
        self.code.id
    }
}

/// Everything that a lint about the project may see.
///
/// Waivers, owners with their routes, overrides, tiers and the commands that are allowed are those of the project.
pub struct Input<'a> {
    /// Policies without an error.
    pub policies: &'a [Arc<Policy>],
    /// Ids and places of those that have one, so that nobody calls them unknown.
    pub broken: &'a [(Arc<str>, Loc)],
    /// The project; a default one without a file.
    pub project: &'a Project,
    /// Is there a project file?
    pub has_project: bool,
    /// Are these all policies of the project? Otherwise files were named, and what is not here may be elsewhere.
    pub whole: bool,
    /// Today, in days since 1970.
    pub today: i64,
}

/// All lints, sorted by name.
pub static LINTS: &[Lint] = &[
    alert_route::LINT,
    area_prefix::LINT,
    bare_message::LINT,
    bare_param::LINT,
    command_not_allowed::LINT,
    constant_condition::LINT,
    copied_policy::LINT,
    empty_environment::LINT,
    faulty_allow::LINT,
    file_name::LINT,
    foreign_fact::LINT,
    hand_made_age::LINT,
    hard_coded_limit::LINT,
    hidden_character::LINT,
    holidays_used_up::LINT,
    house_rule::LINT,
    implied_rung::LINT,
    impossible_condition::LINT,
    impossible_regex::LINT,
    inverted_rungs::LINT,
    manual_page::LINT,
    manual_remedy::LINT,
    merged_subjects::LINT,
    missing_runbook::LINT,
    no_runbook::LINT,
    opaque_call::LINT,
    ownerless_alert::LINT,
    patient_page::LINT,
    placeholder::LINT,
    quoted_hole::LINT,
    repeated_rung::LINT,
    repeated_tag::LINT,
    secret_literal::LINT,
    select_star::LINT,
    short_for::LINT,
    slow_page::LINT,
    tag_spelling::LINT,
    thin_context::LINT,
    thin_runbook::LINT,
    thin_why::LINT,
    title_style::LINT,
    undecidable::LINT,
    unknown_label_value::LINT,
    unknown_owner::LINT,
    unmarked_danger::LINT,
    unmatched_target::LINT,
    unquoted_name::LINT,
    unused_allow::LINT,
    unused_param::LINT,
    waiver_expired::LINT,
    waiver_far::LINT,
    waiver_reason::LINT,
    waiver_soon::LINT,
    waiver_unused::LINT,
    waiver_wide::LINT,
    writing_override::LINT,
    yoda_condition::LINT,
];

/// The lint of that name.
pub fn find(name: &str) -> Option<&'static Lint> {
    LINTS.iter().find(|lint| lint.name() == name)
}

/// Runs the lints about one policy. Two that say the same of one place say it once.
pub fn policy(policy: &Policy, levels: &Levels) -> Vec<Diag> {
    let mut found = Vec::new();
    for (index, lint) in levels.running() {
        if let Check::Policy(check) = lint.check {
            run(levels, index, &mut found, |found| check(policy, found));
        }
    }
    let mut diags: Vec<Diag> = Vec::new();
    for diag in found {
        if !diags.iter().any(|known| known.code == diag.code && place(known) == place(&diag)) {
            diags.push(diag);
        }
    }
    secret_literal::hide_in(policy, &mut diags);
    diags
}

/// Runs the lints about the project.
pub fn project(input: &Input<'_>, levels: &Levels) -> Vec<Diag> {
    let mut found = Vec::new();
    for (index, lint) in levels.running() {
        if let Check::Project(check) = lint.check {
            run(levels, index, &mut found, |found| check(input, found));
        }
    }
    found
}

/// Runs the lints about comments, once the others are done with them.
fn comments(comments: &Comments, levels: &Levels) -> Vec<Diag> {
    let mut found = Vec::new();
    for (index, lint) in levels.running() {
        if let Check::Comments(check) = lint.check {
            run(levels, index, &mut found, |found| check(comments, found));
        }
    }
    found
}

fn run(levels: &Levels, index: usize, found: &mut Vec<Diag>, check: impl FnOnce(&mut Vec<Diag>)) {
    let before = found.len();
    check(found);
    levels.apply(index, found.get_mut(before..).unwrap_or_default());
}

fn place(diag: &Diag) -> Option<&Loc> {
    diag.labels.first().map(|label| &label.loc)
}

#[cfg(test)]
mod tests {
    use super::testing::{example, said_by};
    use super::*;

    #[test]
    fn lints_are_sorted_and_described() {
        assert!(LINTS.windows(2).all(|pair| pair[0].name() < pair[1].name()));
        for lint in LINTS {
            let file = lint.name().replace('-', "_");
            let file = format!("{}/src/lint/{file}.rs", env!("CARGO_MANIFEST_DIR"));
            assert!(std::path::Path::new(&file).exists(), "{file}");
            assert!(!lint.doc.is_empty() && lint.page.why.len() > 20, "{}", lint.name());
        }
    }

    #[test]
    fn every_lint_finds_its_bad_example_and_not_its_good_one() {
        for lint in LINTS {
            let found = said_by(lint, &example(lint, lint.page.bad));
            assert!(!found.is_empty(), "{}: nothing is found in\n{}", lint.name(), lint.page.bad);
            let good = said_by(lint, &example(lint, lint.page.good));
            assert_eq!(good, [], "{}:\n{}", lint.name(), lint.page.good);
        }
    }
}
