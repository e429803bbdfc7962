//! `http.response`: what does a service answer?

use std::sync::Arc;

use reqwest::Version;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue, LINK, LOCATION, SET_COOKIE};
use serde_json::Value as Json;
use tokio::time::Instant;

use super::exchange::{Call, Exchange};
use super::fault;
use crate::fact::{Cause, Cell, Level, Missing, Pointer, Request, Type, Value, micros_of};
use crate::probe::{Answer, Ask, Context, Observing, Probe, decode, json};
use crate::secret::{REDACTED, Redactor};

/// The body of `http.response`.
pub(in crate::probe) struct Response;

impl Probe for Response {
    fn observe<'a>(&'a self, ask: &'a Ask<'a>, cx: &'a Context) -> Observing<'a> {
        Box::pin(async move {
            let answer = look(ask, cx).await;
            answer.map_err(|why| clean_missing(&why, &cx.redactor).level(Level::Probe))
        })
    }
}

/// Facts that need the body.
const OF_BODY: &[&str] = &["total", "body_size", "body"];

async fn look(ask: &Ask<'_>, cx: &Context) -> Result<Answer, Missing> {
    let request = ask.request;
    let call = Call::new(request, cx)?;
    let in_header = |pointer: &Pointer| pointer.at.starts_with(HEADER);
    let rows = request.args.text("rows").is_some();
    if !rows && (request.args.int("status_up_to").is_some() || request.args.flag("first_page")) {
        return Err(fault::argument("`status_up_to` and `first_page` are about `rows`")
            .fix("judge `status`, or say with `rows` where the list stands"));
    }
    if rows && request.declared.iter().any(in_header) {
        return Err(fault::argument("with `rows` no declared fact can stand in a header")
            .fix("observe the header apart, without `rows`"));
    }
    let start = Instant::now();
    let Exchange { response, url, redirects } = call.send(cx).await?;
    let latency = start.elapsed();
    let headers = response.headers().clone();
    let mut fixed: Vec<(&str, Cell)> = vec![
        ("url", Ok(Value::text(&call.url))),
        ("final_url", Ok(Value::text(&url))),
        ("status", Ok(Value::Int(i64::from(response.status().as_u16())))),
        ("latency", Ok(Value::duration(latency))),
        ("redirects", Ok(Value::count(redirects))),
        ("http_version", version(response.version())),
        ("content_type", single(&headers, CONTENT_TYPE.as_str()).map(text_or_null)),
        ("location", single(&headers, LOCATION.as_str()).map(text_or_null)),
        (
            "headers",
            Ok(Value::List(headers.iter().map(|(name, value)| shown(name.as_str(), value)).collect())),
        ),
    ];
    let status = response.status().as_u16();
    let body = if wants_body(request) { Some(call.body(response, &url).await) } else { None };
    let body = body.map(|read| read.map_err(Arc::new));
    if let Some(read) = &body {
        fixed.push(("total", read.as_ref().map(|_| Value::duration(start.elapsed())).map_err(Arc::clone)));
        fixed.push(("body_size", read.as_ref().map(|b| Value::count(b.len() as u64)).map_err(Arc::clone)));
        fixed.push(("body", read.as_ref().map_err(Arc::clone).and_then(|bytes| text(bytes))));
    }
    let document = body.map(|read| read.and_then(|bytes| document(&bytes, &headers, status)));
    let found = Found { status, fixed, headers, document };
    found.table(ask, cx)
}

