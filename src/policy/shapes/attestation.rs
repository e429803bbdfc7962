//! What a file of attestations may hold.

use crate::policy::shape::{MapShape, Shape, may, must};

/// A file: documents, each of which is one statement or a list of them.
pub const ATTESTATION_FILE: Shape =
    Shape::OneOf(&[Shape::Map(&ATTESTATION), Shape::ListOf(&Shape::Map(&ATTESTATION))]);

/// Words of results.
pub(crate) const RESULTS: &[&str] = &["holds", "fails"];

/// One statement.
pub static ATTESTATION: MapShape = MapShape {
    name: "an attestation",
    keys: &[
        must("attestation", Shape::Id, "what is attested: a short name such as `access-review`"),
        must("by", Shape::Id, "who says so, one of the project's owners"),
        must("at", Shape::Moment, "when it was attested; a date is its first moment, UTC"),
        must("looked_at", Shape::Prose, "what was looked at"),
        must("result", Shape::Words(RESULTS), "what was found"),
        may("evidence", Shape::ListOf(&Shape::Map(&EVIDENCE)), "what shows it"),
        may("no_evidence", Shape::Line, "in place of `evidence`: why there is none"),
        must("valid_until", Shape::Date, "the last day on which it counts, UTC"),
        may("note", Shape::Prose, "what else is to be said"),
    ],
};

/// One piece of evidence.
pub static EVIDENCE: MapShape = MapShape {
    name: "a piece of evidence",
    keys: &[
        must("link", Shape::Line, "a path below the project, or an address"),
        may("sha256", Shape::Line, "SHA-256 of its content, 64 hexadecimal digits"),
    ],
};
