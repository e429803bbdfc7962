//! Objects of a store that speaks S3. A request that fails is a fault, and never fewer objects; none is tried twice,
//! so that a page is not counted twice.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use reqwest::{Client, Method, Response, StatusCode};
use rusty_s3::actions::ListObjectsV2;
use rusty_s3::{Credentials, S3Action, UrlStyle};
use tokio::time::{Instant, timeout_at};
use url::Url;

use super::endpoint::cutoff;
use super::exchange::client;
use super::fault;
use crate::fact::{Cause, Level, Missing};
use crate::probe::{Clock, Context};

/// How long a signature holds.
const HOLDS: Duration = Duration::from_mins(10);

/// A page of a listing may not fill the memory.
const PAGE: usize = 16 << 20;

/// One bucket, below a prefix.
pub(in crate::probe) struct Bucket {
    client: Client,
    place: rusty_s3::Bucket,
    credentials: Option<Credentials>,
    prefix: String,
    peer: String,
    clock: Arc<dyn Clock>,
    end: Instant,
    within: Duration,
}

/// One object of a listing.
pub(in crate::probe) struct Object {
    /// Its key below the prefix.
    pub(in crate::probe) key: String,
    pub(in crate::probe) size: u64,
    /// Its entity tag, without quotes.
    pub(in crate::probe) tag: Option<String>,
    pub(in crate::probe) modified: Option<Timestamp>,
}

/// Some objects, and where the next ones begin.
pub(in crate::probe) struct Page {
    pub(in crate::probe) objects: Vec<Object>,
    pub(in crate::probe) next: Option<String>,
}

/// What is known of one object.
pub(in crate::probe) struct Head {
    pub(in crate::probe) size: u64,
    pub(in crate::probe) tag: Option<String>,
    /// Encrypted with a key of its own: the tag is no digest of the content.
    pub(in crate::probe) encrypted: bool,
}

impl Bucket {
    /// Makes a client for the target of this context; nothing is asked yet.
    pub(in crate::probe) async fn open(cx: &Context, prefix: Option<&str>) -> Result<Self, Missing> {
        let target = &cx.target;
        let wrong = |what: String| cx.missing(Cause::Malformed, what).level(Level::Target);
        let Some(url) = &target.url else { return Err(wrong("the bucket has no address".to_owned())) };
        let path = percent_encoding::percent_decode_str(url.path()).decode_utf8();
        let path = path.map_err(|error| wrong(format!("the path of the address is no text: {error}")))?;
        let (name, rest) =
            path.trim_start_matches('/').split_once('/').unwrap_or((path.trim_matches('/'), ""));
        if name.is_empty() {
            return Err(
                wrong("the address names no bucket".to_owned()).fix("write `url: https://host/bucket`")
            );
        }
        let mut whole = String::new();
        for part in [rest, prefix.unwrap_or("")].iter().map(|part| part.trim_matches('/')) {
            if !part.is_empty() {
                whole.push_str(part);
                whole.push('/');
            }
        }
        let mut endpoint = url.clone();
        endpoint.set_path("/");
        let style = if target.virtual_host { UrlStyle::VirtualHost } else { UrlStyle::Path };
        let region = target.region.clone().unwrap_or_else(|| "us-east-1".to_owned());
        let place = rusty_s3::Bucket::new(endpoint, style, name.to_owned(), region)
            .map_err(|error| wrong(format!("the address cannot be that of a bucket: {error}")))?;
        let credentials = match (&target.access_key, &target.password) {
            (Some(key), Some(secret)) => Some(Credentials::new(key.expose(), secret.expose())),
            _ => None,
        };
        let peer = format!("{}/{name}", url.host_str().unwrap_or(""));
        let (clock, end) = (Arc::clone(&cx.clock), cutoff(cx));
        let within = end.saturating_duration_since(Instant::now());
        Ok(Self { client: client(cx).await?, place, credentials, prefix: whole, peer, clock, end, within })
    }

    /// Who it is.
    pub(in crate::probe) fn name(&self) -> String {
        format!("{}/{}", self.peer, self.prefix).trim_end_matches('/').to_owned()
    }

