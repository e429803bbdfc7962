//! The tables of an audit in the order in which they are read.

use super::super::sheet::{Cell, Row, Sheet, at};
use super::super::words::{count, number, size};
use super::Kind;
use super::beneath;
use super::controls::{attestations, controls};
use super::findings;
use super::glance::{is_new, nothing_judged};
use super::population;
use super::runs;
use crate::audit::{Audit, Exception, Pattern, PatternKind, PolicyMoved};

/// Findings that got worse; ten thousand are no news.
const WORST: usize = 100;

/// What got worse beneath one exception; all of it is in the table below.
const WORSE: usize = 5;

/// A part of the page.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Section {
    /// By which the page is asked for it.
    pub(super) id: &'static str,
    /// Its title.
    pub(super) title: String,
    /// What has to be said before its tables.
    pub(super) notes: Vec<String>,
    /// Its tables.
    pub(super) sheets: Vec<Sheet>,
}

/// All sections. The quarter asks first what was not judged, the week what got worse.
pub(super) fn sections(audit: &Audit, kind: Kind) -> Vec<Section> {
    let open = findings::open(audit);
    let order = match kind {
        Kind::Quarterly => vec![
            population::missed(audit),
            open,
            exceptions(audit),
            controls(audit),
            attestations(audit),
            patterns(audit),
            changes(audit),
            outlook(audit),
        ],
        Kind::Weekly => vec![
            worse(audit),
            outlook(audit),
            open,
            population::missed(audit),
            exceptions(audit),
            attestations(audit),
            changes(audit),
            patterns(audit),
            controls(audit),
        ],
    };
    let mut all = order;
    all.push(runs::runs(audit));
    all.push(population::days(audit));
    all.push(evidence(audit));
    all
}

pub(super) fn section(id: &'static str, title: &str, notes: Vec<String>, sheets: Vec<Sheet>) -> Section {
    Section { id, title: title.to_owned(), notes, sheets }
}

fn worse(audit: &Audit) -> Section {
    let new: Vec<_> = audit.findings.iter().filter(|finding| is_new(finding)).collect();
    let empty = if nothing_judged(audit) {
        "Nothing was judged in this time, so nobody can say what got worse."
    } else {
        "No finding that is open now began or came back in this time."
    };
    let sheet = findings::sheet("Findings that began or came back, and are open", &new, audit, empty);
    let all = sheet.rows.len();
    // The table of all findings has the ids, and those that are left out.
    let rows: Vec<Row> = sheet.rows.into_iter().take(WORST).map(|row| Row { id: None, ..row }).collect();
    let cut = (all > rows.len()).then(|| {
        format!(
            "{} began or came back; the worst {} are here, and all are among the findings.",
            count(size(all), "finding"),
            number(size(rows.len()))
        )
    });
    section("worse", "What got worse", cut.into_iter().collect(), vec![Sheet { rows, ..sheet }])
}

fn exceptions(audit: &Audit) -> Section {
    let rows = audit.exceptions.iter().map(|one| exception(one).into()).collect();
    let sheet = Sheet {
        caption: "Waivers, loosened overrides, suppressed lints and probes that leave something behind",
        heads: &["kind", "policy and scope", "what and why", "owner", "ticket", "expires", "in force", "hid", "what got worse beneath"],
        key: 1,
        rows,
        empty: "Nothing was allowed: no waiver, loosened override, suppressed lint or scratch effect is known of this time."
            .to_owned(),
        folded: false,
    };
    let worse = audit.exceptions.iter().filter(|one| !one.worse.is_empty()).count();
    let notes = (!audit.exceptions.is_empty()).then(|| {
        format!(
            "{}; beneath {} something got worse while it was hidden.",
            count(size(audit.exceptions.len()), "exception"),
            if worse == 0 { "none of them".to_owned() } else { format!("{} of them", number(size(worse))) }
        )
    });
    let sheets = [Some(sheet), beneath::sheet(audit)].into_iter().flatten().collect();
    section("exceptions", "Exceptions", notes.into_iter().collect(), sheets)
}

