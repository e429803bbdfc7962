//! An audit that has everything: eleven days without the daily backup check, a waiver that hid a worsening, a control that
//! nobody checked, a restore that was claimed without evidence, what flaps, and names that were chosen to do harm.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp, ToSpan};

use super::super::fixture::HOSTILE;
use crate::audit::{
    Ahead, Allowed, Attested, Audit, Beneath, ClockJump, Control, Counted, Day, Exception, ExceptionKind,
    Figure, Framework, Gap, History, Interrupted, Moved, Pattern, PatternKind, Period, PolicyMoved,
    Population, RunDay, RunTold, Source, Spell, VerdictMoved,
};
use crate::verdict::{Counts, Severity, Verdict};

/// A time of the tests.
pub(super) fn time(text: &str) -> Timestamp {
    let text = if text.contains('T') { text.to_owned() } else { format!("{text}T03:00:00Z") };
    text.parse().unwrap()
}

fn arc(text: &str) -> Arc<str> {
    Arc::from(text)
}

pub(super) fn finding(id: &str, subject: &str, severity: Severity, now: Option<Verdict>) -> History {
    let from = time("2026-08-20");
    let to = now.is_none().then(|| time("2026-08-22T06:30:00Z"));
    let worst = now.unwrap_or(Verdict::Fail);
    History {
        id: arc(id),
        policy: arc("postgres-dead-tuples"),
        target: arc("shop-db"),
        subject: arc(subject),
        severity,
        owner: arc("team-data"),
        message: format!("{subject} holds 43.2% dead rows (1,204,331 of 2,787,800), last vacuumed 12d ago"),
        now,
        worst,
        first: from,
        last: to.unwrap_or_else(|| time("2026-09-30")),
        spells: vec![Spell { from, to, worst, waived: 0, earlier: false }],
        reopened: 0,
    }
}

fn counted(policy: &str, target: &str, expected: u64, missed: u64) -> Counted {
    let judged = expected - missed;
    Counted {
        policy: arc(policy),
        target: arc(target),
        tier: arc("daily"),
        owner: arc("team-data"),
        from: time("2026-07-01T00:00:00Z"),
        until: time("2026-10-01T00:00:00Z"),
        new: false,
        ended: false,
        every: Some(86_400),
        expected,
        judged,
        missed,
        verdicts: Counts { pass: judged.saturating_sub(3), fail: judged.min(3), ..Counts::default() },
        last: Some(time("2026-09-30")),
        now: Some(Verdict::Pass),
    }
}

fn population() -> Population {
    let gap = |policy: &str, from: &str, to: &str, missed, runs, unread| Gap {
        policy: arc(policy),
        target: arc("shop-db"),
        tier: arc("daily"),
        owner: arc("team-data"),
        from: time(from),
        to: time(to),
        open: false,
        missed,
        runs,
        unread,
    };
    let mut checks = vec![
        counted("backup-is-fresh", "shop-db", 92, 11),
        Counted { new: true, from: time("2026-08-15"), ..counted("tls-chain", "www", 47, 2) },
        Counted {
            now: None,
            last: None,
            judged: 0,
            verdicts: Counts::default(),
            ..counted("disk-usage", HOSTILE, 92, 92)
        },
    ];
    checks.extend((0..30).map(|number| counted(&format!("postgres-rule-{number:02}"), "shop-db", 92, 0)));
    Population {
        expected: 2_991,
        judged: 2_886,
        missed: 105,
        checks,
        gaps: vec![
            Gap {
                open: true,
                to: time("2026-10-01T00:00:00Z"),
                ..gap("disk-usage", "2026-07-01", "2026-09-30", 92, 92, 92)
            },
            gap("backup-is-fresh", "2026-08-03", "2026-08-15", 11, 0, 0),
            gap("tls-chain", "2026-09-10", "2026-09-13", 2, 3, 0),
        ],
        interrupted: vec![Interrupted {
            at: time("2026-08-02"),
            host: "ops-1".to_owned(),
            about: "tier daily".to_owned(),
        }],
        clocks: vec![ClockJump { before: time("2026-09-02"), at: time("2026-09-01"), host: arc("ops-1") }],
        unseen: None,
    }
}

