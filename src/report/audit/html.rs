//! The page for a browser and for paper.

use minijinja::{Value, context};
use serde::Serialize;

use super::super::sheet::at;
use super::super::web;
use super::glance::glance;
use super::sections::{Section, sections};
use super::{Kind, chart};
use crate::audit::Audit;

const TEMPLATE: &str = include_str!("page.html");

/// A section as the template wants it.
#[derive(Serialize)]
struct Drawn {
    id: &'static str,
    title: String,
    notes: Vec<String>,
}

pub(super) fn render(audit: &Audit, kind: Kind) -> String {
    let sections = sections(audit, kind);
    let mut tables = 0;
    let bodies: Vec<Value> =
        sections.iter().map(|one| Value::from_safe_string(body(one, &mut tables))).collect();
    let drawn: Vec<Drawn> =
        sections.into_iter().map(|Section { id, title, notes, .. }| Drawn { id, title, notes }).collect();
    let title = kind.title(audit);
    let period = &audit.period;
    let lasts = period.until < period.to;
    let context = context! {
        title => web::value(&title),
        glance => web::value(&glance(audit, kind)),
        sections => web::value(&drawn),
        bodies,
        charts => Value::from_safe_string(chart::both(audit)),
        period => web::value(&[at(period.from), at(period.to), at(period.until)]),
        lasts => lasts && kind == Kind::Quarterly,
        made => at(audit.made),
        muster => web::value(&audit.muster),
        host => web::value(&audit.host),
        store => web::value(&audit.store),
    };
    web::page("muster audit", TEMPLATE, &context)
}

fn body(section: &Section, tables: &mut usize) -> String {
    let mut out = String::new();
    for sheet in &section.sheets {
        web::draw(&mut out, sheet, tables);
    }
    out
}