/// Everything that the answer gave.
struct Found {
    status: u16,
    fixed: Vec<(&'static str, Cell)>,
    headers: HeaderMap,
    /// `None` if nobody wanted the body.
    document: Option<Result<Json, Arc<Missing>>>,
}

impl Found {
    fn table(self, ask: &Ask<'_>, cx: &Context) -> Result<Answer, Missing> {
        let mut table = ask.table();
        let fixed: Vec<(&str, Cell)> =
            self.fixed.iter().map(|(name, cell)| (*name, clean(cell.clone(), &cx.redactor))).collect();
        let pointers = &ask.request.declared;
        let Some(rows) = ask.request.args.text("rows") else {
            let absent = || fault::row(Cause::Absent, "not read, because nothing asked for it").cell();
            let declared = pointers.iter().map(|pointer| self.declared(pointer).unwrap_or_else(absent));
            let declared = declared.map(|cell| clean(cell, &cx.redactor)).collect();
            decode::cells_row(&mut table, &fixed, declared);
            return Ok(Answer::new(table.finish()));
        };
        let partial = self.partial(ask.request);
        let document = match self.document {
            Some(read) => read.map_err(Arc::unwrap_or_clone)?,
            None => return Err(Missing::new(Cause::Internal, "`rows` is given and the body was not read")),
        };
        decode::rows_from_json(&mut table, &document, rows, pointers, &fixed)?;
        if let Some(why) = partial {
            table.cut(why);
        }
        let mut table = table.finish();
        for cell in table.rows.iter_mut().flatten() {
            *cell = clean(cell.clone(), &cx.redactor);
        }
        Ok(Answer::new(table))
    }

    /// Why its rows may not be all: a page of errors has a list too, and where there is no row, none tells the status; and
    /// a list of many pages begins with one that looks like the whole.
    fn partial(&self, request: &Request) -> Option<Missing> {
        let most = request.args.int("status_up_to").unwrap_or(299);
        let incomplete = |what: String, fix: &str| Some(Missing::new(Cause::Incomplete, what).fix(fix));
        if i64::from(self.status) > most {
            let what = format!("the status is {}, so its rows may not be all", self.status);
            return incomplete(
                what,
                "see the body: `curl -i URL`; if it has all rows with that status, write `status_up_to: …` under `with:`",
            );
        }
        if request.args.flag("first_page") {
            return None;
        }
        let fix = "ask for a larger page in `path`; if the first one is all that is wanted, write `first_page: true` under `with:`";
        match self.status {
            206 => incomplete("the answer is a part of the list (status 206)".to_owned(), fix),
            _ if names_next(&self.headers) => incomplete(
                "the answer is one page of several: its header `Link` names the next".to_owned(),
                fix,
            ),
            _ => None,
        }
    }

    /// `None` if it was not read.
    fn declared(&self, pointer: &Pointer) -> Option<Cell> {
        if let Some(name) = pointer.at.strip_prefix(HEADER) {
            return Some(header_fact(&self.headers, name.trim(), pointer));
        }
        Some(match self.document.as_ref()? {
            Ok(document) => decode::json_at(document, pointer),
            Err(why) => Err(Arc::clone(why)),
        })
    }
}

/// Does a header `Link` (RFC 8288) name the next page?
fn names_next(headers: &HeaderMap) -> bool {
    let is_next = |parameter: &str| {
        let Some((name, value)) = parameter.split_once('=') else { return false };
        let value = value.trim().trim_matches('"');
        name.trim().eq_ignore_ascii_case("rel")
            && value.split_whitespace().any(|word| word.eq_ignore_ascii_case("next"))
    };
    // The address, which may hold any of these signs, stands before `>`.
    let named = |links: &str| links.split('>').skip(1).flat_map(|rest| rest.split([';', ','])).any(is_next);
    headers.get_all(LINK).iter().any(|value| named(&String::from_utf8_lossy(value.as_bytes())))
}

/// What stands before the name of a header in the place of a declared fact.
const HEADER: &str = "header:";

fn wants_body(request: &Request) -> bool {
    let first = request.schema.fields.len().saturating_sub(request.declared.len());
    let wanted = |index: usize| request.wants.get(first + index).copied().unwrap_or(true);
    let declared = request.declared.iter().enumerate();
    OF_BODY.iter().any(|name| request.wants(name))
        || request.args.text("rows").is_some()
        || declared.filter(|(index, _)| wanted(*index)).any(|(_, pointer)| !pointer.at.starts_with(HEADER))
}

fn version(version: Version) -> Cell {
    match version {
        Version::HTTP_10 => Ok(Value::text("HTTP/1.0")),
        Version::HTTP_11 => Ok(Value::text("HTTP/1.1")),
        Version::HTTP_2 => Ok(Value::text("HTTP/2.0")),
        other => fault::row(Cause::Unsupported, format!("{other:?} is not known")).cell(),
    }
}

/// The value of a header that may stand there once; `None` if it was not sent.
fn single(headers: &HeaderMap, name: &str) -> Result<Option<String>, Arc<Missing>> {
    let mut found = headers.get_all(name).iter();
    match (found.next(), found.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => readable(name, value).map(|text| Some(text.to_owned())),
        _ => Err(Arc::new(fault::row(
            Cause::Ambiguous,
            format!("the header `{name}` was sent more than once"),
        ))),
    }
}

fn readable<'a>(name: &str, value: &'a HeaderValue) -> Result<&'a str, Arc<Missing>> {
    std::str::from_utf8(value.as_bytes()).map_err(|_invalid| {
        Arc::new(fault::row(Cause::Malformed, format!("the header `{name}` is not UTF-8 text")))
    })
}