fn beneath() -> Vec<Beneath> {
    let figure = |value: &str| Some(Figure { value: value.to_owned(), limit: "20%".to_owned() });
    let worse = Beneath {
        finding: arc("00000000000000a2"),
        subject: arc("public.events"),
        what: arc("dead_ratio"),
        first: Some(time("2026-07-10")),
        last: Some(time("2026-09-30")),
        before: figure("21%"),
        after: figure("67%"),
        moved: Moved::Worse,
        fails_now: false,
        failed_between: false,
        why: String::new(),
    };
    let gone = Beneath { subject: arc(HOSTILE), after: None, moved: Moved::Gone, ..worse.clone() };
    let untold = Beneath {
        what: arc(""),
        before: None,
        after: None,
        moved: Moved::Untold,
        why: "no number was compared".to_owned(),
        ..worse.clone()
    };
    let better = Beneath { after: figure("20.5%"), moved: Moved::Better, ..worse.clone() };
    vec![worse, untold, better, gone]
}

fn exceptions() -> Vec<Exception> {
    let waiver = Exception {
        allowed: Allowed {
            kind: ExceptionKind::Waiver,
            policy: arc("postgres-dead-tuples"),
            scope: "shop-db public.events".to_owned(),
            what: "hides what the policy finds".to_owned(),
            owner: arc("team-data"),
            reason: "The table is dropped in October, a vacuum would lock it for hours.".to_owned(),
            ticket: "https://tickets.example.org/DATA-214".to_owned(),
            expires: "2026-10-31".to_owned(),
        },
        from: time("2026-07-10"),
        to: time("2026-09-30"),
        open: true,
        hid: vec![arc("00000000000000a2")],
        hidden: 82,
        beneath: beneath(),
        worse: vec!["public.events: dead_ratio 21% → 67% (limit 20%), worse".to_owned()],
    };
    let nobody = Exception {
        allowed: Allowed {
            kind: ExceptionKind::Override,
            policy: arc("disk-usage"),
            scope: String::new(),
            what: "fail_at 80% to 97%".to_owned(),
            owner: arc(""),
            reason: String::new(),
            ticket: "javascript:alert(1)".to_owned(),
            expires: String::new(),
        },
        hid: Vec::new(),
        hidden: 0,
        beneath: Vec::new(),
        worse: Vec::new(),
        ..waiver.clone()
    };
    let hostile = Exception {
        allowed: Allowed {
            kind: ExceptionKind::Suppression,
            reason: HOSTILE.to_owned(),
            what: "=HYPERLINK(\"http://evil.example\")".to_owned(),
            ticket: "-1+cmd|' /C calc'!A0".to_owned(),
            ..nobody.allowed.clone()
        },
        ..nobody.clone()
    };
    vec![waiver, nobody, hostile]
}

fn controls() -> Vec<Framework> {
    let control = |id: &str, title: &str, state: &str, policies: &[&str]| Control {
        id: arc(id),
        title: arc(title),
        link: Some(arc("https://playbook.example.org/backups")),
        policies: policies.iter().map(|policy| arc(policy)).collect(),
        state: arc(state),
    };
    vec![Framework {
        id: arc("playbook"),
        title: arc("The playbook"),
        controls: vec![
            control("PB-1", "Backups are fresh", "held", &["backup-is-fresh"]),
            control("PB-2", "Backups are restored once a quarter", "uncovered", &[]),
            control("PB-3", "Disks have room", "unknown", &["disk-usage"]),
            control("PB-4", "Tables are vacuumed", "failing", &["postgres-dead-tuples"]),
            control("PB-5", "Certificates have an owner", "waived", &["tls-chain"]),
        ],
        others: vec![arc("job-canary")],
    }]
}

fn attestations() -> Vec<Attested> {
    let good = Attested {
        topic: arc("access-review"),
        by: arc("team-security"),
        at: "2026-08-01".to_owned(),
        valid_until: "2026-11-01".to_owned(),
        looked_at: "all roles of shop-db".to_owned(),
        result: arc("holds"),
        evidence: vec!["https://wiki.example.org/review/2026-08".to_owned()],
        faults: Vec::new(),
    };
    let bare = Attested {
        topic: arc("restore-rehearsal"),
        by: arc("team-data"),
        looked_at: "the newest dump of shop-db".to_owned(),
        evidence: Vec::new(),
        faults: vec!["it names no evidence".to_owned(), "it is stale since 2026-09-01".to_owned()],
        ..good.clone()
    };
    vec![good, bare]
}

