//! Expressions, templates and scripts.
//!
//! Rhai parses; nothing of Rhai is evaluated for an expression. [`parse`] turns Rhai's tree into an [`ast::Ast`]
//! of our own, [`typing`] types it against the facts that probes declare and lowers it to [`Node`]s, and
//! [`eval`] evaluates those. What cannot be typed cannot be loaded.

pub mod aggregate;
pub mod ast;
pub mod env;
pub mod eval;
pub mod functions;
pub mod history;
pub mod mutate;
mod narrow;
pub mod node;
pub mod ops;
pub mod parse;
mod place;
mod quote;
pub mod script;
pub mod template;
pub mod trend;
pub mod typing;
mod version;

pub use env::{Binding, Env, Root};
pub use node::{Cmp, Node, Op, Rule};
pub use place::Text;

/// Places that cannot be null, and parts that are there, where the condition holds.
pub fn narrowed(condition: &Node) -> Vec<Root> {
    narrow::not_null(condition, true)
}
