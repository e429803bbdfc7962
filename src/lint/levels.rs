//! The level of each lint in a project.
//!
//! A lint that is an error by default stands for a policy that passes what it should not, or alerts nobody. A
//! project may lower it to a warning, which `check` then says at every run; it cannot be switched off. Where one
//! finding of it is wrong, a comment at its place says why (see [`super::comments`]).

use super::{Category, LINTS, Lint, WARNING};
use crate::diag::{Code, Diag, Level, code, did_you_mean};
use crate::policy::LintSettings;
use crate::policy::project::LintLevel;

/// Lints whose findings end every run, so that no level and no comment makes them less: whom a failure reaches, and what is
/// judged at all, is settled before anything is observed.
const FIXED: &[&Code] = &[
    &code::EMPTY_ENVIRONMENT,
    &code::OWNERLESS_ALERT,
    &code::UNKNOWN_OWNER,
    &code::UNMATCHED_TARGET,
    &code::WAIVER_FAR,
];

/// Is a lint an error whatever a project says?
pub fn is_fixed(lint: &Lint) -> bool {
    FIXED.contains(&lint.code)
}

/// The levels that a project sets, by position in [`LINTS`]; without a project none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Levels {
    set: Vec<Set>,
    /// Does a rule of the house say of itself that it is an error?
    loud_rules: bool,
}

/// What a project says of one lint.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Set {
    /// Nothing.
    #[default]
    Nothing,
    /// This level.
    Level(Option<Level>),
}

impl Levels {
    /// Those of the settings of a project, and what is wrong with them. An entry that names a lint goes before one
    /// that names its category.
    pub fn of(settings: &LintSettings) -> (Self, Vec<Diag>) {
        let loud_rules = settings.rules.iter().any(|rule| rule.level == Some(Level::Error));
        let mut levels = Self { set: vec![Set::Nothing; LINTS.len()], loud_rules };
        let mut diags = Vec::new();
        let (of_lints, of_others): (Vec<_>, Vec<_>) =
            settings.levels.iter().partition(|entry| super::find(&entry.name).is_some());
        for entry in of_others {
            match Category::ALL.into_iter().find(|category| category.word() == &*entry.name) {
                Some(category) => levels.set_all(entry, |lint| lint.category == category, &mut diags),
                None => diags.push(unknown(entry)),
            }
        }
        for entry in of_lints {
            levels.set_all(entry, |lint| lint.name() == &*entry.name, &mut diags);
        }
        (levels, diags)
    }

    fn set_all(&mut self, entry: &LintLevel, meant: impl Fn(&Lint) -> bool, diags: &mut Vec<Diag>) {
        let mut kept = Vec::new();
        for (lint, set) in LINTS.iter().zip(&mut self.set).filter(|(lint, _)| meant(lint)) {
            if is_fixed(lint) && entry.level != super::ERROR {
                // Of a category that is made quieter these stay.
                if &*entry.name == lint.name() {
                    diags.push(unchangeable(entry));
                } else if entry.level.is_none() {
                    kept.push(lint.name());
                }
                continue;
            }
            let by_rule = lint.code == &code::HOUSE_RULE && self.loud_rules;
            if entry.level.is_none() && (lint.level == super::ERROR || by_rule) {
                // Of a category that is switched off the rules of the house that are errors stay.
                if !by_rule || &*entry.name == lint.name() {
                    kept.push(lint.name());
                }
            } else {
                *set = Set::Level(entry.level);
            }
        }
        if !kept.is_empty() {
            diags.push(kept_on(entry, &kept));
        }
    }

    /// The level of the lint at this position: of everything that it says if the project sets one.
    pub fn at(&self, index: usize) -> Option<Level> {
        match self.set.get(index) {
            Some(Set::Level(level)) => *level,
            Some(Set::Nothing) | None => LINTS.get(index).and_then(|lint| lint.level),
        }
    }

    /// Those of a run, which is no review: only lints that can stop it, and those that a project made quieter than they
    /// are by themselves. To tell what everybody can read with `muster lint` at every run would drown what a run found.
    pub fn of_a_run(mut self) -> Self {
        self.set.resize(LINTS.len(), Set::Nothing);
        for (lint, set) in LINTS.iter().zip(&mut self.set) {
            let by_rule = lint.code == &code::HOUSE_RULE && self.loud_rules;
            let stops = lint.level == super::ERROR || *set == Set::Level(super::ERROR) || by_rule;
            if !stops {
                *set = Set::Level(super::OFF);
            }
        }
        self
    }

    /// The level of a lint.
    pub fn level(&self, lint: &Lint) -> Option<Level> {
        LINTS.iter().position(|known| known.code == lint.code).and_then(|index| self.at(index))
    }

    /// Lints that run, with their positions.
    pub(super) fn running(&self) -> impl Iterator<Item = (usize, &'static Lint)> {
        LINTS.iter().enumerate().filter(|(index, _)| self.at(*index).is_some())
    }