fn patterns() -> Vec<Pattern> {
    let pattern = |kind, policy: &str, subject: &str, judged, count| Pattern {
        kind,
        policy: arc(policy),
        target: arc("shop-db"),
        subject: arc(subject),
        owner: arc("team-data"),
        judged,
        count,
    };
    vec![
        pattern(PatternKind::AlwaysFails, "postgres-rule-07", "", 92, 92),
        pattern(PatternKind::NeverRead, "disk-usage", "", 92, 92),
        pattern(PatternKind::AlwaysSkipped, "postgres-roles-reviewed", "", 0, 92),
        pattern(PatternKind::Flaps, "tls-chain", "", 45, 17),
        pattern(PatternKind::Unmended, "postgres-dead-tuples", "public.audit_log", 0, 131),
        pattern(PatternKind::AlwaysPasses, "postgres-rule-01", "", 92, 92),
    ]
}

fn changes() -> Vec<PolicyMoved> {
    let moved = VerdictMoved { target: arc("shop-db"), before: Verdict::Fail, after: Verdict::Pass };
    vec![PolicyMoved {
        policy: arc("backup-is-fresh"),
        at: time("2026-08-15"),
        old: Some(arc("0123456789ab")),
        new: Some(arc("ba9876543210")),
        direction: "looser".to_owned(),
        what: vec!["fails from 26h on, and from 50h on now".to_owned()],
        moved: vec![moved],
    }]
}

fn outlook() -> Vec<Ahead> {
    let ahead = |kind: &str, name: &str, from: &str, to: &str, what: &str| Ahead {
        kind: arc(kind),
        name: name.to_owned(),
        owner: arc("team-web"),
        from: from.to_owned(),
        to: to.to_owned(),
        what: what.to_owned(),
    };
    vec![
        ahead("limit", "shop-db /var", "2026-10-09", "2026-10-21", "disk usage crosses 90 %"),
        ahead("certificate", "www.example.org", "2026-10-14", "2026-10-14", "the chain of www ends"),
        ahead(
            "waiver",
            "postgres-dead-tuples",
            "2026-10-31",
            "2026-10-31",
            "a waiver ends, and 1 finding is open again",
        ),
    ]
}

/// Ninety-two days: eleven without a run, one on which nothing could be judged, and findings that come and go.
pub(super) fn days() -> Vec<Day> {
    let first: jiff::civil::Date = "2026-07-01".parse().unwrap();
    let day = |place: i64| {
        let day = first + place.days();
        let silent = (33..44).contains(&place);
        let bad = u64::try_from(place * 7 % 5).unwrap();
        let counts =
            Counts { fail: bad, unknown: bad / 2, warn: 2, waived: 1, skipped: 1, pass: 200 - bad - bad / 2 };
        Day {
            day: day.to_string(),
            checks: (!silent && place != 60).then_some(counts),
            runs: if silent { 0 } else { 24 },
        }
    };
    (0..92).map(day).collect()
}

/// The same days as runs, and one that was killed.
fn run_days() -> Vec<RunDay> {
    let day = |day: Day| {
        let at = |time: &str| (day.runs > 0).then(|| format!("{}T{time}:00Z", day.day).parse().unwrap());
        RunDay {
            environment: arc("prod"),
            runs: day.runs,
            ended: day.runs - u64::from(day.day == "2026-08-02"),
            killed: u64::from(day.day == "2026-08-02"),
            first: at("00:00"),
            last: at("23:00"),
            worst: day.checks.map(|_| Verdict::Fail),
            judged: if day.runs > 0 { 198 } else { 0 },
            unknown: day.runs.min(2),
            unkept: u64::from(day.day == "2026-07-02"),
            day: day.day,
        }
    };
    days().into_iter().map(day).collect()
}

fn runs() -> Vec<RunTold> {
    let run = |hour: i64| RunTold {
        at: time("2026-07-01T00:00:00Z") + SignedDuration::from_hours(hour),
        id: arc(&format!("{hour:x}")),
        environment: arc("prod"),
        host: arc("ops-1"),
        muster: arc("0.1.0"),
        ended: true,
        exit: Some(1),
        promised: true,
        worst: Some(Verdict::Fail),
        judged: 198,
        unknown: 2,
        unkept: String::new(),
    };
    let killed = RunTold {
        id: arc(""),
        host: arc(HOSTILE),
        environment: arc("=prod"),
        ended: false,
        exit: None,
        promised: false,
        worst: None,
        unkept: "it never ended".to_owned(),
        ..run(3)
    };
    vec![run(0), run(1), run(2), killed]
}

