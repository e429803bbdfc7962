//! A run that has everything: all verdicts, a waiver, a pending alert, a fault that hides forty checks, three
//! hundred findings of one rule, and names that were chosen to do harm.

use std::sync::Arc;

use serde_json::json;

use crate::fact::{Cause, Identity, Level, Missing};
use crate::verdict::{
    Check, Counts, Fault, Finding, Layer, Operand, Origin, ProbeTime, RunReport, Severity, Step, StepKind,
    Subject, Timings, Urgency, Verdict, WaiverNote,
};

/// A file that was named to forge a report, to end a table's cell, a fence and a comment.
pub(super) const HOSTILE: &str = "up/\u{1b}[2J\u{1b}[32m\n+ PASS  all is well\r\n| x | `rm` ```` <script>alert(1)</script> \u{202e}gpj.exe]]> @everyone --> \u{9b}31m\u{0}";

pub(super) fn subject(name: &str) -> Subject {
    Subject { key: vec![("name".into(), json!(name))], shown: name.into() }
}

pub(super) fn finding(
    policy: &str,
    target: &str,
    name: &str,
    verdict: Verdict,
    severity: Severity,
) -> Finding {
    let id: u64 = format!("{policy}{target}{name}")
        .bytes()
        .fold(7, |sum, byte| u64::from(byte).wrapping_add(sum.wrapping_mul(1_099_511_628_211)));
    Finding {
        id: format!("{:08x}", id >> 32).into(),
        policy: policy.into(),
        target: target.into(),
        subject: subject(name),
        verdict,
        beneath: None,
        severity,
        urgency: None,
        route: None,
        owner: "team-data".into(),
        cause: None,
        message: format!("{name} is not as it must be"),
        rule: "".into(),
        at: String::new(),
        operands: Vec::new(),
        context: Vec::new(),
        remedy: Vec::new(),
        runbook: None,
        waiver: None,
        note: None,
    }
}

pub(super) fn check(policy: &str, target: &str, verdict: Verdict, findings: Vec<Finding>) -> Check {
    let mut counts = Counts::default();
    for finding in &findings {
        counts.add(finding.verdict, 1);
    }
    if verdict == Verdict::Pass {
        counts.add(Verdict::Pass, 12);
    }
    Check {
        policy: policy.into(),
        title: format!("{} is as it must be", policy.replace('-', " ")).into(),
        tier: "daily".into(),
        kind: "maintenance".into(),
        digest: "sha256:0a1b".into(),
        target: target.into(),
        verdict,
        counts,
        rows: 12,
        note: None,
        findings,
        controls: Vec::new(),
        looser: Vec::new(),
        scratch: Vec::new(),
    }
}

fn operand(text: &str, shown: &str, value: serde_json::Value, ty: &str, origin: Origin) -> Operand {
    Operand { text: text.into(), shown: shown.to_owned(), value, ty: ty.to_owned(), origin }
}

fn step(kind: StepKind, text: &str, danger: Option<&str>) -> Step {
    Step { kind, text: text.to_owned(), danger: danger.map(ToOwned::to_owned) }
}

