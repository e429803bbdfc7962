//! Declarations of the `host` area.

use crate::fact::{Declared, Effect, ProbeDecl, Rows, Ty, ZeroRows, field};

/// `host.load`
pub(crate) static LOAD: ProbeDecl = ProbeDecl {
    name: "host.load",
    doc: "How many processes run or wait for a processor",
    targets: &["host"],
    params: &[],
    facts: &[field("one_minute", Ty::Float, "0.35", "average of the last minute, from `/proc/loadavg`")],
    declared: Declared::No,
    key: &[],
    rows: Rows::One,
    zero: ZeroRows::Suspicious,
    version: 1,
    effect: Effect::None,
    cost: "reads one small file of the kernel",
    locks: "none",
    feature: None,
};
