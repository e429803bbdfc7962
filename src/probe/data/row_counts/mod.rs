//! `data.row_counts`

use crate::fact::{Cause, Missing};
use crate::probe::{Ask, Context, Observing, Probe};

/// The body of `data.row_counts`.
pub(in crate::probe) struct RowCounts;

impl Probe for RowCounts {
    fn observe<'a>(&'a self, _: &'a Ask<'a>, _: &'a Context) -> Observing<'a> {
        Box::pin(async { Err(Missing::new(Cause::Unsupported, "not built yet")) })
    }
}
