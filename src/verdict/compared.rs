//! A number that a rule held against a limit.

use std::sync::Arc;

use crate::fact::{Type, Value, show, show_apart};

/// A number that a rule held against a limit when it decided, and in which direction it is worse.
#[derive(Clone, Debug, PartialEq)]
pub struct Compared {
    /// What was compared, as the rule writes it.
    pub what: Arc<str>,
    /// The number.
    pub value: Value,
    /// Its type.
    pub ty: Type,
    /// What it was held against.
    pub limit: Value,
    /// The type of that.
    pub limit_ty: Type,
    /// Does the rule hold for what is higher?
    pub rising: bool,
    /// Does the limit depend on nothing that is observed, nor on the time?
    pub fixed: bool,
}

impl Compared {
    /// The number, with as many digits as it takes to differ from its limit and from another one.
    pub fn shown(&self, other: Option<&Self>) -> String {
        let shown = show_apart(&self.value, &self.limit, &self.ty);
        match other {
            Some(other) if other.value != self.value && shown == other.shown(None) => {
                show_apart(&self.value, &other.value, &self.ty)
            }
            _ => shown,
        }
    }

    /// The limit.
    pub fn limit(&self) -> String {
        show(&self.limit, &self.limit_ty)
    }

    /// How far this is on the bad side of an earlier one; below zero if it is better, and none if the two cannot be told
    /// apart: they are of other types, or the rule holds in the other direction now.
    ///
    /// Where the limit is the same in every run, or moved by hand, the numbers count. Where it is observed too, or moves with
    /// the time, the distance to it counts.
    pub fn beyond(&self, earlier: &Self) -> Option<f64> {
        if self.rising != earlier.rising || self.ty.base() != earlier.ty.base() {
            return None;
        }
        let number = |one: &Self| {
            let value = one.value.as_float()?;
            if self.fixed && earlier.fixed { Some(value) } else { Some(value - one.limit.as_float()?) }
        };
        let moved = number(self)? - number(earlier)?;
        Some(if self.rising { moved } else { -moved }).filter(|moved| !moved.is_nan())
    }
}
