//! Comments that allow what a lint finds: `# muster: allow slow-page -- the disk is replaced on Monday`.
//!
//! Such a comment stands on the line of what it allows, or on lines of its own above it, and covers that line with
//! everything that is indented deeper below it. It needs a reason. What does not load cannot be allowed.

use std::ops::Range;
use std::sync::{Arc, OnceLock};

use regex::Regex;

use super::{Check, Levels, Lint};
use crate::diag::{Diag, nearest};
use crate::source::yaml;
use crate::source::{Loc, Source};

/// Other tools' words for the same.
const MEANT: &[&str] = &["allow", "ignore", "disable", "suppress", "skip"];

/// One lint that a comment allows.
#[derive(Clone, Debug)]
pub struct Allow {
    /// The word that stands where the lint's name belongs.
    pub word: Arc<str>,
    /// The lint, if there is one of that name that can be allowed.
    pub lint: Option<&'static Lint>,
    /// Why; nothing is allowed without.
    pub reason: Option<Arc<str>>,
    /// Where the word stands.
    pub loc: Loc,
    /// The whole comment with the blank space and line that go with it, if nothing else stands in it.
    pub alone: Option<Loc>,
    /// What it covers, in bytes of the source.
    covers: Range<usize>,
    /// Has it covered anything?
    pub used: bool,
    /// Would what it covers have been found? Not if the lint does not run.
    pub told: bool,
}

impl std::fmt::Debug for Lint {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(self.name())
    }
}

/// The comments of one file.
#[derive(Clone, Debug, Default)]
pub struct Comments {
    /// What they allow, in order.
    pub allows: Vec<Allow>,
    /// Places where another word stands than `allow`.
    pub misspelt: Vec<Loc>,
}

fn compiled() -> Option<&'static Regex> {
    static COMPILED: OnceLock<Option<Regex>> = OnceLock::new();
    let regex = || Regex::new(r"#[ \t]*muster:[ \t]*([a-z]+)([^\r\n]*)").ok();
    COMPILED.get_or_init(regex).as_ref()
}

impl Comments {
    /// Those of a text; `None` if it has none, or is no YAML.
    pub fn of(source: &Arc<Source>) -> Option<Self> {
        // Nearly all files have none, and need no second look.
        if !source.text.contains("muster:") || !compiled()?.is_match(&source.text) {
            return None;
        }
        let mut comments = Self::default();
        for comment in yaml::comments(source) {
            let Some(found) = compiled()?.captures(comment.text()) else { continue };
            let (Some(whole), Some(word), Some(rest)) = (found.get(0), found.get(1), found.get(2)) else {
                continue;
            };
            let at = comment.start as usize;
            let here = |range: Range<usize>| at + range.start..at + range.end;
            // Within another comment it is quoted.
            if whole.start() > 0 {
                continue;
            }
            if word.as_str() == "allow" {
                comments.allow(source, &here(whole.range()), &here(rest.range()));
            } else if nearest(word.as_str(), MEANT.iter().copied()).is_some() {
                let word = here(word.range());
                comments.misspelt.push(Loc::new(source, word.start, word.end));
            }
        }
        Some(comments)
    }

    fn allow(&mut self, source: &Arc<Source>, whole: &Range<usize>, rest: &Range<usize>) {
        let text = source.text.get(rest.clone()).unwrap_or("");
        let (names, reason) = text.split_once("--").unwrap_or((text, ""));
        let reason = Some(reason.trim()).filter(|reason| !reason.is_empty()).map(Arc::from);
        let covers = covered(&source.text, whole.start);
        let words: Vec<&str> = names.split([',', ' ', '\t']).filter(|word| !word.is_empty()).collect();
        let alone = (words.len() < 2).then(|| with_line(source, whole));
        let place = |word: &str| {
            let at = rest.start + text.find(word).unwrap_or(0);
            Loc::new(source, at, at + word.len())
        };
        // A comment without any name is told as one whose name is not known.
        let words = if words.is_empty() { vec![""] } else { words };
        self.allows.extend(words.into_iter().map(|word| {
            Allow {
                word: Arc::from(word),
                lint: super::find(word)
                    .filter(|lint| !matches!(lint.check, Check::Comments(_)) && !super::is_fixed(lint)),
                reason: reason.clone(),
                loc: if word.is_empty() { Loc::new(source, whole.start, whole.end) } else { place(word) },
                alone: alone.clone(),
                covers: covers.clone(),
                used: false,
                told: false,
            }
        }));
    }

    /// Why this is allowed, if it is; the comment is then a used one.
    pub(super) fn allows(&mut self, diag: &Diag) -> Option<Arc<str>> {
        let place = &diag.labels.first()?.loc;
        let start = place.start as usize;
        // All comments are of one file, which need not be that of the place.
        self.allows.first().filter(|allow| allow.loc.source.name == place.source.name)?;
        let covers = |allow: &&mut Allow| {
            allow.lint.is_some_and(|lint| lint.code == diag.code) && allow.covers.contains(&start)
        };
        let found = self.allows.iter_mut().filter(|allow| allow.reason.is_some()).find(covers)?;
        found.used = true;
        found.reason.clone()
    }

