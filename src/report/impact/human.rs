//! For a terminal.

use super::{Weighed, entries, example, meaning, step, subject, whereabouts, whose};
use crate::report::text::inline;
use crate::report::words;
use crate::verdict::{Direction, PolicyChange, VerdictChange};

pub(super) fn render(weighed: &Weighed<'_>) -> String {
    let impact = weighed.impact;
    let mut out = format!("policies of {} against those of {}\n", inline(&impact.new), inline(&impact.old));
    for direction in Direction::ALL {
        let (changes, verdicts) = weighed.of(direction);
        if changes.is_empty() && verdicts.is_empty() {
            continue;
        }
        out.push_str(&format!(
            "\n{} ({}): {}\n",
            direction.word(),
            entries(changes.len(), verdicts.len()),
            meaning(direction)
        ));
        verdicts.iter().for_each(|change| out.push_str(&judged(change)));
        changes.iter().for_each(|change| out.push_str(&changed(change)));
    }
    out.push_str(&format!("\n{}\n", weighed.compared()));
    weighed.replayed().iter().for_each(|line| out.push_str(&format!("{line}\n")));
    impact.notes.iter().for_each(|note| out.push_str(&format!("note: {}\n", inline(note))));
    out.push_str(&format!("{}\n", weighed.summary()));
    if weighed.exit != 0 {
        out.push_str(&format!("exit {}: {}\n", weighed.exit, inline(&weighed.exit_reason)));
    }
    out
}

fn changed(change: &PolicyChange) -> String {
    let name = whose(change);
    let at = whereabouts(change);
    let at = if at.is_empty() { String::new() } else { format!("  {at}") };
    let mut out =
        format!("  {} [{}]{}\n      {}\n", inline(name), change.kind, inline(&at), inline(&change.what));
    for one in &change.examples {
        out.push_str(&format!("      {}\n", inline(&example(one))));
    }
    out.push_str(&format!(
        "      {}{}\n",
        inline(&change.at),
        if change.gone { " (old version)" } else { "" }
    ));
    if let Some(help) = &change.help {
        out.push_str(&format!("      to do: {}\n", inline(help)));
    }
    out
}

fn judged(change: &VerdictChange) -> String {
    let mut out = format!("  {}  {}: {}\n", step(change), inline(&change.policy), inline(&subject(change)));
    for (when, said) in [("before", &change.said_before), ("now", &change.said_after)] {
        if let Some(said) = said {
            out.push_str(&format!("      {when}: {}\n", inline(said)));
        }
    }
    for operand in &change.operands {
        let origin = words::origin(&operand.origin);
        out.push_str(&format!(
            "      {} = {} ({})\n",
            inline(&operand.text),
            inline(&operand.shown),
            inline(&origin)
        ));
    }
    out.push_str(&format!("      {} (facts of {})\n", inline(&change.at), inline(&change.recording)));
    out
}
