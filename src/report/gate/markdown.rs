//! The page for a ticket.

use super::super::markdown::{code, escape};
use super::super::web::moment;
use super::super::{text, words};
use super::{Compared, GatePage, Line, who};
use crate::fact::Identity;
use crate::verdict::{Finding, Verdict};

/// Findings that are shown.
const FINDINGS: usize = 100;

/// Lines of one comparison that are shown, and names of what stayed behind.
const LINES: usize = 1_000;
const NAMES: usize = 40;

struct Text(String);

impl Text {
    fn line(&mut self, line: &str) {
        self.0.push_str(line);
        self.0.push('\n');
    }

    fn head(&mut self, head: &str) {
        self.0.push_str(&format!("\n### {head}\n\n"));
    }

    fn table(&mut self, head: &[&str]) {
        self.line(&format!("| {} |", head.join(" | ")));
        self.line(&format!("|{}", "---|".repeat(head.len())));
    }

    fn row(&mut self, cells: &[String]) {
        self.line(&format!("| {} |", cells.join(" | ")));
    }
}

pub(super) fn render(page: &GatePage) -> String {
    let (_, decision) = page.decision();
    let mut out = Text(String::new());
    out.line(&format!("## Migration gate: {decision}\n"));
    out.line(&format!("**exit {}:** {}", page.report.exit, escape(&page.report.exit_reason)));
    sides(&mut out, page);
    findings(&mut out, "What differs", &page.findings(&[Verdict::Fail, Verdict::Warn]));
    uncompared(&mut out, page);
    accepted(&mut out, page);
    dropped(&mut out, page);
    compared(&mut out, page);
    checks(&mut out, page);
    timeline(&mut out, page);
    out.head("Signed off");
    out.line("| name | date | signature |\n|---|---|---|\n| | | |");
    out.0
}

fn sides(out: &mut Text, page: &GatePage) {
    out.head("Sides");
    out.table(&["target", "compared with", "who that was", "who it is now"]);
    let told = |one: &Option<Identity>| escape(&who(one.as_ref()));
    for side in &page.sides {
        out.row(&[code(&side.target), code(&side.source), told(&side.then), told(&side.now)]);
    }
    out.line("");
    match &page.snapshot {
        None => out.line("- snapshot: none, both sides were asked"),
        Some(note) => {
            let part =
                if note.complete { "" } else { "; **not everything could be observed when it was taken**" };
            out.line(&format!("- snapshot: {}, taken {}{part}", code(&note.file), moment(&note.taken)));
            out.line(&format!("- digest of the snapshot: `sha256:{}`", note.digest));
        }
    }
    let (from, to) = (moment(&page.report.started), moment(&page.ended));
    out.line(&format!(
        "- judged: {from} to {to} on {} by muster {}",
        code(&page.report.host),
        page.report.muster
    ));
}

fn findings(out: &mut Text, head: &str, found: &[&Finding]) {
    out.head(head);
    if found.is_empty() {
        out.line("Nothing.");
    }
    for finding in found.iter().take(FINDINGS) {
        out.line(&format!(
            "- **{}** {} ({} at {}, owner {}): {}",
            words::headline(finding.verdict, Some(finding.severity)),
            code(&finding.subject.shown),
            code(&finding.policy),
            code(&finding.target),
            escape(&finding.owner),
            escape(&finding.message)
        ));
        let fix = finding.cause.as_ref().and_then(|cause| cause.fix.as_ref());
        fix.into_iter().for_each(|fix| out.line(&format!("  - to see it: {}", code(fix))));
        for step in &finding.remedy {
            let danger = step.danger.as_ref().map(|danger| format!(" **Danger:** {}", escape(danger)));
            let told =
                if step.kind == crate::verdict::StepKind::Do { escape(&step.text) } else { code(&step.text) };
            let step = format!("{} {told}{}", words::step(step.kind), danger.unwrap_or_default());
            out.line(&format!("  - {}", step.trim_start()));
        }
    }
    if found.len() > FINDINGS {
        let more = words::number(words::size(found.len() - FINDINGS));
        out.line(&format!("\n**… and {more} findings more**, in the JSON page and the report of the run."));
    }
}

fn uncompared(out: &mut Text, page: &GatePage) {
    out.head("What could not be judged or compared");
    if page.uncompared.is_empty() {
        return out.line("Nothing.");
    }
    out.table(&["reason", "what", "policy", "target", "why", "to do"]);
    for one in &page.uncompared {
        let subject = if one.subject.is_empty() { "all of it".to_owned() } else { code(&one.subject) };
        let fix = one.fix.as_deref().map(code).unwrap_or_default();
        out.row(&[one.cause.clone(), subject, code(&one.policy), code(&one.target), escape(&one.what), fix]);
    }
}

