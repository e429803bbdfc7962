//! Places in files as they are seen from the folder of the project.
//!
//! A replay is the same on any machine, wherever the project lies there.

use std::path::Path;

use crate::verdict::{Finding, Operand, Origin, RunReport};

/// A place without the folder of the project.
pub(super) fn of(at: &str, root: &Path) -> String {
    let inside = Path::new(at).strip_prefix(root).ok().and_then(Path::to_str);
    inside.filter(|_| !root.as_os_str().is_empty()).unwrap_or(at).to_owned()
}

/// All places of a report.
pub(super) fn inside(report: &mut RunReport, root: &Path) {
    let findings = report.checks.iter_mut().flat_map(|check| &mut check.findings).chain(&mut report.notices);
    for finding in findings {
        let Finding { at, operands, context, waiver, .. } = finding;
        *at = of(at, root);
        if let Some(waiver) = waiver {
            waiver.at = of(&waiver.at, root);
        }
        for Operand { origin, .. } in operands.iter_mut().chain(context) {
            if let Origin::Param { at, .. } = origin {
                *at = of(at, root);
            }
        }
    }
}
