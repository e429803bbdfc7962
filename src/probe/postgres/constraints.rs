//! `postgres.constraints`: whether they hold for all rows, and for new ones.

use super::reading::{Part, Reading, When};

/// The body of `postgres.constraints`.
pub(in crate::probe) static CONSTRAINTS: Reading = Reading {
    parts: &[
        Part { name: "analyzed", when: &[When::Since(14)], sql: "true", otherwise: "false", facts: &[] },
        Part {
            name: "enforced",
            when: &[When::Since(18)],
            sql: "k.conenforced",
            otherwise: "true",
            facts: &[],
        },
    ],
    ..Reading::each(include_str!("queries/constraints.sql"))
};
