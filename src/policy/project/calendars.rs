//! Calendars of the project file, and the holiday files that they name.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Reader;
use super::nodes::{items, owned, pairs, text};
use crate::diag::{Diag, code};
use crate::policy::calendar::{Calendar, Holidays, Hours, read, zone};
use crate::source::Loc;
use crate::source::yaml::{Kind, Limits, Node, read_file};

/// A holiday file is at most so large, in bytes.
const LARGEST: usize = 4 << 20;

impl Reader {
    pub(super) fn calendars(&mut self, node: Option<&Node>) -> BTreeMap<Arc<str>, Arc<Calendar>> {
        let found = pairs(node).iter().filter_map(|(key, value)| self.calendar(key, value));
        found.map(|calendar| (Arc::clone(&calendar.name), Arc::new(calendar))).collect()
    }

    fn calendar(&mut self, key: &Node, node: &Node) -> Option<Calendar> {
        let hours = self.hours(node.get("hours")?);
        let zone_node = node.get("zone")?;
        let name = owned(Some(zone_node));
        let zone = match zone::find(&name) {
            Ok(zone) => zone,
            Err(help) => {
                let diag = Diag::error(&code::CALENDAR, format!("there is no time zone `{name}`"));
                self.diags.push(diag.at(&zone_node.loc, "").help(help));
                return None;
            }
        };
        let holidays = match node.get("holidays") {
            Some(file) => match self.holidays(file, &zone) {
                Ok(holidays) => Some((holidays, file.loc.clone())),
                Err(diags) => {
                    self.diags.extend(diags);
                    return None;
                }
            },
            None => None,
        };
        Some(Calendar { name: text(Some(key))?, zone, hours: hours?, holidays })
    }

    fn hours(&mut self, node: &Node) -> Option<Hours> {
        let nodes =
            if matches!(node.kind, Kind::Seq(_)) { items(Some(node)) } else { std::slice::from_ref(node) };
        let texts: Vec<&str> = nodes.iter().map(|node| node.as_str().unwrap_or("")).collect();
        match Hours::parse(&texts) {
            Ok(hours) => Some(hours),
            Err(fault) => {
                let loc = nodes.get(fault.index).map_or(&node.loc, |node| &node.loc);
                let mut diag = Diag::error(&code::CALENDAR, fault.message)
                    .at(&piece(loc, &fault.piece), "")
                    .help(fault.help);
                if let Some(other) = fault.other.and_then(|other| nodes.get(other)) {
                    diag = diag.at(&other.loc, "");
                }
                self.diags.push(diag);
                None
            }
        }
    }

    /// A file that cannot be read or is not understood is never a calendar without holidays.
    fn holidays(&self, node: &Node, zone: &jiff::tz::TimeZone) -> Result<Holidays, Vec<Diag>> {
        let path = self.path(&owned(Some(node)));
        let named = |diag: Diag| diag.at(&node.loc, "the holiday file is named here");
        let limits = Limits { bytes: LARGEST, ..Limits::default() };
        let source = read_file(&path, &limits).map_err(|diag| {
            let help = diag.help.clone();
            let help =
                help.unwrap_or_else(|| "its path starts from the folder of the project file".to_owned());
            vec![named(diag).help(help)]
        })?;
        read(&source, zone).map_err(|diags| diags.into_iter().map(named).collect())
    }
}

/// The place of a piece of a text, or of all of it.
fn piece(loc: &Loc, piece: &str) -> Loc {
    let found = loc.text().find(piece).filter(|_| !piece.is_empty());
    found.map_or_else(
        || loc.clone(),
        |at| {
            let start = loc.start as usize + at;
            loc.with(start, start + piece.len())
        },
    )
}
