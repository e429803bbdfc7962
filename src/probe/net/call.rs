//! One call of a service that may change something, for probes that the project allows to.

use reqwest::Method;
use tokio::time::Instant;

use super::exchange::{Call, Exchange};
use super::fault;
use crate::fact::Missing;
use crate::probe::Context;

/// What was replied.
#[derive(Debug)]
pub(in crate::probe) struct Replied {
    /// The status.
    pub(in crate::probe) status: u16,
    /// The body, as far as it is text.
    pub(in crate::probe) body: String,
}

/// Calls a path of the target, with one header of ours.
pub(in crate::probe) async fn call(
    method: &str,
    path: &str,
    own: (&str, &str),
    cx: &Context,
    end: Instant,
) -> Result<Replied, Missing> {
    let method = method
        .parse::<Method>()
        .map_err(|error| fault::argument(format!("`{method}` is no method of HTTP: {error}")))?;
    let call = Call::of_target(method, path, own, cx, end)?;
    let Exchange { response, url, .. } = call.send(cx).await?;
    let status = response.status().as_u16();
    let body = call.body(response, &url).await?;
    Ok(Replied { status, body: String::from_utf8_lossy(&body).into_owned() })
}
