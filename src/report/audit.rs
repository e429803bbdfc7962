//! An audit in its formats (in the making).
#![expect(missing_docs, reason = "in the making")]
use crate::audit::Audit;
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind { Quarterly, Weekly }
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CsvTable { Findings, Gaps, Exceptions }
pub fn html(audit: &Audit, _: Kind) -> String { json(audit) }
pub fn markdown(audit: &Audit, _: Kind) -> String { json(audit) }
pub fn csv(audit: &Audit, _: CsvTable) -> String { json(audit) }
pub fn json(audit: &Audit) -> String { serde_json::to_string_pretty(audit).unwrap_or_default() }
