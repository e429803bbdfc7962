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
            Self::Command(words) => write!(out, "command `{}`", words.join(" ")),
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
}

/// What stands where a secret stood.
pub const REDACTED: &str = "[secret]";

impl Redactor {
    /// A redactor that knows nothing yet.
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    /// Remembers a secret in the forms in which it can come back: as it is, percent-encoded, escaped as JSON.
    pub fn learn(&self, secret: &str) {
        if secret.is_empty() {
            return;
        }
        let encoded: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
        let percent = encoded.replace('+', "%20");
        let json = serde_json::Value::from(secret).to_string();
        let quoted = json.trim_matches('"').to_owned();
        let mut known = self.known.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        for form in [secret.to_owned(), encoded, percent, quoted] {
            if !known.contains(&form) {
                known.push(form);
            }
        }
        known.sort_by_key(|form| std::cmp::Reverse(form.len()));
    }

    /// The text without any known secret.
    pub fn clean(&self, text: &str) -> String {
        let known = self.known.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        let mut clean = text.to_owned();
        for secret in known.iter() {
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
}
