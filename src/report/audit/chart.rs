//! Verdicts per day as stacked bars. A day on which nothing was judged is hatched over its whole height: never a bar of
//! height zero, which would say that all is well.

use super::super::text::put;
use super::super::web::escape_into;
use super::super::words::{count, number, size};
use crate::audit::{Audit, Day};
use crate::verdict::{Counts, Verdict};

/// From the axis up: what must be seen lies at the bottom, where all bars begin.
const STACK: [Verdict; 6] =
    [Verdict::Fail, Verdict::Unknown, Verdict::Warn, Verdict::Waived, Verdict::Skipped, Verdict::Pass];
const NOT_GOOD: [Verdict; 4] = [Verdict::Fail, Verdict::Unknown, Verdict::Warn, Verdict::Waived];

/// Sizes in tenths of a unit of the drawing, so that no fraction is needed.
const LEFT: u64 = 560;
const TOP: u64 = 240;
const WIDE: u64 = 7_300;
const HIGH: u64 = 1_400;
/// Labels of days need so much room.
const LABEL: u64 = 560;

/// All checks, and those that do not pass on a scale of their own: three of two hundred are not seen otherwise.
pub(super) fn both(audit: &Audit) -> String {
    if audit.days.is_empty() {
        return "<p class=\"empty\">The period has no day yet.</p>\n".to_owned();
    }
    let mut out = String::new();
    legend(&mut out);
    chart(&mut out, "all", "All checks, by their last verdict of each day", &audit.days, &STACK);
    chart(&mut out, "not", "Only those that do not pass", &audit.days, &NOT_GOOD);
    out
}

fn legend(out: &mut String) {
    out.push_str("<ul class=\"legend\">");
    for verdict in STACK {
        let word = verdict.word();
        put(
            out,
            format_args!(
                "<li><svg viewBox=\"0 0 9 9\" aria-hidden=\"true\"><rect width=\"9\" height=\"9\" class=\"fill-{word}\"/></svg>{word}</li>"
            ),
        );
    }
    out.push_str("<li><svg viewBox=\"0 0 9 9\" aria-hidden=\"true\"><path class=\"hatch\" fill=\"none\" d=\"M0 0H9V9H0ZM0 9L9 0M0 4.5L4.5 0M4.5 9L9 4.5\"/></svg>nothing was judged</li></ul>\n");
}

/// `123` tenths as `12.3`.
fn unit(tenths: u64) -> String {
    format!("{}.{}", tenths / 10, tenths % 10)
}

/// What of a day is shown; none if nothing was judged on it.
pub(super) fn judged(day: &Day) -> Option<&Counts> {
    day.checks.as_ref().filter(|counts| counts.total() > counts.skipped)
}

/// The step between the lines of the scale, 1, 2, 5, 10, 20 …: at most five of them, so that numbers are read easily.
fn step(most: u64) -> u64 {
    let mut ten: u64 = 1;
    loop {
        let steps = [1, 2, 5].map(|step| ten.saturating_mul(step));
        if let Some(step) = steps.into_iter().find(|step| step.saturating_mul(5) >= most) {
            return step;
        }
        ten = ten.saturating_mul(10);
    }
}

fn sum(counts: &Counts, stack: &[Verdict]) -> u64 {
    stack.iter().map(|verdict| counts.of(*verdict)).sum()
}

fn chart(out: &mut String, id: &str, title: &str, days: &[Day], stack: &[Verdict]) {
    let most = days.iter().filter_map(judged).map(|counts| sum(counts, stack)).max().unwrap_or(0);
    let step = step(most);
    let top = most.max(1).div_ceil(step).saturating_mul(step);
    put(out, format_args!("<figure><figcaption id=\"chart-{id}\">{title}</figcaption>\n"));
    put(
        out,
        format_args!("<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-labelledby=\"chart-{id}\">"),
    );
    let (width, height) = (unit(LEFT + WIDE + 100), unit(TOP + HIGH + 480));
    put(
        out,
        format_args!(
            "<svg viewBox=\"0 0 {width} {height}\" role=\"img\" aria-labelledby=\"{id}-title {id}-desc\">\n<title id=\"{id}-title\">{title}</title>\n<desc id=\"{id}-desc\">"
        ),
    );
    escape_into(out, &told(days, stack));
    put(
        out,
        format_args!(
            "</desc>\n<defs><pattern id=\"hatch-{id}\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\" patternTransform=\"rotate(45)\"><line class=\"hatch\" x1=\"0\" y1=\"0\" x2=\"0\" y2=\"6\" stroke-width=\"1.6\"/></pattern></defs>\n"
        ),
    );
    scale(out, step, top);
    for (place, day) in days.iter().enumerate() {
        bar(out, id, slot(place, days.len()), day, stack, top);
    }
    silences(out, days);
    labels(out, days);
    put(
        out,
        format_args!(
            "<line class=\"axis\" x1=\"{0}\" y1=\"{1}\" x2=\"{2}\" y2=\"{1}\"/>\n</svg></div></figure>\n",
            unit(LEFT),
            unit(TOP + HIGH),
            unit(LEFT + WIDE)
        ),
    );
}

/// Where a day begins, and how wide it is.
fn slot(place: usize, days: usize) -> (u64, u64) {
    let days = size(days).max(1);
    let from = size(place) * WIDE / days;
    (LEFT + from, (size(place) + 1) * WIDE / days - from)
}

