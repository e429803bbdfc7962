//! What rungs and ladders say, whatever their facts are read from: a row, or a point that two versions of a policy
//! are compared at.

use std::sync::Arc;

use crate::fact::Missing;
use crate::policy::{Ladder, Rung};
use crate::rule::Rule;
use crate::rule::eval::{Scope, holds};
use crate::rule::template::Template;
use crate::verdict::Verdict;

/// What was decided about a row.
pub struct Decision<'a> {
    /// The verdict.
    pub verdict: Verdict,
    /// The rule that decided, if one did.
    pub rule: Option<&'a Rule>,
    /// Its message.
    pub message: Option<&'a Template>,
    /// Why it is unknown.
    pub cause: Option<Arc<Missing>>,
    /// The text of a script.
    pub text: Option<String>,
}

/// `fail` true, else `fail` unknown, else `warn` true, else `warn` unknown.
pub fn decide<'a>(fail: &'a [Rung], warn: &'a [Rung], scope: &dyn Scope) -> Option<Decision<'a>> {
    rungs(fail, Verdict::Fail, scope).or_else(|| rungs(warn, Verdict::Warn, scope))
}

fn rungs<'a>(rungs: &'a [Rung], verdict: Verdict, scope: &dyn Scope) -> Option<Decision<'a>> {
    let mut unknown = None;
    for rung in rungs {
        match holds(&rung.rule.node, scope) {
            Ok(true) => {
                return Some(Decision {
                    verdict,
                    rule: Some(&rung.rule),
                    message: rung.message.as_ref(),
                    cause: None,
                    text: None,
                });
            }
            Ok(false) => {}
            Err(why) => {
                unknown = unknown.or(Some(Decision {
                    verdict: Verdict::Unknown,
                    rule: Some(&rung.rule),
                    message: None,
                    cause: Some(why),
                    text: None,
                }));
            }
        }
    }
    unknown
}

/// The first rung that holds; an unknown rung counts as the loudest of all.
pub fn climb<T: Copy + PartialOrd>(ladder: &Ladder<T>, scope: &dyn Scope) -> T {
    for (value, rule) in &ladder.rungs {
        match holds(&rule.node, scope) {
            Ok(true) => return *value,
            Ok(false) => {}
            Err(_) => {
                let all = ladder.rungs.iter().map(|(value, _)| *value);
                return all.fold(ladder.otherwise, |best, next| if next > best { next } else { best });
            }
        }
    }
    ladder.otherwise
}