fn dead_tuples() -> Check {
    let mut orders =
        finding("postgres-dead-tuples", "shop-db", "public.orders", Verdict::Fail, Severity::High);
    orders.message =
        "public.orders holds 62% dead rows (620,000 of 1,000,000), last vacuumed 3d 4h ago".to_owned();
    orders.rule = "share > params.fail_at".into();
    orders.at = "policies/postgres.yaml:24:7".to_owned();
    let changed = Origin::Param {
        layer: Layer::Target,
        at: "muster.yaml:31:5".to_owned(),
        default: Some("40%".to_owned()),
    };
    orders.operands = vec![
        operand("share", "62%", json!(0.62), "ratio", Origin::Let),
        operand("dead_ratio", "62%", json!(0.62), "ratio", Origin::Fact { probe: "postgres.tables".into() }),
        operand("params.fail_at", "55%", json!(0.55), "ratio", changed),
    ];
    orders.remedy = vec![
        step(StepKind::Sql, "VACUUM (ANALYZE) \"public\".\"orders\";", None),
        step(
            StepKind::Shell,
            "psql -h db.internal shop <<'SQL'\nSELECT pg_terminate_backend(4711);\nSQL\n",
            Some("ends a session that may hold work not yet committed"),
        ),
        step(
            StepKind::Do,
            "If it returns within a week, lower autovacuum_vacuum_scale_factor for this table.",
            None,
        ),
    ];
    orders.runbook = Some("docs/runbooks/dead-tuples.md".to_owned());
    let mut events =
        finding("postgres-dead-tuples", "shop-db", "public.events", Verdict::Warn, Severity::High);
    events.message = "public.events holds 31% dead rows (3,100 of 10,000), never vacuumed".to_owned();
    events.rule = "share > params.warn_at".into();
    events.at = "policies/postgres.yaml:25:7".to_owned();
    let default =
        Origin::Param { layer: Layer::Policy, at: "policies/postgres.yaml:17:5".to_owned(), default: None };
    events.operands = vec![
        operand("share", "31%", json!(0.31), "ratio", Origin::Let),
        operand("params.warn_at", "20%", json!(0.2), "ratio", default),
    ];
    let mut check = check("postgres-dead-tuples", "shop-db", Verdict::Fail, vec![orders, events]);
    check.looser = vec!["fail_at = 55% (default 40%)".to_owned()];
    check.controls = vec!["SOC2-A1.2".into()];
    check.scratch = vec!["job.canary".into()];
    check.counts.add(Verdict::Pass, 40);
    check
}

fn missing_files() -> Check {
    let one = |index: usize| {
        let name = if index == 0 { HOSTILE.to_owned() } else { format!("uploads/2026/{index:04}.jpg") };
        let mut file = finding("uploads-on-disk", "shop-host", &name, Verdict::Fail, Severity::Critical);
        file.message = format!("{name} is in the database and not on disk");
        file.rule = "side == \"rows\"".into();
        file.at = "policies/uploads.yaml:18:9".to_owned();
        file.operands = vec![operand("side", "rows", json!("rows"), "enum", Origin::Let)];
        file.remedy = vec![step(StepKind::Shell, &format!("restore-file '{name}'"), None)];
        file
    };
    check("uploads-on-disk", "shop-host", Verdict::Fail, (0..300).map(one).collect())
}

fn lagging() -> Check {
    let mut lag = finding("replica-lag", "shop-replica", "shop-replica", Verdict::Warn, Severity::Critical);
    lag.subject.key.clear();
    lag.beneath = Some(Verdict::Fail);
    lag.urgency = Some(Urgency::Page);
    lag.route = Some("#data-oncall".to_owned());
    lag.message = "shop-replica is 1h 12m behind".to_owned();
    lag.rule = "lag > 5.minutes".into();
    lag.at = "policies/replica.yaml:12:7".to_owned();
    let probe = Origin::Fact { probe: "postgres.replication".into() };
    lag.operands = vec![
        operand("lag", "1h 12m", json!(4_320_000_000_i64), "duration", probe),
        operand("5.minutes", "5m", json!(300_000_000), "duration", Origin::Literal),
    ];
    lag.context = vec![operand("now", "2026-11-01T03:00:00Z", json!(0), "time", Origin::Context)];
    lag.note = Some("pending: true for 4m of the 10m that it must hold".to_owned());
    lag.remedy = vec![step(StepKind::Do, "Look at pg_stat_replication on the primary.", None)];
    let mut check = check("replica-lag", "shop-replica", Verdict::Warn, vec![lag]);
    check.kind = "alert".into();
    check
}

fn unused_index() -> Check {
    let mut index =
        finding("postgres-unused-index", "shop-db", "public.orders_old", Verdict::Waived, Severity::Low);
    index.beneath = Some(Verdict::Fail);
    index.waiver = Some(WaiverNote {
        reason: "year-end reports use it".to_owned(),
        owner: "team-data".to_owned(),
        ticket: "DATA-12".to_owned(),
        expires: "2027-01-31".to_owned(),
        at: "muster.yaml:60:5".to_owned(),
    });
    check("postgres-unused-index", "shop-db", Verdict::Waived, vec![index])
}

