//! How to connect, from the target: address, password or the password file, TLS as the database's own
//! clients name it.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::str::FromStr;
use std::sync::LazyLock;

use sqlx::postgres::{PgConnectOptions, PgSslMode};

use crate::fact::{Cause, Level, Missing};
use crate::probe::Context;
use crate::probe::sql::readable;

/// The name of our connections: `muster` for people, and a number by which this process knows its own, so that what looks
/// is not taken for load. A name that another program chose stays visible.
pub(super) fn own_name() -> &'static str {
    static NAME: LazyLock<String> =
        LazyLock::new(|| format!("muster {:08x}", RandomState::new().build_hasher().finish() >> 32));
    &NAME
}

/// Options for the target's database, or for another one of the same server.
pub(in crate::probe) fn options(cx: &Context, database: Option<&str>) -> Result<PgConnectOptions, Missing> {
    let fault = |cause, what: String| cx.missing(cause, what).level(Level::Target);
    let Some(url) = &cx.target.url else {
        let why = fault(Cause::Absent, "the target has no address".to_owned());
        return Err(why.fix("write `url: postgres://user@host:5432/database` into the target"));
    };
    if let Some(password) = url.password() {
        cx.redactor.learn(password);
    }
    let mut options = PgConnectOptions::from_str(url.as_str())
        .map_err(|error| fault(Cause::Malformed, format!("the address is not understood: {error}")))?
        .application_name(own_name())
        // A pooler refuses startup parameters that it does not know, and loses prepared statements.
        .extra_float_digits(None)
        .statement_cache_capacity(0);
    if let Some(name) = database {
        options = options.database(name);
    }
    if let Some(password) = &cx.target.password {
        options = options.password(password.expose());
    }
    tls(cx, options)
}

/// The settings for which our connections ask at their start (`PGOPTIONS`, `options` of the address), with commas between:
/// what the server tells of them is ours. Their values and what stands around them are taken for names too, which
/// no setting has.
pub(super) fn started_with(cx: &Context) -> Result<String, Missing> {
    Ok(words(options(cx, None)?.get_options().unwrap_or_default()))
}

/// `-c name=value`, `-cname=value`, `--name=value`, where the server reads `-` in a name as `_`.
fn words(options: &str) -> String {
    let text = options.to_ascii_lowercase().replace('-', "_").replace('\\', "");
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '.'));
    let names = words.map(|word| word.trim_start_matches('_')).filter(|word| !word.is_empty());
    let names = names.flat_map(|word| [Some(word), word.strip_prefix('c')]).flatten();
    names.collect::<Vec<_>>().join(",")
}

fn tls(cx: &Context, mut options: PgConnectOptions) -> Result<PgConnectOptions, Missing> {
    let tls = &cx.target.tls;
    if let Some(mode) = &tls.mode {
        let mode = PgSslMode::from_str(mode).map_err(|error| {
            cx.missing(Cause::Unsupported, format!("the TLS mode is not understood: {error}"))
                .level(Level::Target)
                .fix("use one of disable, allow, prefer, require, verify-ca, verify-full")
        })?;
        options = options.ssl_mode(mode);
    } else if tls.ca.is_some() {
        // Who names an authority wants it asked.
        options = options.ssl_mode(PgSslMode::VerifyFull);
    }
    if let Some(path) = &tls.ca {
        options = options.ssl_root_cert(readable(cx, path)?);
    }
    if let Some(path) = &tls.cert {
        options = options.ssl_client_cert(readable(cx, path)?);
    }
    if let Some(path) = &tls.key {
        options = options.ssl_client_key(readable(cx, path)?);
    }
    Ok(options)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_is_found_however_it_is_asked_for() {
        for options in [
            "-c statement_timeout=5min",
            "-c jit=off -cstatement_timeout=5min",
            "--statement-timeout=5min",
            "-c geqo=off\t-c Statement_Timeout='1 h'",
            "-c state\\ment_timeout=1",
        ] {
            let words = words(options);
            assert!(words.split(',').any(|word| word == "statement_timeout"), "{options}: {words}");
        }
        let words = words("-c idle_in_transaction_session_timeout=1 -c x.y='a''b'");
        assert!(words.split(',').all(|word| word != "statement_timeout"), "{words}");
        assert!(words.chars().all(|c| c.is_ascii_alphanumeric() || "_.,".contains(c)), "{words}");
    }
}
