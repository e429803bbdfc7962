//! Policies, projects and cases: their shape, decoding and resolution.
//!
//! [`shape`] declares what each file may hold; decoding and the JSON Schemas both walk those declarations, so
//! they cannot disagree. [`decode`] then types what is structurally right.

pub mod attestations;
pub mod calendar;
pub mod cases;
pub mod check;
pub mod cores;
pub mod decode;
pub mod form;
pub mod frameworks;
pub mod hide;
pub mod library;
pub mod limits;
pub mod literal;
pub mod load;
pub mod model;
mod nodes;
pub mod project;
pub mod same;
pub mod schema;
pub mod shape;
pub mod shapes;
pub mod shelf;

pub use calendar::Calendar;
pub use load::{Loaded, Origin as PolicyOrigin};
pub use model::{
    Alert, Also, Expect, Group, Join, Ladder, Observe, Param, Policy, Rung, Selector, StepTemplate, Tier,
    View, ViewKind,
};
pub use project::{Environment, HouseRule, LintSettings, Override, Project, TargetEntry, Waiver};
