//! `postgres.setting_overrides`: settings of databases and roles.

use super::reading::{Fault, Reading};
use crate::fact::{Cause, Level};

/// The body of `postgres.setting_overrides`.
pub(in crate::probe) static SETTING_OVERRIDES: Reading = Reading {
    faults: &[Fault {
        column: "secret",
        facts: &["value"],
        cause: Cause::Absent,
        level: Level::Row,
        what: "{name} is an application's own or may hold a password, so it is never recorded",
        fix: "",
    }],
    ..Reading::server(include_str!("queries/setting_overrides.sql"))
};