fn exception(one: &Exception) -> Vec<Cell> {
    let missing = |told: &str, word: &str| match told {
        "" => Cell::Badge("fail", word.to_owned()),
        told => Cell::text(told),
    };
    let force = format!("{} to {}", at(one.from), if one.open { "now".to_owned() } else { at(one.to) });
    let scope =
        if one.allowed.scope.is_empty() { "everywhere".to_owned() } else { one.allowed.scope.clone() };
    let mut hid = vec![Cell::Text(count(one.hidden, "judgement"))];
    hid.extend(one.hid.iter().take(20).map(|id| Cell::Finding(id.to_string())));
    if one.hid.len() > 20 {
        hid.push(Cell::Text(format!("… and {} more findings", number(size(one.hid.len() - 20)))));
    }
    let worse: Vec<Cell> = one.worse.iter().take(WORSE).map(|told| Cell::text(told)).collect();
    let what =
        if one.allowed.what.is_empty() { one.allowed.reason.clone() } else { one.allowed.what.clone() };
    vec![
        Cell::text(one.allowed.kind.word()),
        Cell::Under(Box::new(Cell::name(&one.allowed.policy)), scope),
        match one.allowed.reason.as_str() {
            "" => Cell::List(vec![Cell::text(&what), Cell::Badge("fail", "no reason".to_owned())]),
            reason if reason == what => Cell::text(reason),
            reason => Cell::Under(Box::new(Cell::text(&what)), reason.to_owned()),
        },
        missing(&one.allowed.owner, "no owner"),
        if one.allowed.ticket.is_empty() { Cell::Nothing } else { Cell::Link(one.allowed.ticket.clone()) },
        missing(&one.allowed.expires, "never"),
        Cell::Text(force),
        if one.hidden == 0 && one.hid.is_empty() { Cell::Nothing } else { Cell::List(hid) },
        Cell::list(worse),
    ]
}

fn pattern(one: &Pattern) -> (&'static str, &'static str, String) {
    let of = |what: &str| format!("{} of {}", number(one.count), count(one.judged, what));
    match one.kind {
        PatternKind::AlwaysFails => ("fail", "always fails", of("judgement")),
        PatternKind::NeverRead => ("unknown", "was never read", of("judgement")),
        PatternKind::AlwaysSkipped => ("skipped", "is always skipped", count(one.count, "run")),
        PatternKind::Flaps => {
            ("warn", "flaps", format!("{} in {}", count(one.count, "change"), count(one.judged, "judgement")))
        }
        PatternKind::Unmended => ("fail", "nobody mends it", count(one.count, "day")),
        PatternKind::AlwaysPasses => ("pass", "always passes", of("judgement")),
    }
}

fn patterns(audit: &Audit) -> Section {
    let draw = |one: &Pattern| {
        let (tone, word, times) = pattern(one);
        let at = format!("{} at {}", one.policy, one.target);
        let what = match one.subject.as_ref() {
            "" => Cell::Name(at),
            subject => Cell::Under(Box::new(Cell::name(subject)), at),
        };
        Row::from(vec![Cell::Badge(tone, word.to_owned()), what, Cell::text(&one.owner), Cell::Text(times)])
    };
    let (passing, others): (Vec<_>, Vec<_>) =
        audit.patterns.iter().partition(|one| one.kind == PatternKind::AlwaysPasses);
    let heads: &[&str] = &["pattern", "what", "owner", "how often"];
    let table = |caption, all: Vec<&Pattern>, empty: &str, folded| Sheet {
        caption,
        heads,
        key: 1,
        rows: all.into_iter().map(draw).collect(),
        empty: empty.to_owned(),
        folded,
    };
    let sheets = vec![
        table(
            "What a person should think about",
            others,
            "Nothing always fails, flaps, was never read, is always skipped, or is open for 90 days.",
            false,
        ),
        table(
            "What passed every time, so that nobody has seen whether it can fail",
            passing,
            "Nothing passed every time in five judgements or more.",
            true,
        ),
    ];
    section("patterns", "What never changes, and what always does", Vec::new(), sheets)
}

