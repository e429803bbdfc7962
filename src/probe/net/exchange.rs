//! One HTTP request with its redirects, and the body of its answer.
//!
//! Secrets go to the origin that was asked and nowhere else: a redirect to another one is followed without
//! the target's headers, its password and the headers of the policy.

use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue, LOCATION};
use reqwest::{Client, Method, Response, redirect};
use tokio::time::{Instant, timeout_at};
use url::Url;

use super::endpoint::cutoff;
use super::{fault, tls};
use crate::fact::{Cause, Missing, Request};
use crate::probe::{Context, Target};
use crate::secret::Secret;

/// What is asked, made from arguments and target.
pub(super) struct Call {
    method: Method,
    /// Without user and password.
    pub(super) url: Url,
    headers: HeaderMap,
    user: Option<(String, Option<Secret>)>,
    follow: u64,
    max_body: u64,
    end: Instant,
    within: Duration,
}

/// The head of the last answer.
pub(super) struct Exchange {
    /// The answer, whose body is not read yet.
    pub(super) response: Response,
    /// Who gave it.
    pub(super) url: Url,
    /// How many redirects led there.
    pub(super) redirects: u64,
}

impl Call {
    /// Reads arguments and target.
    pub(super) fn new(request: &Request, cx: &Context) -> Result<Self, Missing> {
        let (mut url, own) = address(request, &cx.target)?;
        let user = (own && !url.username().is_empty())
            .then(|| (decoded(url.username()), cx.target.password.clone()));
        strip(&mut url);
        url.set_fragment(None);
        let mut headers = given(&request.args.texts("headers"))?;
        if own {
            secret(&mut headers, &cx.target)?;
        }
        let method = if request.args.text("method") == Some("HEAD") { Method::HEAD } else { Method::GET };
        let number = |name: &str| {
            let given = request.args.int(name).unwrap_or(0);
            u64::try_from(given)
                .map_err(|_negative| fault::argument(format!("`{name}: {given}` is negative")))
        };
        Ok(Self {
            method,
            url,
            headers,
            user,
            follow: number("follow")?,
            max_body: number("max_body")?,
            end: cutoff(cx),
            within: cutoff(cx).saturating_duration_since(Instant::now()),
        })
    }

    /// Such a call of a path of the target, with its secrets, which is not redirected.
    pub(super) fn of_target(
        method: Method,
        path: &str,
        own: (&str, &str),
        cx: &Context,
        end: Instant,
    ) -> Result<Self, Missing> {
        let base = cx.target.url.as_ref().filter(|url| matches!(url.scheme(), "http" | "https"));
        let base = base.ok_or_else(|| {
            let what = format!("the target `{}` has no address that speaks HTTP", cx.target.name);
            fault::argument(what).fix("give it a `url` that begins with `http://` or `https://`")
        })?;
        let mut url = with_path(base, path)?;
        let user =
            (!url.username().is_empty()).then(|| (decoded(url.username()), cx.target.password.clone()));
        strip(&mut url);
        url.set_fragment(None);
        let mut headers = given(&[format!("{}: {}", own.0, own.1).into()])?;
        secret(&mut headers, &cx.target)?;
        let within = end.saturating_duration_since(Instant::now());
        Ok(Self { method, url, headers, user, follow: 0, max_body: 64 * 1024, end, within })
    }

    /// Host and port, for messages.
    pub(super) fn peer(url: &Url) -> String {
        let port = url.port_or_known_default().unwrap_or(0);
        format!("{}:{port}", url.host_str().unwrap_or(""))
    }

    /// Asks, and follows redirects as far as it may.
    pub(super) async fn send(&self, cx: &Context) -> Result<Exchange, Missing> {
        let client = client(cx).await?;
        let (mut url, mut redirects) = (self.url.clone(), 0);
        loop {
            let response = self.one(&client, &url).await?;
            match next(&response, &url) {
                Some(next) if redirects < self.follow => (url, redirects) = (next, redirects + 1),
                _ => return Ok(Exchange { response, url, redirects }),
            }
        }
    }

    async fn one(&self, client: &Client, url: &Url) -> Result<Response, Missing> {
        let mut request = client.request(self.method.clone(), url.clone());
        if url.origin() == self.url.origin() {
            request = request.headers(self.headers.clone());
            if let Some((user, password)) = &self.user {
                request = request.basic_auth(user, password.as_ref().map(Secret::expose));
            }
        }
        let peer = Self::peer(url);
        match timeout_at(self.end, request.send()).await {
            Ok(answer) => answer.map_err(|error| fault::of_http(error, &peer)),
            Err(_elapsed) => Err(fault::timeout(&peer, "the answer's headers", self.within)),
        }
    }

    /// The whole body, or why there is none.
    pub(super) async fn body(&self, mut response: Response, url: &Url) -> Result<Vec<u8>, Missing> {
        let peer = Self::peer(url);
        let mut body = Vec::new();
        if self.method != Method::HEAD
            && response.content_length().is_some_and(|length| length > self.max_body)
        {
            return Err(self.too_long(&peer));
        }
        loop {
            let chunk = match timeout_at(self.end, response.chunk()).await {
                Ok(chunk) => chunk.map_err(|error| of_body(error, &peer))?,
                Err(_elapsed) => return Err(fault::timeout(&peer, "the answer's body", self.within)),
            };
            let Some(chunk) = chunk else { return Ok(body) };
            if (body.len() + chunk.len()) as u64 > self.max_body {
                return Err(self.too_long(&peer));
            }
            body.extend_from_slice(&chunk);
        }
    }

