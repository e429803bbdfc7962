//! The page for a browser and for paper.

use minijinja::context;

use super::super::web;
use super::{GatePage, who};
use crate::verdict::Verdict;

const TEMPLATE: &str = include_str!("page.html");

pub(super) fn render(page: &GatePage) -> String {
    let (kind, decision) = page.decision();
    let of = |verdicts: &[Verdict]| web::value(&page.findings(verdicts));
    let sides: Vec<[String; 4]> = page
        .sides
        .iter()
        .map(|side| {
            [
                side.target.to_string(),
                side.source.to_string(),
                who(side.then.as_ref()),
                who(side.now.as_ref()),
            ]
        })
        .collect();
    let same: u64 = page.compared.iter().map(|one| one.same).sum();
    let context = context! {
        page => web::value(page),
        kind, decision,
        differs => of(&[Verdict::Fail, Verdict::Warn]),
        accepted => of(&[Verdict::Waived]),
        sides => web::value(&sides),
        counts => web::value(&page.report.checks_by_verdict),
        subjects => page.subjects(),
        same,
        rows => page.compared.iter().filter_map(|one| one.rows).sum::<u64>(),
    };
    web::page("muster gate", TEMPLATE, &context)
}