    fn url<'a>(&'a self, action: &impl S3Action<'a>) -> Url {
        action.sign_with_time(HOLDS, &self.clock.now())
    }

    fn key(&self, key: &str) -> String {
        format!("{}{key}", self.prefix)
    }

    async fn send(&self, method: Method, url: Url) -> Result<Response, Missing> {
        match timeout_at(self.end, self.client.request(method, url).send()).await {
            Ok(answer) => answer.map_err(|error| fault::of_http(error, &self.peer).level(Level::Probe)),
            Err(_elapsed) => Err(fault::timeout(&self.peer, "an answer", self.within).level(Level::Probe)),
        }
    }

    /// Is the bucket there? Without the right to list it, single objects may be there all the same.
    pub(in crate::probe) async fn check(&self) -> Result<(), Missing> {
        let action = self.place.head_bucket(self.credentials.as_ref());
        let response = self.send(Method::HEAD, self.url(&action)).await?;
        match response.status() {
            status if status.is_success() || status == StatusCode::FORBIDDEN => Ok(()),
            StatusCode::NOT_FOUND => Err(self.no_bucket()),
            status => Err(self.refused(status, "", "s3:ListBucket")),
        }
    }

    /// Is an object that cannot be there not there? A server that has a page for every address would have every file.
    pub(in crate::probe) async fn check_absent(&self) -> Result<(), Missing> {
        let key = format!("muster-no-such-object-{}", self.clock.now().as_nanosecond());
        match self.head(&key).await {
            Ok(None) => Ok(()),
            // Who may not list is not told.
            Err(why) if why.cause == Cause::Denied => Ok(()),
            Err(why) => Err(why),
            Ok(Some(_)) => {
                let what = format!("{} has an object of a name that was just invented", self.peer);
                let why = Missing::new(Cause::Malformed, what).level(Level::Target);
                Err(why.fix("see whether the address is that of a store that speaks S3"))
            }
        }
    }

    /// One page of a listing, from the place where the last one ended.
    pub(in crate::probe) async fn page(&self, from: Option<&str>) -> Result<Page, Missing> {
        let mut action = self.place.list_objects_v2(self.credentials.as_ref());
        if !self.prefix.is_empty() {
            action.with_prefix(self.prefix.as_str());
        }
        if let Some(token) = from {
            action.with_continuation_token(token);
        }
        let response = self.send(Method::GET, self.url(&action)).await?;
        let status = response.status();
        let body = self.body(response).await?;
        if !status.is_success() {
            return Err(self.refused(status, &body, "s3:ListBucket"));
        }
        let malformed =
            |what: String| Missing::new(Cause::Malformed, format!("{}: the listing {what}", self.peer));
        // Whether there is more must be said: without it a part would pass for the whole.
        if !matches!(between(&body, "<IsTruncated>", "</IsTruncated>"), Some("true" | "false")) {
            return Err(malformed("does not say whether it is whole".to_owned()));
        }
        let parsed = ListObjectsV2::parse_response(&body)
            .map_err(|error| malformed(format!("is not one: {error}")))?;
        if !parsed.common_prefixes.is_empty() {
            return Err(malformed("tells groups of objects in place of them".to_owned()));
        }
        let mut objects = Vec::with_capacity(parsed.contents.len());
        for found in parsed.contents {
            let key = found.key.strip_prefix(&self.prefix).map(str::to_owned);
            let (Some(key), Some(size)) = (key, found.size) else {
                return Err(malformed("holds an object without size, or outside the prefix".to_owned()));
            };
            let modified = found.last_modified.and_then(|text| text.parse().ok());
            objects.push(Object { key, size, tag: found.etag.map(|tag| bare(&tag)), modified });
        }
        Ok(Page { objects, next: parsed.next_continuation_token })
    }

    async fn body(&self, mut response: Response) -> Result<String, Missing> {
        let mut body = Vec::new();
        while let Some(chunk) = self.chunk(&mut response).await? {
            if body.len() + chunk.len() > PAGE {
                let what = format!("{}: an answer is longer than 16 MiB", self.peer);
                return Err(Missing::new(Cause::Limit, what));
            }
            body.extend_from_slice(&chunk);
        }
        let wrong = |_error| Missing::new(Cause::Malformed, format!("{}: an answer is no text", self.peer));
        String::from_utf8(body).map_err(wrong)
    }

    async fn chunk(
        &self,
        response: &mut Response,
    ) -> Result<Option<impl AsRef<[u8]> + std::ops::Deref<Target = [u8]> + use<>>, Missing> {
        match timeout_at(self.end, response.chunk()).await {
            Ok(chunk) => chunk.map_err(|error| {
                let mut why = fault::of_http(error, &self.peer).level(Level::Probe);
                if why.cause == Cause::Unreachable {
                    why.cause = Cause::Incomplete;
                }
                why
            }),
            Err(_elapsed) => Err(fault::timeout(&self.peer, "an answer", self.within).level(Level::Probe)),
        }
    }

    /// What is known of an object; nothing if there is none.
    pub(in crate::probe) async fn head(&self, key: &str) -> Result<Option<Head>, Missing> {
        let key = self.key(key);
        if !has_address(&key) {
            return Ok(None);
        }
        let action = self.place.head_object(self.credentials.as_ref(), &key);
        let response = self.send(Method::HEAD, self.url(&action)).await?;
        let status = response.status();
        if status == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        if !status.is_success() {
            return Err(self.refused(status, "", "s3:GetObject and s3:ListBucket"));
        }
        let text = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok());
        let size = text("content-length").and_then(|text| text.parse().ok()).ok_or_else(|| {
            Missing::new(Cause::Malformed, format!("{}: an object without a length", self.peer))
        })?;
        let own_key = text("x-amz-server-side-encryption").is_some_and(|how| how.starts_with("aws:"));
        let encrypted = own_key || text("x-amz-server-side-encryption-customer-algorithm").is_some();
        Ok(Some(Head { size, tag: text("etag").map(bare), encrypted }))
    }

    /// Reads an object; false if there is none.
    pub(in crate::probe) async fn read(
        &self,
        key: &str,
        mut take: impl FnMut(&[u8]),
    ) -> Result<bool, Missing> {
        let key = self.key(key);
        if !has_address(&key) {
            let what = format!("{}: no address can name the object `{key}`", self.peer);
            return Err(Missing::new(Cause::Unsupported, what));
        }
        let action = self.place.get_object(self.credentials.as_ref(), &key);
        let mut response = self.send(Method::GET, self.url(&action)).await?;
        let status = response.status();
        if status == StatusCode::NOT_FOUND {
            return Ok(false);
        }
        if !status.is_success() {
            let body = self.body(response).await?;
            return Err(self.refused(status, &body, "s3:GetObject"));
        }
        while let Some(chunk) = self.chunk(&mut response).await? {
            take(&chunk);
        }
        Ok(true)
    }

    fn no_bucket(&self) -> Missing {
        let why = Missing::new(Cause::Absent, format!("there is no bucket at {}", self.peer));
        why.level(Level::Target).fix("correct host and bucket of the target's address")
    }

    /// What a refusal means, by its status and its own word.
    fn refused(&self, status: StatusCode, body: &str, right: &str) -> Missing {
        let word = between(body, "<Code>", "</Code>").unwrap_or_default();
        let shown = if word.is_empty() { String::new() } else { format!(": {word}") };
        let what = format!("{} answered {status}{shown}", self.peer);
        let why =
            |cause, level, fix: &str| Missing::new(cause, what.clone()).level(level).fix(fix.to_owned());
        match (status.as_u16(), word) {
            (_, "NoSuchBucket") => self.no_bucket(),
            (_, "InvalidAccessKeyId" | "SignatureDoesNotMatch" | "ExpiredToken" | "InvalidToken") => {
                why(Cause::Denied, Level::Target, "check `access_key` and `secret_key` of the target")
            }
            (_, "RequestTimeTooSkewed") => {
                why(Cause::Clock, Level::Target, "set this machine's clock: `timedatectl`")
            }
            (_, "AuthorizationHeaderMalformed" | "PermanentRedirect") | (301 | 307, _) => {
                why(Cause::Malformed, Level::Target, "correct `region` and the host of the target")
            }
            (401 | 403, _) => {
                let fix = format!("allow the target's access key {right} on the bucket and its objects");
                why(Cause::Denied, Level::Probe, &fix)
            }
            (503, "SlowDown") | (429, _) => {
                why(Cause::Limit, Level::Probe, "ask again when less is asked of the store")
            }
            (500.., _) => why(Cause::Unreachable, Level::Probe, "look into the store's own log"),
            _ => why(
                Cause::Malformed,
                Level::Probe,
                "see whether the address is that of a store that speaks S3",
            ),
        }
    }
}

/// Can an address name this key? `.` and `..` are taken out of one, so that it would name another object.
fn has_address(key: &str) -> bool {
    !key.split('/').any(|part| matches!(part, "." | ".."))
}

/// A tag without quotes.
fn bare(tag: &str) -> String {
    tag.trim_start_matches("W/").trim_matches('"').to_owned()
}

fn between<'a>(text: &'a str, begin: &str, end: &str) -> Option<&'a str> {
    text.split_once(begin)?.1.split_once(end).map(|(inner, _)| inner)
}