fn denied() -> Check {
    let mut denied = finding("postgres-slots", "shop-db", "shop-db", Verdict::Unknown, Severity::High);
    denied.subject.key.clear();
    denied.message = "the replication slots could not be read".to_owned();
    denied.cause = Some(Arc::new(
        Missing::new(Cause::Denied, "permission denied for view pg_replication_slots")
            .fix("GRANT pg_monitor TO watcher;"),
    ));
    check("postgres-slots", "shop-db", Verdict::Unknown, vec![denied])
}

/// Why the warehouse does not answer.
pub(super) fn refused() -> Arc<Missing> {
    let what = "could not connect to dwh.internal:5432: connection refused";
    Arc::new(
        Missing::new(Cause::Unreachable, what)
            .level(Level::Target)
            .fix("ssh dwh.internal systemctl status postgresql"),
    )
}

fn hidden() -> Vec<Check> {
    let one = |index: usize| {
        let policy = format!("postgres-rule-{index:02}");
        let mut hidden = finding(&policy, "dwh", "dwh", Verdict::Unknown, Severity::Medium);
        hidden.subject.key.clear();
        hidden.cause = Some(refused());
        hidden.message = refused().to_string();
        check(&policy, "dwh", Verdict::Unknown, vec![hidden])
    };
    (0..40).map(one).collect()
}

fn quiet() -> Vec<Check> {
    let mut none = check("postgres-invalid-index", "shop-db", Verdict::Pass, Vec::new());
    none.note = Some("none found".to_owned());
    let mut filtered = check("postgres-seq-scans", "shop-db", Verdict::Skipped, Vec::new());
    filtered.note = Some("none of 312 qualified".to_owned());
    let cert = check("tls-expiry", "shop-web", Verdict::Pass, Vec::new());
    vec![none, filtered, cert]
}

fn notice() -> Finding {
    let mut stale =
        finding("waivers", "muster.yaml", "postgres-bloat @ shop-db", Verdict::Warn, Severity::Low);
    stale.message = "this waiver matched nothing; remove it".to_owned();
    stale.at = "muster.yaml:70:5".to_owned();
    stale
}

/// A report of these checks with everything counted.
pub(super) fn report(checks: Vec<Check>, exit: u8, reason: &str) -> RunReport {
    let mut by_verdict = Counts::default();
    let mut subjects = Counts::default();
    for check in &checks {
        by_verdict.add(check.verdict, 1);
        for verdict in Verdict::ALL {
            subjects.add(verdict, check.counts.of(verdict));
        }
    }
    RunReport {
        muster: "0.1.0".into(),
        host: "ops-1".into(),
        started: "2026-11-01T03:00:00Z".to_owned(),
        recording: None,
        targets: Vec::new(),
        checks,
        notices: Vec::new(),
        faults: Vec::new(),
        checks_by_verdict: by_verdict,
        subjects,
        exit,
        exit_reason: reason.to_owned(),
        timings: None,
    }
}

/// Everything.
pub(super) fn rich() -> RunReport {
    let mut checks = quiet();
    checks.extend([dead_tuples(), missing_files(), lagging(), unused_index(), denied()]);
    checks.extend(hidden());
    let mut report = report(checks, 1, "301 findings are `fail`");
    let identity = Identity {
        host: "db.internal:5432".into(),
        system: Some("7412345678901234567".into()),
        database: Some("shop".into()),
        version: Some("PostgreSQL 17.2".into()),
        role: Some("primary".into()),
    };
    report.targets = vec![("shop-db".into(), identity), ("dwh".into(), Identity::default())];
    report.notices = vec![notice()];
    let policies = (0..40).map(|index| format!("postgres-rule-{index:02}").into()).collect();
    report.faults = vec![Fault { target: "dwh".into(), missing: refused(), policies, findings: 40 }];
    let probes = vec![ProbeTime {
        target: "shop-db".into(),
        probe: "postgres.tables".into(),
        took: 9_000,
        statements: 4,
        asked: 7_500,
        rows: 200,
    }];
    report.timings = Some(Timings {
        read: 900,
        resolve: 400,
        plan: 120,
        observe: 1_250_000,
        judge: 800,
        report: 90,
        probes,
    });
    report
}