fn findings() -> Vec<History> {
    let mut back = finding("00000000000000a1", "public.orders", Severity::Critical, Some(Verdict::Fail));
    let spell = |from: &str, to: Option<&str>, earlier| Spell {
        from: time(from),
        to: to.map(time),
        worst: Verdict::Fail,
        waived: 0,
        earlier,
    };
    back.spells = vec![
        spell("2026-05-02", Some("2026-07-04"), true),
        spell("2026-07-20", Some("2026-07-21"), false),
        spell("2026-09-12", None, false),
    ];
    (back.first, back.reopened) = (time("2026-05-02"), 2);
    let mut waived = finding("00000000000000a2", "public.events", Severity::High, Some(Verdict::Waived));
    waived.spells[0].waived = 82;
    let mut hostile = finding("00000000000000a3", HOSTILE, Severity::High, Some(Verdict::Unknown));
    hostile.owner = arc("team-web");
    hostile.message = format!("=1+1 {} {HOSTILE}", "very-long-word-without-a-space".repeat(8));
    let mut old = finding("00000000000000a4", "public.audit_log", Severity::Low, Some(Verdict::Warn));
    (old.first, old.spells[0].from, old.spells[0].earlier) = (time("2026-05-20"), time("2026-05-20"), true);
    old.owner = arc("");
    vec![back, hostile, old, waived, finding("00000000000000a5", "public.users", Severity::Medium, None)]
}

pub(super) fn rich() -> Audit {
    Audit {
        audit: 1,
        muster: arc("0.1.0"),
        host: arc("audit-1"),
        made: time("2026-10-02T08:00:00Z"),
        period: Period {
            name: "2026-Q3".to_owned(),
            from: time("2026-07-01T00:00:00Z"),
            to: time("2026-10-01T00:00:00Z"),
            until: time("2026-10-01T00:00:00Z"),
        },
        store: Source {
            path: "/var/lib/muster/store.sqlite".to_owned(),
            runs: 1_944,
            unpromised: 3,
            first: Some(time("2026-03-01")),
            last: Some(time("2026-09-30T23:00:00Z")),
            hosts: vec![arc("ops-1"), arc("ops-2")],
            versions: vec![arc("0.1.0")],
        },
        population: population(),
        controls: controls(),
        attestations: attestations(),
        exceptions: exceptions(),
        findings: findings(),
        patterns: patterns(),
        changes: changes(),
        run_days: run_days(),
        runs: runs(),
        days: days(),
        outlook: outlook(),
    }
}

/// A quarter in which everything that was promised was judged, and nothing was found.
pub(super) fn good() -> Audit {
    let mut audit = rich();
    let day = |mut day: Day| {
        day.checks = Some(Counts { pass: 200, ..Counts::default() });
        day.runs = 24;
        day
    };
    audit.days = days().into_iter().map(day).collect();
    (audit.run_days, audit.runs) = (run_days(), runs());
    audit.run_days.retain(|day| day.runs > 0 && day.killed == 0);
    audit.runs.retain(|run| run.ended);
    audit.store.unpromised = 0;
    audit.population = Population {
        expected: 92,
        judged: 92,
        checks: vec![Counted {
            verdicts: Counts { pass: 92, ..Counts::default() },
            ..counted("backup-is-fresh", "shop-db", 92, 0)
        }],
        ..Population::default()
    };
    audit.controls[0].controls.truncate(1);
    audit.attestations.truncate(1);
    audit.exceptions.clear();
    (audit.findings, audit.patterns, audit.changes, audit.outlook) = Default::default();
    audit
}

/// A quarter of which the store knows nothing.
pub(super) fn silent() -> Audit {
    let mut audit = good();
    (audit.store.runs, audit.store.last) = (0, None);
    (audit.store.hosts, audit.store.versions) = Default::default();
    audit.population = Population::default();
    audit.days.iter_mut().for_each(|day| (day.checks, day.runs) = (None, 0));
    (audit.run_days, audit.runs) = Default::default();
    audit
}

/// Ten thousand findings.
pub(super) fn many() -> Audit {
    let mut audit = rich();
    let open = [Verdict::Fail, Verdict::Unknown, Verdict::Warn];
    let severities = [Severity::Critical, Severity::High, Severity::Medium, Severity::Low];
    audit.findings = (0..10_000)
        .map(|number: usize| {
            let now = (number < 9_000).then(|| open[number % 3]);
            let mut one = finding(
                &format!("{number:016x}"),
                &format!("public.table_{number}"),
                severities[number % 4],
                now,
            );
            one.owner = arc(["team-data", "team-web", "team-platform"][number % 3]);
            one.spells[0].from =
                time("2026-08-20") - SignedDuration::from_hours(i64::try_from(number % 400).unwrap());
            one
        })
        .collect();
    audit
}