fn text_or_null(text: Option<String>) -> Value {
    Value::or_null(text.map(Value::text))
}

/// One header as `name: value`. A cookie opens a session, so its value is a secret.
fn shown(name: &str, value: &HeaderValue) -> Cell {
    let value = readable(name, value)?;
    if name != SET_COOKIE.as_str() {
        return Ok(Value::text(format!("{name}: {value}")));
    }
    let (pair, attributes) = value.split_once(';').map_or((value, ""), |(pair, rest)| (pair, rest));
    let cookie = pair.split('=').next().unwrap_or("");
    let rest = if attributes.is_empty() { String::new() } else { format!(";{attributes}") };
    Ok(Value::text(format!("{name}: {cookie}={REDACTED}{rest}")))
}

/// A declared fact out of a header. A header is text: numbers are read where a number is declared, and the
/// dates of HTTP where a time is.
fn header_fact(headers: &HeaderMap, name: &str, pointer: &Pointer) -> Cell {
    if name.eq_ignore_ascii_case(SET_COOKIE.as_str()) {
        return fault::row(Cause::Denied, "the values of cookies are secrets").cell();
    }
    let Some(text) = single(headers, name)? else { return decode::json_cell(None, pointer) };
    if pointer.ty.base() == &Type::Time
        && let Ok(at) = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(&text)
    {
        return Ok(Value::Int(micros_of(at)));
    }
    let number = if pointer.ty.is_text() { None } else { text.parse::<serde_json::Number>().ok() };
    let bool = if pointer.ty.base() == &Type::Bool { text.parse::<bool>().ok() } else { None };
    let json = number.map(Json::Number).or(bool.map(Json::Bool)).unwrap_or(Json::String(text));
    decode::json_cell(Some(&json), pointer)
}

fn text(bytes: &[u8]) -> Cell {
    std::str::from_utf8(bytes).map(Value::text).or_else(|error| {
        let what = format!("the body is not UTF-8 text: {error}");
        fault::row(Cause::Malformed, what).cell()
    })
}

fn document(bytes: &[u8], headers: &HeaderMap, status: u16) -> Result<Json, Arc<Missing>> {
    let parsed = match std::str::from_utf8(bytes) {
        Ok(text) => json::parse(text),
        Err(error) => Err(Missing::new(Cause::Malformed, format!("the answer is not UTF-8 text: {error}"))),
    };
    parsed.map_err(|why| {
        let kind = single(headers, CONTENT_TYPE.as_str()).ok().flatten();
        let kind = kind.unwrap_or_else(|| "no content type".to_owned());
        let what = format!("{} (status {status}, {kind}, {} bytes)", why.what, bytes.len());
        Arc::new(Missing { what, ..why }.level(Level::Row))
    })
}

/// A cell without any known secret: a service may echo what it was sent.
fn clean(cell: Cell, redactor: &Redactor) -> Cell {
    if redactor.is_empty() {
        return cell;
    }
    match cell {
        Ok(Value::Text(text)) => Ok(Value::text(redactor.clean(&text))),
        Ok(Value::List(items)) => {
            Ok(Value::List(items.iter().map(|item| clean(item.clone(), redactor)).collect()))
        }
        Err(why) => Err(Arc::new(clean_missing(&why, redactor))),
        other => other,
    }
}

fn clean_missing(why: &Missing, redactor: &Redactor) -> Missing {
    let fix = why.fix.as_deref().map(|fix| redactor.clean(fix));
    Missing { what: redactor.clean(&why.what), fix, ..why.clone() }
}

#[cfg(test)]
#[path = "response_tests.rs"]
mod tests;