    /// Says of which lints it can be told whether they found something: those that ran.
    pub(super) fn ran(&mut self, levels: &Levels, project: bool) {
        for allow in &mut self.allows {
            let runs = |lint: &Lint| match lint.check {
                Check::Policy(_) => levels.level(lint).is_some(),
                Check::Project(_) => project && levels.level(lint).is_some(),
                Check::Comments(_) => false,
            };
            allow.told = allow.reason.is_some() && allow.lint.is_some_and(runs);
        }
    }
}

/// The words that each comment of a text covers, whatever the layout.
pub fn covered_words(source: &Arc<Source>) -> Vec<String> {
    let comments = Comments::of(source).unwrap_or_default();
    let words = |allow: &Allow| {
        let covers = source.text.get(allow.covers.clone()).unwrap_or("");
        covers.chars().filter(|char| char.is_alphanumeric()).collect()
    };
    comments.allows.iter().map(words).collect()
}

/// Lines with where they start, their breaks included.
fn lines(text: &str, from: usize) -> impl Iterator<Item = (usize, &str)> {
    let mut at = from;
    text.get(from..).unwrap_or("").split_inclusive('\n').map(move |line| {
        let start = at;
        at += line.len();
        (start, line)
    })
}

fn line_start(text: &str, at: usize) -> usize {
    text.get(..at).and_then(|before| before.rfind('\n')).map_or(0, |end| end + 1)
}

/// What a comment at this offset covers.
fn covered(text: &str, comment: usize) -> Range<usize> {
    let start = line_start(text, comment);
    let own_line = text.get(start..comment).is_some_and(|before| before.trim().is_empty());
    let is_code = |line: &str| !line.trim().is_empty() && !line.trim_start().starts_with('#');
    let mut rest = lines(text, start).skip(usize::from(own_line)).skip_while(|(_, line)| !is_code(line));
    // Behind the end of its document a comment is about nothing.
    let ends = |line: &str| line.starts_with("---") || line.starts_with("...");
    let Some((first, line)) = rest.next().filter(|(_, line)| !ends(line)) else { return comment..comment };
    let indent = |line: &str| line.len() - line.trim_start_matches(' ').len();
    let deep = indent(line);
    let end = rest.find(|(_, next)| is_code(next) && indent(next) <= deep).map_or(text.len(), |(at, _)| at);
    first..end
}

/// A comment with its line if it stands alone on it, otherwise with the blank space before it.
fn with_line(source: &Arc<Source>, comment: &Range<usize>) -> Loc {
    let text = &*source.text;
    let start = line_start(text, comment.start);
    let before = text.get(start..comment.start).unwrap_or("");
    if !before.trim().is_empty() {
        return Loc::new(source, start + before.trim_end().len(), comment.end);
    }
    let end = lines(text, start).next().map_or(comment.end, |(at, line)| at + line.len());
    Loc::new(source, start, end)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn covers(text: &str) -> Vec<(String, String)> {
        let source = Source::new("p.yaml", text);
        let comments = Comments::of(&source).unwrap_or_default();
        let one =
            |allow: &Allow| (allow.word.to_string(), text.get(allow.covers.clone()).unwrap().to_owned());
        comments.allows.iter().map(one).collect()
    }

    #[test]
    fn a_comment_covers_its_line_or_the_next_with_what_is_below_it() {
        let said = covers("a: 1 # muster: allow x -- r\nb: 2\n");
        assert_eq!(said, [("x".to_owned(), "a: 1 # muster: allow x -- r\n".to_owned())]);
        let said = covers("# muster: allow x, y -- r\n\n# other\nfail: |\n  a\n\n  b\nwarn: c\n");
        let wanted = "fail: |\n  a\n\n  b\n".to_owned();
        assert_eq!(said, [("x".to_owned(), wanted.clone()), ("y".to_owned(), wanted)]);
        assert_eq!(covers("a: 1\n# muster: allow x -- r\n---\n  a: 2\n"), [("x".to_owned(), String::new())]);
        assert_eq!(covers("a:\n  - 1\n  # muster: allow x -- r\n  - 2\n  - 3\n")[0].1, "  - 2\n");
    }

    #[test]
    fn what_stands_in_a_text_is_no_comment() {
        assert_eq!(covers("a: |\n  # muster: allow x -- r\nb: \"1 # muster: allow x -- r\"\n"), []);
        assert_eq!(covers("a: '1 # muster: allow x -- r'\nb: c#muster: allow x -- r\n"), []);
        assert_eq!(covers("# write `# muster: allow x -- r`\na: 1\n"), []);
        assert_eq!(covers("a: [\n"), []);
    }

    #[test]
    fn a_text_of_any_form_is_read() {
        for text in ["# muster: allow", "a: 1\n# muster: allow x -- r", "# muster: allow -- r\na: 1"] {
            assert_eq!(covers(text).len(), 1, "{text}");
        }
    }
}
