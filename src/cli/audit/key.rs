//! Keys: the one that signs, which the project refers to, and those that must not be told.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use jiff::Timestamp;

use crate::cli::output::{Problem, note};
use crate::cli::targets::whole;
use crate::diag::{Diag, code};
use crate::evidence::{PublicKey, SigningKey};
use crate::fact::{Type, Value, micros_of, show};
use crate::policy::Project;
use crate::secret::{Redactor, SecretRef};

/// Shorter ones stand in every word; they are removed from what was observed, and no text is refused for them.
const SHORTEST: usize = 4;

/// A day, in microseconds.
const DAY: i64 = 86_400_000_000;

/// The key of the project that signs evidence at a time, if it names one. One whose date is over signs nothing.
pub(in crate::cli) fn signing(
    project: &Project,
    guard: &Redactor,
    made: Timestamp,
) -> Result<Option<SigningKey>, Problem> {
    let Some((reference, loc)) = &project.audit.key else { return Ok(None) };
    if let Some((day, loc)) = project.audit.valid_until.as_ref().filter(|(day, _)| is_over(*day, made)) {
        let message = format!("the key of the audit, from {reference}, counted until {}", date(*day));
        let help = "make a new one with `openssl genpkey -algorithm ed25519`, name it and its date under `audit:`, and give its public key to whoever verifies";
        return Err(Diag::error(&code::EVIDENCE, message).at(loc, "").help(help).into());
    }
    let wrong = |why: &str, help: &str| {
        let message = format!("the key of the audit cannot be used, from {reference}: {why}");
        Problem::from(Diag::error(&code::EVIDENCE, message).at(loc, "").help(help))
    };
    let make = "make one with `openssl genpkey -algorithm ed25519 -out audit-key.pem`, and keep it where only whoever makes evidence can read it";
    let text = whole(reference).map_err(|why| wrong(&why, make))?;
    for line in text.lines().filter(|line| line.len() > 16 && !line.starts_with("-----")) {
        guard.learn(line);
    }
    if let SecretRef::File(path) = reference {
        open_to_all(path);
    }
    SigningKey::from_pem(&text).map(Some).map_err(|why| wrong(&why, make))
}

/// Is that day over, UTC?
pub(super) fn is_over(day: i64, at: Timestamp) -> bool {
    micros_of(at) >= day.saturating_add(1).saturating_mul(DAY)
}

/// A day, as it is written.
pub(super) fn date(day: i64) -> String {
    show(&Value::Int(day), &Type::Date)
}

fn open_to_all(path: &Path) {
    let mode = std::fs::metadata(path).map(|meta| meta.permissions().mode());
    if mode.is_ok_and(|mode| mode & 0o077 != 0) {
        note(&format!(
            "warning: others can read the key `{}`: who has it can sign as you; `chmod 600 {}`",
            path.display(),
            path.display()
        ));
    }
}

/// A public key that somebody gave.
pub(super) fn given(path: &Path) -> Result<PublicKey, Problem> {
    let wrong = |why: String| {
        let message = format!("`{}` is no key that could have signed evidence: {why}", path.display());
        Problem::from(
            Diag::error(&code::EVIDENCE, message)
                .help("`openssl pkey -in audit-key.pem -pubout` writes the public key of a private one"),
        )
    };
    let text = std::fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
    PublicKey::from_pem(&text).map_err(wrong)
}

/// Tells the redactors every secret of the project that can be read without asking anybody. One that cannot be read
/// here is not known here, so it stands nowhere.
pub(in crate::cli) fn learn(project: &Project, redactor: &Redactor, guard: &Redactor) {
    let of_targets = project.targets.iter().flat_map(|target| {
        target.password.iter().chain(&target.access_key).chain(target.headers.values()).collect::<Vec<_>>()
    });
    for (reference, _) in of_targets.chain(&project.recordings.mask_key) {
        if matches!(reference, SecretRef::Command(_)) {
            continue;
        }
        let Ok(text) = whole(reference) else { continue };
        let Some(line) = text.lines().next().map(str::trim_end).filter(|line| !line.is_empty()) else {
            continue;
        };
        redactor.learn(line);
        if line.len() >= SHORTEST {
            guard.learn(line);
        }
    }
}
