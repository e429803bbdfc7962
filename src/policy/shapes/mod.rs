//! The shapes of policy, project, framework and case files.

mod attestation;
mod cases;
mod framework;
mod policy;
mod project;

use super::shape::Shape;

pub use attestation::{ATTESTATION, ATTESTATION_FILE, EVIDENCE};
pub use cases::{CASE, CASE_FILE, CASE_TARGET, CASES, CAUSES, EXPECTED};
pub use framework::{CONTROL, FRAMEWORK, GROUP};
pub use policy::{ALERT, FACT_MAP, OBSERVE, PARAM, POLICY, REMEDY, RUNG_MAP, SELECTOR, STEP};
pub(crate) use project::OF_A_PROJECT;
pub use project::{
    DATABASES, ENVIRONMENT, HOUSE_RULE, LIMITS, LINTS, OVERRIDE, PROJECT, SECRET, STORE, TARGET, TLS, WAIVER,
};

const TEXTS: Shape = Shape::ListOf(&Shape::Line);
const LABELS: Shape = Shape::MapOf(&Shape::Name, &Shape::Line);
