//! For a comment of a pull request: what must be seen first at the top, the rest folded away.

use super::{Weighed, entries, example, meaning, step, subject, whereabouts, whose};
use crate::report::text::inline;
use crate::report::words;
use crate::verdict::{Direction, PolicyChange, VerdictChange};

/// So long may a comment be on GitHub, which refuses more than 65,536 characters.
const MOST: usize = 60_000;

pub(super) fn render(weighed: &Weighed<'_>) -> String {
    let impact = weighed.impact;
    let mut out = format!(
        "## Policies: {}\n\nFrom {} to {}: {}.\n",
        weighed.summary(),
        plain(&impact.old),
        plain(&impact.new),
        weighed.compared()
    );
    for direction in Direction::ALL {
        let (changes, verdicts) = weighed.of(direction);
        if changes.is_empty() && verdicts.is_empty() {
            continue;
        }
        let many = entries(changes.len(), verdicts.len());
        let folded = matches!(direction, Direction::Stricter | Direction::Same | Direction::Text);
        let title = format!("{} ({many}): {}", direction.word(), meaning(direction));
        out.push_str(&if folded {
            format!("\n<details><summary>{title}</summary>\n\n")
        } else {
            format!("\n### {title}\n\n")
        });
        let lines =
            verdicts.iter().map(|change| judged(change)).chain(changes.iter().map(|change| changed(change)));
        for (number, line) in lines.enumerate() {
            if out.len() + line.len() > MOST {
                out.push_str(&format!(
                    "- … and {} more, which `muster diff` shows\n",
                    many.saturating_sub(words::size(number))
                ));
                break;
            }
            out.push_str(&line);
        }
        if folded {
            out.push_str("\n</details>\n");
        }
    }
    let replayed = weighed.replayed();
    let notes = replayed.iter().chain(&impact.notes).map(|note| format!("- {}\n", plain(note)));
    let notes: String = notes.collect();
    if !notes.is_empty() {
        out.push_str(&format!("\n{notes}"));
    }
    if weighed.exit != 0 {
        out.push_str(&format!("\n**Exit {}**: {}\n", weighed.exit, plain(&weighed.exit_reason)));
    }
    out
}

/// A text in which nothing is Markdown, HTML or a mention.
fn plain(text: &str) -> String {
    let text = inline(text).replace('\\', "\\\\");
    ["|", "`", "*", "_", "<", "[", "@", "#"]
        .iter()
        .fold(text, |text, sign| text.replace(sign, &format!("\\{sign}")))
}

fn changed(change: &PolicyChange) -> String {
    let name = whose(change);
    let at = whereabouts(change);
    let at = if at.is_empty() { String::new() } else { format!(" {}", plain(&at)) };
    let old = if change.gone { " (old version)" } else { "" };
    let mut out = format!(
        "- **{}**{at} ({}): {} — {}{old}\n",
        plain(name),
        change.kind,
        plain(&change.what),
        plain(&change.at)
    );
    for one in &change.examples {
        out.push_str(&format!("  - {}\n", plain(&example(one))));
    }
    if let Some(help) = &change.help {
        out.push_str(&format!("  - to do: {}\n", plain(help)));
    }
    out
}

fn judged(change: &VerdictChange) -> String {
    let mut out = format!(
        "- **{}** {}: {} — {}, facts of {}\n",
        step(change),
        plain(&change.policy),
        plain(&subject(change)),
        plain(&change.at),
        plain(&change.recording)
    );
    for (when, said) in [("before", &change.said_before), ("now", &change.said_after)] {
        if let Some(said) = said {
            out.push_str(&format!("  - {when}: {}\n", plain(said)));
        }
    }
    let operands: Vec<String> = change
        .operands
        .iter()
        .map(|operand| {
            format!(
                "{} = {} ({})",
                plain(&operand.text),
                plain(&operand.shown),
                plain(&words::origin(&operand.origin))
            )
        })
        .collect();
    if !operands.is_empty() {
        out.push_str(&format!("  - {}\n", operands.join(", ")));
    }
    out
}
