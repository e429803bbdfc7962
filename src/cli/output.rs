//! Printing: diagnostics to the error stream, results to standard output or files.

use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};

use crate::diag::{Diag, Level, code, render_json, render_text};
use crate::policy::load::is_yaml;
use crate::report::{Format, Style};
use crate::source::{Source, yaml};

use super::edge;
use super::exit;

/// Diagnostics shown at most; the rest is counted.
const SHOWN: usize = 50;

/// Why a command cannot go on.
pub(super) struct Problem {
    pub diags: Vec<Diag>,
    pub json: bool,
}

/// The result of a command: its exit code, or why there is none.
pub(super) type Done = Result<u8, Problem>;

impl Problem {
    pub(super) fn new(diags: Vec<Diag>) -> Self {
        Self { diags, json: false }
    }

    pub(super) fn usage(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self::new(vec![Diag::error(&code::USAGE, message).help(help)])
    }

    /// Prints and gives the exit code.
    pub(super) fn report(&self) -> u8 {
        if self.json {
            let list: Vec<_> = self.diags.iter().map(render_json).collect();
            let text = serde_json::json!({ "report": crate::report::VERSION, "exit": exit::INPUT, "diagnostics": list });
            if say(&format!("{text:#}\n")).is_err() {
                return exit::INPUT;
            }
        }
        warn(&self.diags);
        exit::INPUT
    }
}

impl From<Diag> for Problem {
    fn from(diag: Diag) -> Self {
        Self::new(vec![diag])
    }
}

/// How a command prints what it found.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Form {
    /// For people
    Human,
    /// For programs
    Json,
}

/// Diagnostics as a result of a command, for standard output.
pub(super) fn drawn(diags: &[Diag]) -> String {
    let style = style(false);
    diags.iter().map(|diag| render_text(diag, style.color, style.width) + "\n").collect()
}

/// Prints diagnostics to the error stream.
pub(super) fn warn(diags: &[Diag]) {
    warn_of(diags, "nothing was judged");
}

/// Prints as warnings what would be an error of what was asked for, and is none of what is done anyway.
pub(super) fn warn_anyway(diags: &[Diag]) {
    let softer = |diag: &Diag| Diag { level: Level::Warning, ..diag.clone() };
    warn(&diags.iter().map(softer).collect::<Vec<_>>());
}

/// Prints diagnostics to the error stream, with what errors mean for what was asked for.
pub(super) fn warn_of(diags: &[Diag], meaning: &str) {
    let terminal = std::io::stderr().is_terminal();
    let color = terminal && edge::wants_color();
    let mut text = String::new();
    for diag in diags.iter().take(SHOWN) {
        text.push_str(&render_text(diag, color, edge::width()));
        text.push('\n');
    }
    if diags.len() > SHOWN {
        line(&mut text, &format!("… and {} more of these", diags.len() - SHOWN));
    }
    let errors = diags.iter().filter(|diag| diag.level == Level::Error).count();
    if errors > 0 {
        let s = if errors == 1 { "" } else { "s" };
        line(&mut text, &format!("{errors} error{s} in the input; {meaning}"));
    }
    // There is nobody left to tell if the error stream itself is closed.
    drop(std::io::stderr().write_all(text.as_bytes()));
}

/// Prints a line to the error stream.
pub(super) fn note(text: &str) {
    drop(std::io::stderr().write_all(format!("{text}\n").as_bytes()));
}

/// Prints to standard output. A reader that went away is not an error of ours; a full disk is.
pub(super) fn say(text: &str) -> Result<(), Problem> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        Err(error) => Err(Problem::usage(
            format!("the result cannot be printed: {error}"),
            "the result is lost; free space or choose another place",
        )),
    }
}

/// `human`, `json=report.json`: a format and where it goes.
#[derive(Clone)]
pub(super) struct Wanted {
    pub format: Format,
    pub file: Option<PathBuf>,
}

/// Reads `--format`.
pub(super) fn wanted(text: &str) -> Result<Wanted, String> {
    let (word, file) = match text.split_once('=') {
        Some((word, file)) => (word, Some(PathBuf::from(file))),
        None => (text, None),
    };
    let format = Format::from_word(word).ok_or_else(|| {
        let words = Format::ALL.iter().map(|format| format.word()).collect::<Vec<_>>().join(", ");
        format!("`{word}` is not a format; formats are {words}, and `json=FILE` writes to a file")
    })?;
    Ok(Wanted { format, file })
}

/// Does this format go to standard output?
pub(super) fn to_stdout(formats: &[Wanted], format: Format) -> bool {
    formats.iter().any(|wanted| wanted.format == format && wanted.file.is_none())
}

/// Two formats cannot share standard output; said before anything is done.
pub(super) fn one_output(formats: &[Wanted]) -> Result<(), Problem> {
    if formats.iter().filter(|wanted| wanted.file.is_none()).count() > 1 {
        return Err(Problem::usage(
            "two formats go to standard output",
            "give all but one a file: `--format json=report.json`",
        ));
    }
    let files: Vec<&Path> = formats.iter().filter_map(|wanted| wanted.file.as_deref()).collect();
    let twice =
        files.iter().enumerate().find(|(index, file)| files.iter().take(*index).any(|other| other == *file));
    if let Some((_, file)) = twice {
        let what = format!("two formats go to `{}`, and one would be lost", file.display());
        return Err(Problem::usage(what, "give each a file of its own"));
    }
    let source = files.iter().find(|file| is_yaml(file) && file.exists());
    if let Some(file) = source {
        let what =
            format!("`{}` is there, and a report in its place would be read as a policy", file.display());
        return Err(Problem::usage(
            what,
            "name another file; reports end in `.json`, `.xml`, `.md` or `.html`",
        ));
    }
    Ok(())
}

