//! `data.schema`

use crate::fact::{Cause, Missing};
use crate::probe::{Ask, Context, Observing, Probe};

/// The body of `data.schema`.
pub(in crate::probe) struct Schema;

impl Probe for Schema {
    fn observe<'a>(&'a self, _: &'a Ask<'a>, _: &'a Context) -> Observing<'a> {
        Box::pin(async { Err(Missing::new(Cause::Unsupported, "not built yet")) })
    }
}