fn accepted(out: &mut Text, page: &GatePage) {
    out.head("Accepted differences");
    let found = page.findings(&[Verdict::Waived]);
    if found.is_empty() {
        return out.line("None.");
    }
    out.table(&["what", "were it not accepted", "accepted by", "ticket", "until", "reason"]);
    for finding in found {
        let Some(waiver) = &finding.waiver else { continue };
        let what = format!("{}: {}", code(&finding.subject.shown), escape(&finding.message));
        let beneath = finding.beneath.map_or_else(String::new, |verdict| verdict.word().to_owned());
        let told = [&waiver.owner, &waiver.ticket, &waiver.expires, &waiver.reason].map(|told| escape(told));
        out.row(&[vec![what, beneath], told.to_vec()].concat());
    }
}

fn dropped(out: &mut Text, page: &GatePage) {
    out.head("Left behind on purpose");
    if page.dropped.is_empty() {
        return out.line("Nothing.");
    }
    out.table(&["from", "what", "how many", "seen by"]);
    for one in &page.dropped {
        let names = code(&words::listed(&one.names, NAMES));
        out.row(&[code(&one.source), names, words::number(one.count), code(&one.probe)]);
    }
}

fn line(out: &mut Text, one: &Compared, line: &Line) {
    let subject = if line.subject.is_empty() { &*one.target } else { &line.subject };
    let mut digests: Vec<String> = line.digests.iter().flatten().map(|digest| code(digest)).collect();
    digests.dedup();
    let same = line.same.map_or("not known", |same| if same { "yes" } else { "**no**" });
    let cells = [escape(&line.then), escape(&line.now), escape(&line.method), digests.join("<br>")];
    out.row(&[vec![code(subject)], cells.to_vec(), vec![same.to_owned()]].concat());
}

fn compared(out: &mut Text, page: &GatePage) {
    out.head("What was compared");
    if page.compared.is_empty() {
        out.line("Nothing was compared.");
    }
    for one in &page.compared {
        let rows = one.rows.map(|rows| format!(", {}", words::count(rows, "row"))).unwrap_or_default();
        let (subjects, same) = (words::count(one.subjects, "subject"), words::number(one.same));
        out.line(&format!(
            "\n**{}** {} ({}): {} of {} and of {}; {subjects}, {same} the same{rows}\n",
            one.verdict,
            escape(&one.title),
            code(&one.policy),
            code(&one.probe),
            code(&one.source),
            code(&one.target)
        ));
        out.table(&["subject", "was", "is", "method", "digest", "same"]);
        one.lines.iter().take(LINES).for_each(|own| line(out, one, own));
        let left = words::size(one.lines.len().saturating_sub(LINES)) + one.more;
        if left > 0 {
            out.line(&format!("\n… and {} more", words::number(left)));
        }
    }
}

fn checks(out: &mut Text, page: &GatePage) {
    out.head("Every check");
    out.table(&["verdict", "policy", "target", "what must hold", "subjects"]);
    for check in &page.report.checks {
        let note = check.note.as_ref().map(|note| format!(" ({})", escape(note))).unwrap_or_default();
        let looser = check.looser.iter().map(|told| format!("<br>looser than its default: {}", escape(told)));
        out.row(&[
            check.verdict.word().to_owned(),
            code(&check.policy),
            code(&check.target),
            format!("{}{note}{}", escape(&check.title), looser.collect::<String>()),
            words::number(check.rows),
        ]);
    }
    for notice in &page.report.notices {
        out.line(&format!("\n- {}: {}", notice.verdict.word(), escape(&notice.message)));
    }
}

fn timeline(out: &mut Text, page: &GatePage) {
    let timeline = &page.timeline;
    out.head("Timeline");
    match &timeline.wait {
        None => out.line("One round.\n"),
        Some(wait) => out.line(&format!(
            "Waited for {wait} at most, until all checks hold {} times in a row; it ended: {}. The verdict is that of the last round.\n",
            timeline.stable, timeline.end
        )),
    }
    for (check, times) in &timeline.flapped {
        out.line(&format!("- {} passed, and then did not, {}", code(check), words::count(*times, "time")));
    }
    out.line("");
    out.table(&["round", "began", "asked", "kept", "checks that hold"]);
    for (index, round) in timeline.rounds.iter().enumerate() {
        let hold = format!("{} of {}", round.holding, round.checks);
        out.row(&[
            (index + 1).to_string(),
            moment(&round.at),
            round.asked.to_string(),
            round.kept.to_string(),
            hold,
        ]);
    }
    if timeline.rounds.len() > 1 {
        out.line("");
        out.table(&["when", "check", "from", "to", "what was said"]);
        for one in &timeline.changes {
            let check = format!("{} at {}", code(&one.policy), code(&one.target));
            let from = one.from.as_deref().unwrap_or("").to_owned();
            out.row(&[moment(&one.at), check, from, one.to.to_string(), escape(&text::inline(&one.said))]);
        }
    }
}
