//! Secrets: where they come from, and the redactor through which every output and every driver's error passes.
//!
//! A resolved [`Secret`] has no `Debug`, no `Display` and no serialisation, so it cannot reach a message by
//! accident; what reaches one by a library's error is removed by the [`Redactor`].

use std::path::PathBuf;
use std::sync::{Arc, RwLock};

/// Where a secret is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretRef {
    /// An environment variable.
    Env(String),
    /// The first line of a file.
    File(PathBuf),
    /// The first line that a command prints.
    Command(Vec<String>),
}

impl std::fmt::Display for SecretRef {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Env(name) => write!(out, "environment variable `{name}`"),
            Self::File(path) => write!(out, "file `{}`", path.display()),
            // The program only: arguments can hold what should not be told.
            Self::Command(words) => write!(out, "command `{}`", words.first().map_or("", String::as_str)),
        }
    }
}

/// A secret that was read.
#[derive(Clone)]
pub struct Secret(Arc<str>);

impl Secret {
    /// Takes over a secret and tells the redactor of it, so that none exists which the redactor does not know.
    pub fn new(text: &str, redactor: &Redactor) -> Self {
        redactor.learn(text);
        Self(Arc::from(text))
    }

    /// The text, for the one call that needs it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

/// Replaces every known secret in a text.
#[derive(Default)]
pub struct Redactor {
    known: RwLock<Vec<String>>,
    /// Those of them that stand in every report anyway.
    common: RwLock<Vec<String>>,
}

/// A secret of fewer characters stands in every report somewhere.
const DISTINCT: usize = 6;

/// What stands where a secret stood.
pub const REDACTED: &str = "[secret]";

impl Redactor {
    /// A redactor that knows nothing yet.
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    /// Remembers a secret in the forms in which it can come back: as it is, percent-encoded, escaped as JSON,
    /// and within Base64 (as a server shows the header of a login), wherever in the encoded text it begins.
    pub fn learn(&self, secret: &str) {
        if secret.is_empty() {
            return;
        }
        let encoded: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
        let percent = encoded.replace('+', "%20");
        let json = serde_json::Value::from(secret).to_string();
        let quoted = json.trim_matches('"').to_owned();
        let mut known = self.known.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        let lower = lower_percent(&percent);
        let plain = [secret.to_owned(), encoded, percent, lower, quoted];
        for form in plain.into_iter().chain(base64(secret.as_bytes())) {
            if !known.contains(&form) {
                known.push(form);
            }
        }
        known.sort_by_key(|form| std::cmp::Reverse(form.len()));
    }

    /// Is a secret so short, or such a word, that it stands in every report anyway? Then it is hidden in what targets and
    /// drivers say, and not in finished texts: to replace it there would tell it, and leave a text that nobody can read.
    pub fn learn_common(&self, secret: &str, words: impl FnOnce() -> &'static str) -> bool {
        // Most secrets are no words, and nobody has to look for them among those.
        let is_word = || secret.chars().all(|char| char.is_ascii_lowercase() || "_-. ".contains(char));
        let is_common = !secret.is_empty()
            && (secret.chars().count() < DISTINCT || is_word() && words().contains(secret));
        if is_common {
            let mut common = self.common.write().unwrap_or_else(std::sync::PoisonError::into_inner);
            common.push(secret.to_owned());
        }
        is_common
    }

    /// The text without any known secret.
    pub fn clean(&self, text: &str) -> String {
        self.without(text, |_| true)
    }

    /// A finished text without any known secret that is one.
    pub fn clean_finished(&self, text: &str) -> String {
        let common = self.common.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        self.without(text, |secret| !common.iter().any(|common| common == secret))
    }

    fn without(&self, text: &str, hides: impl Fn(&str) -> bool) -> String {
        let known = self.known.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        let mut clean = text.to_owned();
        for secret in known.iter().filter(|secret| hides(secret)) {
            if clean.contains(secret.as_str()) {
                clean = clean.replace(secret.as_str(), REDACTED);
            }
        }
        clean
    }

