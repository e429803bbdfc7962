//! `host.load`: the load average of the kernel.

use crate::fact::{Cause, Missing, Value};
use crate::probe::{Answer, Ask, Context, Observing, Probe, blocking};

/// The body of `host.load`.
pub(crate) struct Load;

impl Probe for Load {
    fn observe<'a>(&'a self, ask: &'a Ask<'a>, _: &'a Context) -> Observing<'a> {
        Box::pin(async move {
            let load = blocking(read).await?;
            let mut table = ask.table();
            table.row().set("one_minute", Value::Float(load)).push();
            Ok(Answer::new(table.finish()))
        })
    }
}

fn read() -> Result<f64, Missing> {
    let unsupported =
        |error: std::io::Error| Missing::new(Cause::Unsupported, format!("/proc/loadavg: {error}"));
    let text = std::fs::read_to_string("/proc/loadavg").map_err(unsupported)?;
    let first = text.split(' ').next().and_then(|word| word.parse().ok());
    first.ok_or_else(|| Missing::new(Cause::Malformed, "/proc/loadavg begins with no number"))
}
