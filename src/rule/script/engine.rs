//! The engine: no packages, no modules, no output, no clock, and limits that are the same in every build.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use rhai::{Dynamic, Engine, LexError, OptimizationLevel, Position, Token};

use super::bridge::{Stop, words};
use super::{calls, operators, places};

/// Longest script, in bytes. Rhai counts lines and columns in 16 bits.
pub(super) const MAX_TEXT: usize = 60_000;
/// Longest text that a script may make, in bytes.
pub(super) const MAX_STRING: usize = 64 * 1024;
/// Longest list.
pub(super) const MAX_ARRAY: usize = 100_000;
/// Steps of one call.
pub(super) const MAX_OPERATIONS: u64 = 200_000;
/// Functions that call each other.
pub(super) const MAX_LEVELS: usize = 32;
/// Expressions within each other, in a function.
const MAX_DEPTH: usize = 32;
const MAX_MAP: usize = 1_000;
const MAX_VARIABLES: usize = 256;
const MAX_FUNCTIONS: usize = 64;
/// How often the wall time is looked at, in steps.
const EVERY: u64 = 32;

/// The one engine of the process.
pub(super) static ENGINE: LazyLock<Engine> = LazyLock::new(engine);

#[expect(
    deprecated,
    reason = "the token hook is marked volatile, not deprecated, and Rhai's version is pinned"
)]
fn engine() -> Engine {
    let mut engine = Engine::new_raw();
    engine
        .set_optimization_level(OptimizationLevel::None)
        .set_strict_variables(true)
        .set_allow_shadowing(false)
        .set_allow_anonymous_fn(false)
        .set_fail_on_invalid_map_property(true)
        .set_fast_operators(false)
        .set_max_strings_interned(0)
        .set_max_operations(MAX_OPERATIONS)
        .set_max_call_levels(MAX_LEVELS)
        .set_max_expr_depths(MAX_DEPTH, MAX_DEPTH)
        .set_max_string_size(MAX_STRING)
        .set_max_array_size(MAX_ARRAY)
        .set_max_map_size(MAX_MAP)
        .set_max_variables(MAX_VARIABLES)
        .set_max_functions(MAX_FUNCTIONS);
    engine.disable_symbol("eval");
    engine.on_parse_token(|token, _, _| match token {
        Token::Reserved(word) if word.as_str() == "null" => Token::Unit,
        Token::CharConstant(_) => Token::LexError(Box::new(LexError::MalformedChar(String::new()))),
        other => other,
    });
    engine.on_progress(|step| if step % EVERY == 0 { Call::late() } else { None });
    operators::register(&mut engine);
    calls::register(&mut engine);
    engine
}

/// What belongs to one call and cannot be given to Rhai's hooks.
pub(super) struct Call {
    start: Instant,
    allowed: Duration,
    null_tests: Arc<BTreeSet<(usize, usize)>>,
    /// The worst verdict that was made so far.
    worst: u8,
}

thread_local! {
    static CALL: RefCell<Option<Call>> = const { RefCell::new(None) };
}

impl Call {
    /// Runs something as a call.
    #[expect(clippy::disallowed_methods, reason = "wall time limits a script; it never reaches a verdict")]
    pub(super) fn run<T>(
        allowed: Duration,
        null_tests: &Arc<BTreeSet<(usize, usize)>>,
        work: impl FnOnce() -> T,
    ) -> T {
        let call = Self { start: Instant::now(), allowed, null_tests: Arc::clone(null_tests), worst: 0 };
        CALL.set(Some(call));
        let result = work();
        CALL.set(None);
        result
    }

    /// The reason to stop, if the time is over.
    fn late() -> Option<Dynamic> {
        CALL.with_borrow(|call| {
            let call = call.as_ref()?;
            (call.start.elapsed() >= call.allowed).then(|| {
                let what = format!("it took longer than {:?}", call.allowed);
                Dynamic::from(Stop::Words(what))
            })
        })
    }

    /// Is the comparison at this place one with a written `null`?
    pub(super) fn tests_null(position: Position) -> bool {
        let at = places::line_column(position);
        CALL.with_borrow(|call| call.as_ref().is_some_and(|call| call.null_tests.contains(&at)))
    }

    /// Remembers that a verdict was made.
    pub(super) fn made(rank: u8) {
        CALL.with_borrow_mut(|call| {
            if let Some(call) = call {
                call.worst = call.worst.max(rank);
            }
        });
    }

    /// The worst verdict that was made.
    pub(super) fn worst() -> u8 {
        CALL.with_borrow(|call| call.as_ref().map_or(0, |call| call.worst))
    }
}

/// The error for a text that is too long.
pub(super) fn bounded(text: String) -> Result<Dynamic, Box<rhai::EvalAltResult>> {
    if text.len() > MAX_STRING {
        return Err(words("a text grew over 64 KiB"));
    }
    Ok(text.into())
}