fn scale(out: &mut String, step: u64, top: u64) {
    for line in 0..=top / step {
        let step = line * step;
        let y = TOP + HIGH - step * HIGH / top;
        put(
            out,
            format_args!(
                "<line class=\"grid\" x1=\"{}\" y1=\"{2}\" x2=\"{}\" y2=\"{2}\"/>",
                unit(LEFT),
                unit(LEFT + WIDE),
                unit(y)
            ),
        );
        put(
            out,
            format_args!(
                "<text x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text>\n",
                unit(LEFT - 60),
                unit(y + 40),
                number(step)
            ),
        );
    }
    put(
        out,
        format_args!(
            "<text x=\"0\" y=\"12\">checks</text><text x=\"{}\" y=\"{}\" text-anchor=\"end\">day, UTC</text>\n",
            unit(LEFT + WIDE),
            unit(TOP + HIGH + 400)
        ),
    );
}

fn bar(out: &mut String, id: &str, (from, wide): (u64, u64), day: &Day, stack: &[Verdict], top: u64) {
    // A thin line of paper between the days, and no beam if there are few of them.
    let body = (wide - (wide / 6).min(20)).min(600);
    let x = from + (wide - body) / 2;
    let Some(counts) = judged(day) else {
        out.push_str("<g class=\"day silent\"><title>");
        escape_into(out, &spoken(day, stack));
        put(
            out,
            format_args!(
                "</title><rect class=\"gap\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"url(#hatch-{id})\"/></g>\n",
                unit(from),
                unit(TOP),
                unit(wide),
                unit(HIGH)
            ),
        );
        return;
    };
    out.push_str("<g class=\"day\"><title>");
    escape_into(out, &spoken(day, stack));
    out.push_str("</title>");
    let mut below = 0;
    for verdict in stack {
        let many = counts.of(*verdict);
        if many == 0 {
            continue;
        }
        let (low, high) = (below * HIGH / top, (below + many) * HIGH / top);
        // What is there is seen, however little it is.
        let height = (high - low).max(8);
        put(
            out,
            format_args!(
                "<rect class=\"fill-{}\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"/>",
                verdict.word(),
                unit(x),
                unit((TOP + HIGH - low).saturating_sub(height)),
                unit(body),
                unit(height)
            ),
        );
        below += many;
    }
    out.push_str("</g>\n");
}

/// A word over each time of silence that has room for it.
fn silences(out: &mut String, days: &[Day]) {
    let mut place = 0;
    while place < days.len() {
        let silent = days.iter().skip(place).take_while(|day| judged(day).is_none()).count();
        if silent > 0 {
            let (from, _) = slot(place, days.len());
            let (last, wide) = slot(place + silent - 1, days.len());
            let middle = u64::midpoint(from, last + wide);
            let told = if silent == 1 { "1".to_owned() } else { count(size(silent), "day") };
            if last + wide - from >= 700 {
                put(
                    out,
                    format_args!(
                        "<text class=\"nothing\" x=\"{0}\" y=\"{1}\" text-anchor=\"middle\">{told}</text><text class=\"nothing\" x=\"{0}\" y=\"{2}\" text-anchor=\"middle\">not judged</text>\n",
                        unit(middle),
                        unit(TOP + HIGH / 2 - 30),
                        unit(TOP + HIGH / 2 + 110)
                    ),
                );
            }
        }
        place += silent + 1;
    }
}

/// As many days as have room, the first one always.
fn labels(out: &mut String, days: &[Day]) {
    let step = (size(days.len()) * LABEL).div_ceil(WIDE).max(1);
    for (place, day) in days.iter().enumerate().filter(|(place, _)| size(*place).is_multiple_of(step)) {
        let (from, wide) = slot(place, days.len());
        let middle = unit(from + wide / 2);
        let short = day.day.split_once('-').map_or(day.day.as_str(), |(_, short)| short);
        put(
            out,
            format_args!(
                "<line class=\"axis\" x1=\"{middle}\" y1=\"{}\" x2=\"{middle}\" y2=\"{}\"/><text x=\"{middle}\" y=\"{}\" text-anchor=\"middle\">",
                unit(TOP + HIGH),
                unit(TOP + HIGH + 50),
                unit(TOP + HIGH + 190)
            ),
        );
        escape_into(out, short);
        out.push_str("</text>\n");
    }
}

fn listed(counts: &Counts, stack: &[Verdict]) -> String {
    let all: Vec<String> = stack
        .iter()
        .filter(|verdict| counts.of(**verdict) > 0)
        .map(|verdict| format!("{} {}", number(counts.of(*verdict)), verdict.word()))
        .collect();
    if all.is_empty() { "none".to_owned() } else { all.join(", ") }
}

fn spoken(day: &Day, stack: &[Verdict]) -> String {
    match (judged(day), day.runs) {
        (Some(counts), runs) => format!("{}: {}; {}", day.day, listed(counts, stack), count(runs, "run")),
        (None, 0) => format!("{}: no run", day.day),
        (None, runs) => format!("{}: nothing judged in {}", day.day, count(runs, "run")),
    }
}

/// The chart in words.
fn told(days: &[Day], stack: &[Verdict]) -> String {
    let (first, last) = (days.first().map_or("", |day| &day.day), days.last().map_or("", |day| &day.day));
    let silent: Vec<&str> =
        days.iter().filter(|day| judged(day).is_none()).map(|day| day.day.as_str()).collect();
    let silence = match silent.len() {
        0 => "Something was judged on every day.".to_owned(),
        many => format!(
            "On {} nothing was judged: {}.",
            count(size(many), "day"),
            super::super::words::listed(&silent, 31)
        ),
    };
    let worst = days
        .iter()
        .filter_map(|day| Some((judged(day)?, day)))
        .max_by_key(|(counts, _)| (counts.fail, counts.unknown, counts.warn))
        .map(|(counts, day)| format!(" The worst day was {}: {}.", day.day, listed(counts, stack)));
    format!(
        "{} from {first} to {last}. {silence}{}",
        count(size(days.len()), "day"),
        worst.unwrap_or_default()
    )
}