    /// Does it know any secret?
    pub fn is_empty(&self) -> bool {
        self.known.read().unwrap_or_else(std::sync::PoisonError::into_inner).is_empty()
    }
}

/// `%2F` as `%2f`.
fn lower_percent(text: &str) -> String {
    let mut digits = 0;
    let lower = |char: char| {
        let hex = digits > 0;
        digits = if char == '%' { 2 } else { u8::saturating_sub(digits, 1) };
        if hex { char.to_ascii_lowercase() } else { char }
    };
    text.chars().map(lower).collect()
}

/// Shortest piece of Base64 that is taken for a part of a secret.
const SHORTEST: usize = 8;

/// The part of the Base64 of a longer text that depends on the secret alone: one for each of the three places
/// within a group of three bytes at which it can begin, in both alphabets.
fn base64(secret: &[u8]) -> impl Iterator<Item = String> {
    const ALPHABETS: [&[u8; 64]; 2] = [
        b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
        b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
    ];
    let pieces = (0..3usize).flat_map(|shift| {
        let bytes: Vec<u8> = std::iter::repeat_n(0, shift).chain(secret.iter().copied()).collect();
        let sixths: Vec<usize> = bytes
            .chunks(3)
            .flat_map(|three| {
                let bits =
                    (0..3).fold(0usize, |bits, at| bits << 8 | three.get(at).map_or(0, |b| usize::from(*b)));
                [bits >> 18, bits >> 12 & 63, bits >> 6 & 63, bits & 63]
            })
            .collect();
        let (from, to) = ((shift * 8).div_ceil(6), bytes.len() * 8 / 6);
        let sixths = sixths.into_iter().take(to).skip(from).collect::<Vec<_>>();
        ALPHABETS.map(|letters| {
            sixths.iter().filter_map(|sixth| letters.get(*sixth)).map(|letter| char::from(*letter)).collect()
        })
    });
    pieces.filter(|piece: &String| piece.len() >= SHORTEST).collect::<Vec<_>>().into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_removed_in_every_form() {
        let redactor = Redactor::new();
        let secret = Secret::new("p@ss \"w/rd", &redactor);
        let text = format!(
            "a {} b p%40ss%20%22w%2Frd c p%40ss+%22w%2Frd d {}",
            secret.expose(),
            serde_json::json!(secret.expose())
        );
        let clean = redactor.clean(&text);
        assert_eq!(clean, "a [secret] b [secret] c [secret] d \"[secret]\"");
    }

    #[test]
    fn a_secret_within_base64_is_removed_wherever_it_begins() {
        let redactor = Redactor::new();
        redactor.learn("hunter2-hunter2");
        // `hunter2-hunter2`, `u:hunter2-hunter2`, `me:hunter2-hunter2`
        for text in ["aHVudGVyMi1odW50ZXIy", "dTpodW50ZXIyLWh1bnRlcjI=", "bWU6aHVudGVyMi1odW50ZXIy"] {
            let clean = redactor.clean(text);
            assert!(clean.contains(REDACTED) && clean.len() <= REDACTED.len() + 8, "{text}: {clean}");
        }
        assert_eq!(redactor.clean("%2Fx"), "%2Fx");
        redactor.learn("a/b?c");
        assert_eq!(redactor.clean("a%2fb%3fc a%2Fb%3Fc"), "[secret] [secret]");
    }

    #[test]
    fn a_word_of_every_report_is_hidden_in_what_is_said_and_not_in_finished_texts() {
        let redactor = Redactor::new();
        let words = "verdict fail postgres.server";
        for (secret, is_common) in
            [("w", true), ("fail", true), ("postgres", true), ("hunter2-hunter2", false), ("", false)]
        {
            assert_eq!(redactor.learn_common(secret, || words), is_common, "{secret}");
            redactor.learn(secret);
        }
        assert_eq!(redactor.clean("postgres said hunter2-hunter2"), "[secret] said [secret]");
        assert_eq!(redactor.clean_finished("postgres said hunter2-hunter2"), "postgres said [secret]");
    }
}