    fn too_long(&self, peer: &str) -> Missing {
        let what = format!("the body of {peer} is longer than `max_body`, {} bytes", self.max_body);
        fault::row(Cause::Incomplete, what).fix("raise `max_body`, or ask for less")
    }
}

/// A connection that breaks within a body has cut it.
fn of_body(error: reqwest::Error, peer: &str) -> Missing {
    let mut why = fault::of_http(error, peer);
    if why.cause == Cause::Unreachable {
        why.cause = Cause::Incomplete;
    }
    why
}

/// The address that is asked, and whether it is the target's own, which gets its secrets.
fn address(request: &Request, target: &Target) -> Result<(Url, bool), Missing> {
    let path = request.args.text("path");
    let (base, own) = match (&target.url, request.args.text("url")) {
        (Some(own), None) => (own.clone(), true),
        (None, Some(text)) => (parsed(text)?, false),
        (Some(_), Some(_)) => {
            return Err(fault::argument("`url` is given, and the target has an address of its own")
                .fix("write `path` instead, or ask a target of type host"));
        }
        (None, None) => {
            return Err(Missing::new(Cause::Empty, "no `url` is given and the target has no address")
                .fix("write `with: { url: https://… }`"));
        }
    };
    if !matches!(base.scheme(), "http" | "https") || base.host().is_none() {
        let what = format!("an address of scheme `{}` does not speak HTTP", base.scheme());
        return Err(fault::argument(what).fix("give an address that begins with `http://` or `https://`"));
    }
    match path {
        None => Ok((base, own)),
        Some(path) => Ok((with_path(&base, path)?, own)),
    }
}

fn parsed(text: &str) -> Result<Url, Missing> {
    let url =
        Url::parse(text).map_err(|error| fault::argument(format!("`url` is not an address: {error}")))?;
    if url.password().is_some() || !url.username().is_empty() {
        return Err(fault::argument("`url` holds a user or password, which would be recorded").fix(
            "make it a target of type service, with `password: { env: NAME }` or `headers`, and give only `path`",
        ));
    }
    Ok(url)
}

/// The path within the same origin: another host there would get the target's secrets.
fn with_path(base: &Url, path: &str) -> Result<Url, Missing> {
    let joined = base.join(path).ok().filter(|url| url.origin() == base.origin() && path.starts_with('/'));
    let mut url = joined.ok_or_else(|| {
        fault::argument(format!("`path: {path}` is not a path"))
            .fix("begin it with one `/`: `/health?full=1`")
    })?;
    // Joining keeps neither user nor password where the path is absolute.
    let kept = url.set_username(base.username()).and_then(|()| url.set_password(base.password()));
    kept.map_err(|()| fault::argument("the target's address cannot carry a user"))?;
    Ok(url)
}

fn decoded(user: &str) -> String {
    let pair = format!("u={}", user.replace('+', "%2B"));
    url::form_urlencoded::parse(pair.as_bytes()).map(|(_, value)| value.into_owned()).collect()
}

/// Takes user and password out of an address.
pub(super) fn strip(url: &mut Url) {
    // An address that cannot have them has none.
    let _without = url.set_username("");
    let _without = url.set_password(None);
}

fn given(texts: &[std::sync::Arc<str>]) -> Result<HeaderMap, Missing> {
    let mut headers = HeaderMap::new();
    for text in texts {
        let pair = text.split_once(':').and_then(|(name, value)| {
            Some((name.trim().parse::<HeaderName>().ok()?, HeaderValue::from_str(value.trim()).ok()?))
        });
        let (name, value) = pair.ok_or_else(|| {
            let name = text.split(':').next().unwrap_or("");
            fault::argument(format!("the header `{name}` is not of the form `Name: value`"))
        })?;
        headers.append(name, value);
    }
    Ok(headers)
}

fn secret(headers: &mut HeaderMap, target: &Target) -> Result<(), Missing> {
    for (name, secret) in &target.headers {
        let pair = name.parse::<HeaderName>().ok().zip(HeaderValue::from_str(secret.expose()).ok());
        let (parsed, mut value) = pair.ok_or_else(|| {
            fault::argument(format!(
                "the target's header `{name}` has a name or value that HTTP does not allow"
            ))
            .fix("see that the secret is one line without control characters")
        })?;
        value.set_sensitive(true);
        headers.insert(parsed, value);
    }
    Ok(())
}

/// A client for this one observation: its connections are its own, so that times include connecting.
pub(super) async fn client(cx: &Context) -> Result<Client, Missing> {
    let files = &cx.target.tls;
    let mut config = tls::client(files, tls::verifier(files).await?).await?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let built = Client::builder()
        .no_proxy()
        .redirect(redirect::Policy::none())
        .referer(false)
        .retry(reqwest::retry::never())
        .user_agent(concat!("muster/", env!("CARGO_PKG_VERSION")))
        .tls_backend_preconfigured(config)
        .build();
    built.map_err(|error| {
        Missing::new(Cause::Internal, format!("HTTP cannot be set up: {}", error.without_url()))
    })
}

/// Where a redirect leads, if it is one that can be followed.
fn next(response: &Response, url: &Url) -> Option<Url> {
    if !matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
        return None;
    }
    let mut next = url.join(response.headers().get(LOCATION)?.to_str().ok()?).ok()?;
    strip(&mut next);
    next.set_fragment(None);
    matches!(next.scheme(), "http" | "https").then_some(next)
}
