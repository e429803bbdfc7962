//! Controls with their policies, and what people attested.

use super::super::sheet::{Cell, Row, Sheet};
use super::super::words::{count, number, size};
use super::glance::is_checked;
use super::sections::{Section, section};
use crate::audit::{Audit, Framework};

/// Frameworks, and who asks what they want.
pub(super) fn controls(audit: &Audit) -> Section {
    let sheets: Vec<Sheet> = audit.controls.iter().map(framework).collect();
    let mut notes: Vec<String> = audit.controls.iter().map(coverage).collect();
    if audit.controls.is_empty() {
        notes.push(
            "No framework was looked at: nobody can say from this page which controls are checked."
                .to_owned(),
        );
    }
    let others = audit.controls.iter().filter(|framework| !framework.others.is_empty());
    notes.extend(others.map(|framework| {
        let named: Vec<&str> = framework.others.iter().map(|policy| &**policy).collect();
        let many = if named.len() == 1 {
            "1 policy".to_owned()
        } else {
            format!("{} policies", number(size(named.len())))
        };
        let verb = if named.len() == 1 { "names" } else { "name" };
        let listed = super::super::words::listed(&named, 40);
        format!("{many} {verb} no control of {}: {listed}.", framework.title)
    }));
    section("controls", "Controls", notes, sheets)
}

fn coverage(framework: &Framework) -> String {
    let checked = framework.controls.iter().filter(|control| is_checked(control)).count();
    format!(
        "{}: {} of {} were checked.",
        framework.title,
        number(size(checked)),
        count(size(framework.controls.len()), "control")
    )
}

fn framework(framework: &Framework) -> Sheet {
    let mut controls: Vec<_> = framework.controls.iter().collect();
    controls.sort_by_key(|control| is_checked(control));
    let rows = controls.iter().map(|control| {
        let tone = match &*control.state {
            "held" if is_checked(control) => "pass",
            "failing" => "fail",
            "warning" => "warn",
            "waived" => "waived",
            "skipped" => "skipped",
            _ => "unknown",
        };
        let policies: Vec<Cell> = control.policies.iter().map(|policy| Cell::name(policy)).collect();
        let nobody = || Cell::Badge("fail", "nobody checks it".to_owned());
        Row::from(vec![
            Cell::Badge(tone, control.state.to_string()),
            Cell::name(&control.id),
            match &control.link {
                Some(link) => Cell::List(vec![Cell::text(&control.title), Cell::Link(link.to_string())]),
                None => Cell::text(&control.title),
            },
            if policies.is_empty() { nobody() } else { Cell::List(policies) },
        ])
    });
    Sheet {
        caption: "Controls, those that nobody checked first",
        heads: &["state", "control", "what it asks", "policies that name it"],
        key: 1,
        rows: rows.collect(),
        empty: "This framework has no controls.".to_owned(),
        folded: false,
    }
}

/// What only a person can say.
pub(super) fn attestations(audit: &Audit) -> Section {
    let mut all: Vec<_> = audit.attestations.iter().collect();
    all.sort_by_key(|one| one.faults.is_empty());
    let rows = all.iter().map(|one| {
        let good = one.faults.is_empty() && &*one.result == "holds";
        let faults = one.faults.iter().map(|fault| Cell::text(fault)).collect();
        let evidence: Vec<Cell> = one.evidence.iter().map(|link| Cell::Link(link.clone())).collect();
        let word = if one.faults.is_empty() { one.result.to_string() } else { "does not count".to_owned() };
        Row::from(vec![
            Cell::Badge(if good { "pass" } else { "fail" }, word),
            Cell::name(&one.topic),
            if one.by.is_empty() { Cell::Badge("fail", "nobody".to_owned()) } else { Cell::text(&one.by) },
            Cell::text(&one.at),
            Cell::text(&one.valid_until),
            Cell::text(&one.looked_at),
            if evidence.is_empty() { Cell::Badge("warn", "none".to_owned()) } else { Cell::List(evidence) },
            Cell::list(faults),
        ])
    });
    let sheet = Sheet {
        caption: "What people stated, what does not count first",
        heads: &[
            "result",
            "topic",
            "by",
            "at",
            "valid until",
            "looked at",
            "evidence",
            "what is wrong with it",
        ],
        key: 1,
        rows: rows.collect(),
        empty: "Nobody attested anything: what only a person can answer is not answered here.".to_owned(),
        folded: false,
    };
    section("attestations", "Attestations", Vec::new(), vec![sheet])
}
