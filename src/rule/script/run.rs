//! One call of a script, and why it gave no verdict.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use rhai::{CallFnOptions, Dynamic, EvalAltResult, Position, Scope};

use super::bridge::{Around, Object, Raised, Rows, Stop, kind};
use super::calls::rank;
use super::engine::{Call, ENGINE, MAX_LEVELS, MAX_OPERATIONS};
use super::{Script, ScriptInput, ScriptVerdict};
use crate::fact::{Cause, Level, Missing};

/// Room for the deepest calls that the limits allow, also without optimisation, where Rhai's frames are large.
const STACK: usize = 64 * 1024 * 1024;

pub(super) fn judge(script: &Script, input: &ScriptInput<'_>) -> Result<ScriptVerdict, Arc<Missing>> {
    let arguments = arguments(script, input);
    let work = || one_call(script, input, arguments);
    if !script.nests {
        return work();
    }
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().name("script".to_owned()).stack_size(STACK);
        let ended = thread.spawn_scoped(scope, work).map(std::thread::ScopedJoinHandle::join);
        match ended {
            Ok(Ok(verdict)) => verdict,
            Ok(Err(_)) => Err(broken()),
            Err(error) => Err(missing(format!("the script got no thread to run in: {error}"))),
        }
    })
}

fn one_call(
    script: &Script,
    input: &ScriptInput<'_>,
    arguments: (Dynamic, Dynamic),
) -> Result<ScriptVerdict, Arc<Missing>> {
    Call::run(input.deadline, &script.null_tests, || match guarded(|| call(script, arguments))? {
        Ok(value) => verdict(script, &value),
        Err(error) => Err(reason(script, &error)),
    })
}

/// A panic inside the engine is the fault of one script, not the end of the run.
pub(super) fn guarded<T>(work: impl FnOnce() -> T) -> Result<T, Arc<Missing>> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|_panic| broken())
}

fn broken() -> Arc<Missing> {
    missing("the script engine broke down; this is a fault of muster".to_owned())
}

fn arguments(script: &Script, input: &ScriptInput<'_>) -> (Dynamic, Dynamic) {
    let rows = |cells| Arc::new(Rows { schema: Arc::clone(input.schema), cells, now: input.now });
    let row = Object::Row(rows(vec![input.row.into()]), 0);
    let all = if script.uses_rows { input.rows.to_vec() } else { Vec::new() };
    let around = Around {
        params: input.params.to_vec(),
        name: input.target_name.into(),
        kind: input.target_kind.into(),
        labels: input.labels.clone(),
        rows: rows(all),
    };
    (Dynamic::from(row), Dynamic::from(Object::Ctx(Arc::new(around))))
}

fn call(script: &Script, arguments: (Dynamic, Dynamic)) -> Result<Dynamic, Raised> {
    let options = CallFnOptions::new().eval_ast(false);
    ENGINE.call_fn_with_options(options, &mut Scope::new(), &script.ast, "judge", arguments)
}

fn missing(what: String) -> Arc<Missing> {
    Arc::new(Missing::new(Cause::Script, what).level(Level::Row))
}

fn verdict(script: &Script, value: &Dynamic) -> Result<ScriptVerdict, Arc<Missing>> {
    let Some(verdict) = value.read_lock::<ScriptVerdict>() else {
        let place = script.places.at(Position::NONE);
        let what = format!("the script at {place} ended with {} instead of a verdict", kind(value));
        let fix = "let every path of `judge` return `pass()`, `warn(…)` or `fail(…)`";
        return Err(Arc::new(Missing::new(Cause::Script, what).level(Level::Row).fix(fix)));
    };
    if rank(&verdict) < Call::worst() {
        let place = script.places.at(Position::NONE);
        let what = format!("the script at {place} made a worse verdict than the one that it returned");
        let fix = "return the verdict where it is made: `return fail(…)`";
        return Err(Arc::new(Missing::new(Cause::Script, what).level(Level::Row).fix(fix)));
    }
    Ok(verdict.clone())
}

/// The innermost error of calls within calls.
fn innermost(error: &EvalAltResult) -> (&EvalAltResult, Position) {
    let mut current = error;
    let mut position = error.position();
    while let EvalAltResult::ErrorInFunctionCall(_, _, inner, _) = current {
        current = inner;
        if !inner.position().is_none() {
            position = inner.position();
        }
    }
    (current, position)
}

fn reason(script: &Script, error: &EvalAltResult) -> Arc<Missing> {
    let (error, position) = innermost(error);
    let what = match error {
        EvalAltResult::ErrorTerminated(token, _) | EvalAltResult::ErrorRuntime(token, _) => {
            match token.read_lock::<Stop>().as_deref() {
                Some(Stop::Missing(missing)) => return Arc::clone(missing),
                Some(Stop::Words(what)) => what.clone(),
                None => "it was stopped".to_owned(),
            }
        }
        EvalAltResult::ErrorTooManyOperations(_) => format!("it took more than {MAX_OPERATIONS} steps"),
        EvalAltResult::ErrorStackOverflow(_) => format!("its calls nest deeper than {MAX_LEVELS}"),
        EvalAltResult::ErrorDataTooLarge(_, _) => "a value grew too large".to_owned(),
        EvalAltResult::ErrorFunctionNotFound(call, _) => format!("no function takes these values: `{call}`"),
        EvalAltResult::ErrorDotExpr(what, _) | EvalAltResult::ErrorIndexingType(what, _) => {
            format!("a name or index is read of something that has none: {}", lower(what))
        }
        EvalAltResult::ErrorFor(_) => "a loop goes over whole numbers, a list or `ctx.rows`".to_owned(),
        EvalAltResult::ErrorMismatchDataType(wanted, found, _) => {
            format!("{wanted} is needed, and this is {}", name(found))
        }
        other => lower(&other.to_string()),
    };
    let place = script.places.at(position);
    missing(format!("the script at {place} could not go on: {what}"))
}

/// A type of Rhai in words.
fn name(found: &str) -> &str {
    match found {
        "()" => "null",
        other => other.rsplit("::").next().unwrap_or(other),
    }
}

fn lower(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_lowercase().chain(chars).collect())
}
