//! Pages of a gate that holds everything, hostile names included.

use std::sync::Arc;

use super::super::fixture::{HOSTILE, check, finding, report};
use super::*;
use crate::verdict::{RunReport, Severity, Verdict, WaiverNote};

fn identity(system: &str) -> Identity {
    Identity { host: Arc::from("db"), system: Some(Arc::from(system)), ..Identity::default() }
}

fn judged(exit: u8) -> RunReport {
    let note = WaiverNote {
        reason: HOSTILE.to_owned(),
        owner: "team-data".to_owned(),
        ticket: "DATA-1".to_owned(),
        expires: "2027-01-31".to_owned(),
        at: "muster.yaml:1:1".to_owned(),
    };
    let mut waived = finding("gate-rows", "new", "accepted", Verdict::Waived, Severity::High);
    (waived.waiver, waived.beneath) = (Some(note), Some(Verdict::Fail));
    let findings = vec![finding("gate-rows", "new", HOSTILE, Verdict::Fail, Severity::High), waived];
    let verdict = if exit == 0 { Verdict::Pass } else { Verdict::Fail };
    report(
        vec![check("gate-rows", "new", verdict, if exit == 0 { Vec::new() } else { findings })],
        exit,
        "because",
    )
}

fn compared() -> Compared {
    let line = Line {
        subject: HOSTILE.to_owned(),
        then: HOSTILE.to_owned(),
        now: "rows 1".to_owned(),
        method: "native".to_owned(),
        digests: [Some("ab".repeat(20)), None],
        same: Some(false),
    };
    Compared {
        policy: Arc::from("gate-rows"),
        title: Arc::from("No row is lost"),
        target: Arc::from("new"),
        source: Arc::from("old"),
        probe: Arc::from("data.row_counts"),
        verdict: Arc::from("fail"),
        then: Some("2026-11-27T09:00:00Z".to_owned()),
        now: "2026-11-27T10:00:00Z".to_owned(),
        subjects: 201,
        same: 200,
        rows: Some(5_000_000),
        lines: vec![line],
        more: 200,
    }
}

fn timeline() -> Timeline {
    let at = || "2026-11-27T10:00:00Z".to_owned();
    let round = Round { at: at(), took_us: 1_500_000, asked: 3, kept: 1, holding: 1, checks: 2 };
    let change = Change {
        at: at(),
        policy: Arc::from("gate-rows"),
        target: Arc::from("new"),
        from: None,
        to: Arc::from("waits"),
        said: HOSTILE.to_owned(),
    };
    Timeline {
        wait: Some("15m".to_owned()),
        stable: 3,
        end: "late",
        rounds: vec![round; 30],
        changes: vec![change],
        flapped: vec![("gate-rows at new".to_owned(), 2)],
    }
}

fn page(exit: u8) -> GatePage {
    let uncompared = Uncompared {
        policy: Arc::from("gate-rows"),
        target: Arc::from("new"),
        subject: "public.events".to_owned(),
        cause: "limit".to_owned(),
        what: HOSTILE.to_owned(),
        fix: Some("--set".to_owned()),
    };
    let dropped = Dropped {
        target: Arc::from("new"),
        source: Arc::from("old"),
        probe: Arc::from("data.schema"),
        count: 1,
        names: vec![Arc::from("public.sessions")],
    };
    GatePage {
        ended: "2026-11-27T10:05:00Z".to_owned(),
        snapshot: Some(SnapshotNote {
            file: HOSTILE.to_owned(),
            digest: "cd".repeat(32),
            taken: "2026-11-27T09:00:00Z".to_owned(),
            muster: Arc::from("0.1.0"),
            host: Some(Arc::from("there")),
            complete: false,
        }),
        sides: vec![SideNote {
            target: Arc::from("new"),
            source: Arc::from("old"),
            then: Some(identity("7")),
            now: Some(identity("8")),
        }],
        compared: vec![compared()],
        uncompared: vec![uncompared],
        dropped: vec![dropped],
        timeline: timeline(),
        report: judged(exit),
    }
}

#[test]
fn the_page_says_everything_in_every_format() {
    for format in [PageFormat::Html, PageFormat::Markdown, PageFormat::Json] {
        let text = page(1).render(format);
        let digest = "cd".repeat(32);
        for word in
            ["team-data", "DATA-1", "2027-01-31", "public.sessions", "public.events", "limit", &digest]
        {
            assert!(text.contains(word), "{format:?} does not say {word}\n{text}");
        }
        assert!(!text.contains("could not be written"), "{text}");
    }
}

#[test]
fn names_of_the_world_are_text_on_every_page() {
    for format in [PageFormat::Html, PageFormat::Markdown] {
        let text = page(1).render(format);
        assert!(!text.contains("<script"), "{format:?}\n{text}");
        assert!(!text.contains(['\u{1b}', '\u{202e}', '\u{0}']), "{format:?}");
        assert!(text.contains("alert(1)"), "{format:?}");
    }
}

#[test]
fn thousands_of_findings_are_counted_and_not_all_drawn() {
    let mut many = page(1);
    let one = finding("gate-rows", "new", "t", Verdict::Fail, Severity::High);
    many.report.checks[0].findings = vec![one; 5_000];
    many.uncompared = vec![many.uncompared[0].clone(); 1_000];
    for format in [PageFormat::Html, PageFormat::Markdown] {
        let text = many.render(format);
        assert!(text.contains("4,900 findings more") || text.contains("4900 findings more"), "{format:?}");
    }
    assert!(many.render(PageFormat::Html).len() < 700_000);
}

#[test]
fn the_html_page_stands_alone() {
    let text = page(1).render(PageFormat::Html);
    for outside in ["src=", "href=", "@import", "url(", "<script", "onload"] {
        assert!(!text.contains(outside), "{outside}");
    }
    assert!(text.contains("prefers-color-scheme: dark") && text.contains("@media print"));
}

#[test]
fn an_open_gate_and_a_closed_one_cannot_be_mistaken() {
    for (exit, said) in [
        (0, "The gate is open"),
        (1, "The gate is closed"),
        (3, "Not everything could be judged"),
        (4, "Nothing was compared"),
    ] {
        for format in [PageFormat::Html, PageFormat::Markdown] {
            let text = page(exit).render(format);
            assert!(text.contains(said), "{format:?} {exit}");
            assert_eq!(text.contains("The gate is open"), exit == 0, "{format:?} {exit}");
        }
    }
}

#[test]
fn a_format_is_known_by_the_end_of_its_file() {
    assert_eq!(PageFormat::of_file("a/b.HTML"), Some(PageFormat::Html));
    assert_eq!(PageFormat::of_file("a.md"), Some(PageFormat::Markdown));
    assert_eq!((PageFormat::of_file("a.pdf"), PageFormat::of_file("html")), (None, None));
}