fn changes(audit: &Audit) -> Section {
    let rows = audit.changes.iter().map(|one| changed(one).into()).collect();
    let sheet = Sheet {
        caption: "Policies that changed, the latest first, beside the verdicts that moved",
        heads: &[
            "since",
            "policy",
            "judges",
            "what changed",
            "verdicts that moved",
            "digest before",
            "digest after",
        ],
        key: 1,
        rows,
        empty: "No policy changed between two runs of this time, as far as the store knows.".to_owned(),
        folded: false,
    };
    section("changes", "Policies that changed", Vec::new(), vec![sheet])
}

fn changed(one: &PolicyMoved) -> Vec<Cell> {
    let tone = match one.direction.as_str() {
        "stricter" | "same" => "pass",
        "looser" | "gone" | "looser and stricter" => "warn",
        "new" => "waived",
        _ => "unknown",
    };
    let what: Vec<Cell> = one.what.iter().map(|told| Cell::text(told)).collect();
    let moved: Vec<Cell> = one
        .moved
        .iter()
        .map(|moved| {
            Cell::Text(format!("{}: {} to {}", moved.target, moved.before.word(), moved.after.word()))
        })
        .collect();
    let digest =
        |digest: &Option<std::sync::Arc<str>>| digest.as_ref().map_or(Cell::Nothing, |one| Cell::name(one));
    vec![
        Cell::Time(one.at),
        Cell::name(&one.policy),
        Cell::Badge(tone, one.direction.clone()),
        Cell::list(what),
        Cell::list(moved),
        digest(&one.old),
        digest(&one.new),
    ]
}

fn outlook(audit: &Audit) -> Section {
    let rows = audit.outlook.iter().map(|one| {
        let owner = match &*one.owner {
            "" => Cell::Badge("fail", "no owner".to_owned()),
            owner => Cell::text(owner),
        };
        Row::from(vec![
            Cell::Text(one.when()),
            Cell::text(&one.kind),
            Cell::name(&one.name),
            Cell::text(&one.what),
            owner,
        ])
    });
    let sheet = Sheet {
        caption: "How old backups are, and what ends or crosses its limit, the soonest first; a range where it is not known exactly",
        heads: &["when", "kind", "name", "what", "owner"],
        key: 2,
        rows: rows.collect(),
        empty: "Nothing is known to end or to cross a limit soon.".to_owned(),
        folded: false,
    };
    section("outlook", "What lies ahead", Vec::new(), vec![sheet])
}

fn evidence(audit: &Audit) -> Section {
    let store = &audit.store;
    let named = |all: &[std::sync::Arc<str>]| Cell::list(all.iter().map(|one| Cell::name(one)).collect());
    let time =
        |time: Option<jiff::Timestamp>| time.map_or(Cell::Badge("unknown", "none".to_owned()), Cell::Time);
    let row = |what: &str, cell: Cell| Row::from(vec![Cell::text(what), cell]);
    let period = &audit.period;
    let rows = vec![
        row("period", Cell::Text(format!("{}: {} to {}", period.name, at(period.from), at(period.to)))),
        row("looked at until", Cell::Time(period.until)),
        row("made", Cell::Text(format!("{} on {} by muster {}", at(audit.made), audit.host, audit.muster))),
        row("store", Cell::name(&store.path)),
        row("runs of the period", Cell::Text(number(store.runs))),
        row("of them without a promise", Cell::Text(number(store.unpromised))),
        row("first run of the store", time(store.first)),
        row("last run of the period", time(store.last)),
        row("hosts that ran", named(&store.hosts)),
        row("versions that ran", named(&store.versions)),
    ];
    let sheet = Sheet {
        caption: "Where this page knows it from",
        heads: &["what", "value"],
        key: 0,
        rows,
        empty: String::new(),
        folded: false,
    };
    let notes = vec![
        "Ids of findings and digests of policies stand in the tables above. `muster audit --evidence DIR` writes the \
         recordings, findings and policies behind them, and `muster audit verify DIR` judges them again."
            .to_owned(),
    ];
    section("evidence", "Evidence", notes, vec![sheet])
}
