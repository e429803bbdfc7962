//! Two versions of the policies.

use crate::cli::exit;
use crate::cli::output::Done;
use crate::cli::places;
use crate::impact;
use crate::report::Format;
use crate::report::impact::Weighed;
use crate::verdict::{Direction, Impact};

use super::name::Version;
use super::side::Loaded;
use super::{Arguments, FailOn, publish, replay};

pub(super) fn diff(arguments: &Arguments, before: &Version, after: &Version) -> Done {
    let after_name = arguments.after.as_deref().unwrap_or(".");
    let versions = [(before, arguments.before.as_str()), (after, after_name)];
    let [old, new] = Loaded::both(versions, arguments.project.as_ref())?;
    let mut impact = impact::compare(&old.side(), &new.side());
    if !arguments.facts.is_empty() {
        replay::judge(&arguments.facts, &old, &new, &mut impact)?;
    }
    name_files(&mut impact, &old, &new);
    let (exit, exit_reason) = weigh(&impact, &arguments.fail_on);
    let (seen, mut reviewed) = (new.seen()?, impact.clone());
    places::of_impact(&mut reviewed, &seen.as_named_here());
    // Formats that there are not were refused with the arguments.
    publish(&arguments.format, |format| {
        let impact = if matches!(format, Format::Review(_)) { &reviewed } else { &impact };
        let (exit_reason, home) = (exit_reason.clone(), seen.project());
        Weighed { impact, exit, exit_reason, home }.render(format).unwrap_or_default()
    })?;
    Ok(exit)
}

/// Every place as the user calls it.
fn name_files(impact: &mut Impact, old: &Loaded, new: &Loaded) {
    for change in &mut impact.changes {
        let side = if change.gone { old } else { new };
        change.at = side.shown(&change.at);
        change.what = new.shown(&old.shown(&change.what));
    }
    for verdict in &mut impact.verdicts {
        verdict.at = new.shown(&old.shown(&verdict.at));
        for operand in &mut verdict.operands {
            if let crate::verdict::Origin::Param { at, .. } = &mut operand.origin {
                *at = new.shown(&old.shown(at));
            }
        }
    }
}

/// The exit code: wrong input first, then what was asked to be failed on, then what could not be told.
fn weigh(impact: &Impact, fail_on: &[FailOn]) -> (u8, String) {
    let broken = impact.count(Direction::Broken);
    if broken > 0 {
        let s = if broken == 1 { "" } else { "s" };
        return (
            exit::INPUT,
            format!("{broken} fault{s} of the new version keep it from being judged as a whole"),
        );
    }
    let of = |direction| impact.count(direction);
    let (looser, unclear, stricter) =
        (of(Direction::Looser), of(Direction::NotComparable), of(Direction::Stricter));
    for what in fail_on {
        let (many, words) = match what {
            FailOn::Looser => (looser, "looser"),
            FailOn::Removed => (impact.removed(), "removed or renamed"),
            FailOn::Changed => (looser + unclear + stricter, "changed"),
        };
        if many > 0 {
            return (exit::FINDINGS, format!("{many} {words}, and `--fail-on` names it"));
        }
    }
    if fail_on.contains(&FailOn::Looser) && unclear > 0 {
        return (exit::UNKNOWN, format!("nothing is looser, and {unclear} not comparable"));
    }
    (exit::GOOD, "nothing that `--fail-on` names".to_owned())
}