/// How results are drawn.
pub(super) fn style(verbose: bool) -> Style {
    let color = std::io::stdout().is_terminal() && edge::wants_color();
    Style { color, width: edge::width(), verbose, remembered: true }
}

/// Those of the file that is replaced; of a new one what the user's mask leaves.
fn permissions(path: &Path) -> std::fs::Permissions {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).map_or_else(
        |_| std::fs::Permissions::from_mode(0o666),
        |known| std::fs::Permissions::from_mode(known.permissions().mode() & 0o777),
    )
}

/// Writes a file whole or not at all.
pub(super) fn write_file(path: &Path, text: &str) -> Result<(), Problem> {
    if std::fs::symlink_metadata(path).is_ok_and(|meta| !meta.is_file()) {
        return write_through(path, text);
    }
    let write = || -> std::io::Result<()> {
        temporary(path, text)?.persist(path)?;
        Ok(())
    };
    write().map_err(|error| unwritten(path, &error))
}

/// Writes what a text of a person became into its file, unless somebody saved another one meanwhile.
pub(super) fn write_over(old: &Source, new: &str) -> Result<(), Problem> {
    let path = Path::new(&*old.name);
    if yaml::read_file(path, &yaml::Limits::default())?.text != old.text {
        let message = format!("`{}` was changed while it was looked at", path.display());
        return Err(Problem::usage(message, "nothing was written there; call it again"));
    }
    write_file(path, new)
}

/// Writes a file that is not there yet, whole or not at all; never over another.
pub(super) fn write_new(path: &Path, text: &str) -> Result<(), Problem> {
    let write = || -> std::io::Result<()> {
        temporary(path, text)?.persist_noclobber(path)?;
        Ok(())
    };
    write().map_err(|error| unwritten(path, &error))
}

/// The text in a file beside the one that it becomes.
fn temporary(path: &Path, text: &str) -> std::io::Result<tempfile::NamedTempFile> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new().permissions(permissions(path)).tempfile_in(folder)?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    Ok(file)
}

fn unwritten(path: &Path, error: &std::io::Error) -> Problem {
    Problem::usage(format!("`{}` cannot be written: {error}", path.display()), "nothing was written there")
}

/// Writes to what is there and no plain file (`/dev/stdout`, a pipe, a link): it must not be replaced.
fn write_through(path: &Path, text: &str) -> Result<(), Problem> {
    let file = std::fs::File::options().write(true).truncate(true).open(path);
    file.and_then(|mut file| file.write_all(text.as_bytes())).map_err(|error| {
        Problem::usage(format!("`{}` cannot be written: {error}", path.display()), "choose another place")
    })
}

/// A progress line on a terminal, never in a pipe.
pub(super) fn progress(total: usize) -> Option<crate::observe::Progress> {
    if !std::io::stderr().is_terminal() || total == 0 {
        return None;
    }
    let bar = indicatif::ProgressBar::new(total as u64);
    let template = indicatif::ProgressStyle::with_template("{pos}/{len} observed · {msg}");
    if let Ok(style) = template {
        bar.set_style(style);
    }
    bar.enable_steady_tick(std::time::Duration::from_millis(200));
    Some(std::sync::Arc::new(move |done, total, request| {
        bar.set_position(done as u64);
        bar.set_message(format!("{} at {}", request.key.probe, request.key.target));
        if done >= total {
            bar.finish_and_clear();
        }
    }))
}

/// Leaves the terminal as it was.
pub(super) fn end_progress() {
    drop(std::io::stderr().flush());
}

/// Adds a check for a policy that could not be loaded.
pub(super) fn broken_check(
    report: &mut crate::verdict::RunReport,
    id: &std::sync::Arc<str>,
    why: &std::sync::Arc<crate::fact::Missing>,
    fail_on: crate::verdict::Verdict,
) {
    use crate::verdict::{Check, Counts, Verdict};
    let word = |text: &str| std::sync::Arc::from(text);
    let mut counts = Counts::default();
    counts.add(Verdict::Unknown, 1);
    report.checks.push(Check {
        policy: std::sync::Arc::clone(id),
        title: word("(could not be loaded)"),
        tier: word(""),
        kind: word("maintenance"),
        digest: word(""),
        target: word("(none)"),
        verdict: Verdict::Unknown,
        counts,
        rows: 0,
        note: Some(why.what.clone()),
        findings: Vec::new(),
        controls: Vec::new(),
        looser: Vec::new(),
        scratch: Vec::new(),
    });
    report.checks_by_verdict.add(Verdict::Unknown, 1);
    report.subjects.add(Verdict::Unknown, 1);
    if report.exit != exit::FINDINGS && fail_on <= Verdict::Unknown {
        report.exit = exit::FINDINGS;
        report.exit_reason =
            format!("a policy could not be loaded, which is at or above `{}`", fail_on.word());
    } else if report.exit == exit::GOOD || report.exit == exit::NOTHING {
        report.exit = exit::UNKNOWN;
        "a policy could not be loaded".clone_into(&mut report.exit_reason);
    }
}

/// Adds a line to a text.
pub(super) fn line(text: &mut String, line: &str) {
    text.push_str(line);
    text.push('\n');
}
