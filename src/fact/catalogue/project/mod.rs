//! Declarations of what a project says of itself.

mod memory;

pub(super) use memory::{CHECKS, CONTROLS, EXCEPTIONS, FINDINGS, RUNS, TARGETS};

use crate::fact::{Declared, Effect, ProbeDecl, Rows, Ty, ZeroRows, field, param};

/// `attestation.latest`
pub(in crate::fact::catalogue) static LATEST: ProbeDecl = ProbeDecl {
    name: "attestation.latest",
    doc: "The newest statement of each topic that only a person can answer, and whether its evidence fits",
    targets: &["project"],
    params: &[param(
        "topics",
        Ty::Texts,
        "[access-review]",
        "only these topics; one that nobody ever attested has a row with `statements` 0 and nothing else",
    )],
    facts: &[
        field("topic", Ty::Text, "access-review", "what was attested"),
        field("by", Ty::Text, "team-platform", "who says so"),
        field("known_owner", Ty::Bool, "true", "`by` is among the owners of the project"),
        field("at", Ty::Time, "2026-10-05T09:00:00Z", "when it was attested; a date is its first moment, UTC"),
        field("valid_until", Ty::Date, "2027-01-05", "the last day on which it counts, UTC"),
        field("result", Ty::Enum(&["holds", "fails"]), "holds", "what was found"),
        field("looked_at", Ty::Text, "all accounts of all systems", "what was looked at"),
        field("evidence_count", Ty::Int, "1", "pieces of evidence"),
        field("evidence", Ty::Text, "evidence/accounts.csv", "the first of them: an address, or a path below the project")
            .null("none"),
        field("sha256", Ty::Text, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "the digest that the statement gives for it")
            .null("not given"),
        field("no_evidence", Ty::Text, "nothing is kept of it", "why there is none").null("there is evidence"),
        field(
            "evidence_state",
            Ty::Enum(&["fits", "elsewhere", "unpinned", "absent", "differs", "none"]),
            "fits",
            "the worst of all pieces: a file `fits` its digest, is `elsewhere` (an address, which is not read), `unpinned` \
             (without a digest), `absent`, `differs` from its digest; or there are `none`",
        )
        .costly(),
        field("evidence_fits", Ty::Int, "1", "files below the project whose content has the digest of the statement")
            .costly(),
        field("statements", Ty::Int, "4", "statements of this topic, the older ones included; 0 if it was asked for by name and nobody ever attested it"),
        field("note", Ty::Text, "two accounts were closed", "what else is said").null("nothing"),
        field("place", Ty::Text, "attestations/access-review.yaml:12", "file and line of the statement"),
    ],
    declared: Declared::No,
    key: &["topic"],
    rows: Rows::Many,
    zero: ZeroRows::Suspicious,
    version: 1,
    effect: Effect::None,
    cost: "reads the files of the project, and for the state of the evidence those that it names",
    locks: "none",
    feature: None,
};