    /// Gives what a lint said the level that the project wants.
    pub(super) fn apply(&self, index: usize, diags: &mut [Diag]) {
        // Where nothing is set, what a lint says keeps the level that it has there: some parts are less bad.
        let Some(Set::Level(Some(level))) = self.set.get(index).copied() else { return };
        // What was said louder than the lint is by itself, was so by the level of its own rule.
        let own = LINTS.get(index).and_then(|lint| lint.level);
        let by_rule = |diag: &&mut Diag| own.is_some_and(|own| diag.level > own);
        diags.iter_mut().filter(|diag| !by_rule(diag)).for_each(|diag| diag.level = level);
    }
}

/// What to do about lints that cannot be switched off: nothing that is refused as well.
fn kept_on(entry: &LintLevel, kept: &[&str]) -> Diag {
    let message = format!("`{}` cannot be switched off", kept.join("`, `"));
    let help = match kept.iter().find(|name| super::find(name).is_some_and(|lint| !is_fixed(lint))) {
        Some(first) => format!(
            "what it finds would pass or alert nobody: write `warning`, or say at the place why it is fine: `# muster: allow {first} -- reason`"
        ),
        None => MEND.to_owned(),
    };
    Diag::error(&code::BAD_VALUE, message).at(&entry.loc, "").help(help)
}

/// What to do about a lint that is always an error.
const MEND: &str =
    "remove this level, and mend what it finds; `docs/lints.md` says which lints are always errors";

fn unchangeable(entry: &LintLevel) -> Diag {
    let message = format!("`{}` cannot be lowered: no run begins while it finds something", entry.name);
    Diag::error(&code::BAD_VALUE, message).at(&entry.loc, "").help(MEND)
}

fn unknown(entry: &LintLevel) -> Diag {
    let words = || LINTS.iter().map(Lint::name).chain(Category::ALL.map(Category::word));
    let help = did_you_mean(&entry.name, words()).unwrap_or_else(|| {
        "`muster list lints` shows all; a category such as `style` sets all of its lints".into()
    });
    Diag::error(&code::UNKNOWN_NAME, format!("there is no lint `{}`", entry.name))
        .at(&entry.loc, "")
        .help(help)
}

/// The word of a level, in project files and docs.
pub fn word(level: Option<Level>) -> &'static str {
    match level {
        super::ERROR => "error",
        WARNING => "warning",
        super::OFF => "off",
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::project_of;
    use super::*;

    fn levels(lines: &str) -> (Levels, Vec<Diag>) {
        Levels::of(&project_of(&format!("lints: {{ levels: {{ {lines} }} }}")).lints)
    }

    fn level(lines: &str, name: &str) -> &'static str {
        let (levels, diags) = levels(lines);
        assert_eq!(diags, []);
        word(levels.level(super::super::find(name).unwrap()))
    }

    #[test]
    fn a_lint_goes_before_its_category() {
        assert_eq!(level("waivers: warning, waiver-soon: error", "waiver-soon"), "error");
        assert_eq!(level("slow-page: off", "slow-page"), "off");
        assert_eq!(level("slow-page: off", "unused-param"), "warning");
        assert_eq!(level("inverted-rungs: warning", "inverted-rungs"), "warning");
    }

    #[test]
    fn what_stands_for_a_false_green_cannot_be_switched_off() {
        for lines in ["inverted-rungs: off", "bugs: off", "waivers: off"] {
            let (levels, diags) = levels(lines);
            assert!(diags[0].message.ends_with("cannot be switched off"), "{diags:?}");
            assert_eq!(word(levels.level(super::super::find("inverted-rungs").unwrap())), "error");
        }
    }

    #[test]
    fn what_ends_every_run_cannot_be_lowered() {
        for lint in LINTS.iter().filter(|lint| is_fixed(lint)) {
            let (levels, diags) = levels(&format!("{}: warning", lint.name()));
            assert!(diags[0].message.contains("cannot be lowered"), "{diags:?}");
            assert_eq!(word(levels.level(lint)), "error");
        }
        assert!(is_fixed(super::super::find("empty-environment").unwrap()));
        assert_eq!(level("alerting: warning", "unknown-owner"), "error");
        assert_eq!(level("bugs: warning", "inverted-rungs"), "warning");
    }

    #[test]
    fn nobody_is_told_to_write_what_is_refused() {
        for lint in LINTS.iter().filter(|lint| is_fixed(lint)) {
            let (levels, diags) = levels(&format!("{}: off", lint.name()));
            let help = diags[0].help.as_deref().unwrap();
            assert!(!help.contains("allow") && !help.contains("write `warning`"), "{help}");
            assert_eq!(word(levels.level(lint)), "error");
        }
        let (_, diags) = levels("alerting: off");
        let help = diags[0].help.as_deref().unwrap();
        assert!(
            LINTS.iter().all(|lint| !is_fixed(lint) || !help.contains(&format!("allow {}", lint.name())))
        );
    }

    #[test]
    fn a_misspelt_lint_is_told() {
        let (_, diags) = levels("slow-pge: error");
        assert_eq!(diags[0].help.as_deref(), Some("did you mean `slow-page`?"));
    }
}
