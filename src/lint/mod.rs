//! Lints: what loads and is wrong nevertheless. One file for each; no network, no clock.
//!
//! A lint about one policy sees only that policy, so that `check` can run it at load: what it calls an error
//! stops the run, because such a policy would pass what it should not. A lint about the project also sees the
//! project file and today's date.

mod alert_route;
mod constant_condition;
mod holidays_used_up;
mod inverted_rungs;
mod repeated_rung;
mod slow_page;
#[cfg(test)]
mod testing;
mod unused_param;
mod waiver_date;
mod waiver_reason;
mod waiver_wide;

use std::sync::Arc;

use crate::diag::Diag;
use crate::policy::{Policy, Project};

pub use waiver_date::too_far;

/// What a lint looks at.
pub enum Check {
    /// One policy.
    Policy(fn(&Policy, &mut Vec<Diag>)),
    /// The project with all policies.
    Project(fn(&Input<'_>, &mut Vec<Diag>)),
}

/// One lint.
pub struct Lint {
    /// Its name: that of its file, and the defect.
    pub name: &'static str,
    /// One sentence.
    pub doc: &'static str,
    /// What it does.
    pub check: Check,
}

/// Everything that a lint about the project may see.
pub struct Input<'a> {
    /// Policies without an error.
    pub policies: &'a [Arc<Policy>],
    /// The project; a default one without a file.
    pub project: &'a Project,
    /// Today, in days since 1970.
    pub today: i64,
}

/// All lints, sorted by name.
pub static LINTS: &[Lint] = &[
    alert_route::LINT,
    constant_condition::LINT,
    holidays_used_up::LINT,
    inverted_rungs::LINT,
    repeated_rung::LINT,
    slow_page::LINT,
    unused_param::LINT,
    waiver_date::LINT,
    waiver_reason::LINT,
    waiver_wide::LINT,
];

/// Runs the lints about one policy. Two that say the same of one place say it once.
pub fn policy(policy: &Policy) -> Vec<Diag> {
    let mut found = Vec::new();
    for lint in LINTS {
        if let Check::Policy(check) = lint.check {
            check(policy, &mut found);
        }
    }
    let mut diags: Vec<Diag> = Vec::new();
    for diag in found {
        if !diags.iter().any(|known| known.code == diag.code && place(known) == place(&diag)) {
            diags.push(diag);
        }
    }
    diags
}

/// Runs the lints about the project.
pub fn project(input: &Input<'_>) -> Vec<Diag> {
    let mut diags = Vec::new();
    for lint in LINTS {
        if let Check::Project(check) = lint.check {
            check(input, &mut diags);
        }
    }
    diags
}

fn place(diag: &Diag) -> Option<&crate::source::Loc> {
    diag.labels.first().map(|label| &label.loc)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lints_are_sorted_and_described() {
        assert!(LINTS.windows(2).all(|pair| pair[0].name < pair[1].name));
        for lint in LINTS {
            assert!(lint.name.chars().all(|c| c.is_ascii_lowercase() || c == '-'), "{}", lint.name);
            let file = format!("{}/src/lint/{}.rs", env!("CARGO_MANIFEST_DIR"), lint.name.replace('-', "_"));
            assert!(std::path::Path::new(&file).exists(), "{file}");
            assert!(!lint.doc.is_empty());
        }
    }
}
