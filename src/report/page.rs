//! A page of a terminal: margins, wrapping, colour. Whatever is put on it is made harmless here.

use super::{Style, text, words};
use crate::verdict::{Step, StepKind, Verdict};

/// Columns of the margin's words.
const LABEL: usize = 11;
/// Prose in longer lines is hard to read.
const WIDEST: usize = 110;
/// Narrower terminals are treated as if they were that wide.
const NARROWEST: usize = 40;
/// Characters of one text.
const LONGEST: usize = 2_000;

/// How something is drawn where colour is allowed; words and symbols say the same without it.
#[derive(Clone, Copy)]
pub(super) enum Ink {
    Plain,
    Of(Verdict),
    Dim,
    Bold,
    Loud,
}

impl Ink {
    fn code(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Of(Verdict::Fail) => "1;31",
            Self::Of(Verdict::Unknown) => "1;35",
            Self::Of(Verdict::Warn) => "1;33",
            Self::Of(Verdict::Waived) => "36",
            Self::Of(Verdict::Skipped) => "36",
            Self::Of(Verdict::Pass) => "32",
            Self::Dim => "2",
            Self::Bold => "1",
            Self::Loud => "1;7;31",
        }
    }
}

/// What stands before a verdict's word.
pub(super) fn symbol(verdict: Verdict) -> char {
    match verdict {
        Verdict::Pass => '+',
        Verdict::Skipped => '-',
        Verdict::Waived => '~',
        Verdict::Warn => '!',
        Verdict::Unknown => '?',
        Verdict::Fail => 'x',
    }
}

/// Text in the making.
pub(super) struct Page {
    color: bool,
    width: usize,
    out: String,
}

impl Page {
    pub(super) fn new(style: &Style) -> Self {
        let width = style.width.clamp(NARROWEST, WIDEST);
        Self { color: style.color, width, out: String::new() }
    }

    pub(super) fn finish(self) -> String {
        self.out
    }

    fn painted(&self, ink: Ink, harmless: &str) -> String {
        match ink.code() {
            code if self.color && !code.is_empty() && !harmless.is_empty() => {
                format!("\u{1b}[{code}m{harmless}\u{1b}[0m")
            }
            _ => harmless.to_owned(),
        }
    }

    /// One line as it is; only for what this module made harmless.
    fn line(&mut self, indent: usize, harmless: &str) {
        if !harmless.is_empty() {
            self.out.push_str(&" ".repeat(indent));
            self.out.push_str(harmless.trim_end());
        }
        self.out.push('\n');
    }

    /// An empty line, never two.
    pub(super) fn blank(&mut self) {
        if !self.out.is_empty() && !self.out.ends_with("\n\n") {
            self.out.push('\n');
        }
    }

    /// A line across the page with a word at its start.
    pub(super) fn rule(&mut self, word: &str, ink: Ink) {
        let word = text::inline(word);
        let lead = if word.is_empty() { "---".to_owned() } else { format!("--- {word} ") };
        let dashes = "-".repeat(self.width.saturating_sub(text::columns(&lead)));
        let line = self.painted(ink, &format!("{lead}{dashes}"));
        self.line(0, &line);
    }

    /// A wrapped paragraph; `hang` is the further indent of its second line.
    pub(super) fn paragraph(&mut self, indent: usize, hang: usize, ink: Ink, said: &str) {
        let said = text::clip(&text::inline(said), LONGEST);
        for (index, line) in text::wrap(&said, self.width - indent - hang).iter().enumerate() {
            let indent = if index == 0 { indent } else { indent + hang };
            let line = self.painted(ink, line);
            self.line(indent, &line);
        }
    }

    /// A message. If it has several lines each begins with a bar, so that none can pass for a line of ours.
    pub(super) fn message(&mut self, indent: usize, said: &str) {
        let lines = text::lines(&text::clip(said, LONGEST));
        let bar = if lines.len() > 1 { "| " } else { "" };
        for line in &lines {
            for piece in text::wrap(line, self.width - indent - bar.len()) {
                self.line(indent, &format!("{bar}{piece}"));
            }
        }
    }

    /// A word in the margin and a text beside it.
    pub(super) fn labelled(&mut self, indent: usize, label: &str, said: &str) {
        let said = text::clip(&text::inline(said), LONGEST);
        let label = self.painted(Ink::Dim, &text::pad(label, LABEL));
        for (index, line) in text::wrap(&said, self.width - indent - LABEL).iter().enumerate() {
            let margin = match index {
                0 => label.clone(),
                _ => " ".repeat(LABEL),
            };
            self.line(indent, &format!("{margin}{line}"));
        }
    }

    /// A value that was judged, with where it comes from; the parts stay apart when it is wrapped.
    pub(super) fn value(&mut self, indent: usize, label: &str, name: &str, shown: &str, from: &str) {
        let room = self.width - indent - LABEL;
        let whole = format!("{name} = {}  ({})", text::inline(shown), text::inline(from));
        if text::columns(&whole) > room {
            return self.labelled(indent, label, &format!("{} = {shown} ({from})", name.trim_end()));
        }
        let label = self.painted(Ink::Dim, &text::pad(label, LABEL));
        let from = self.painted(Ink::Dim, &format!("({})", text::inline(from)));
        self.line(indent, &format!("{label}{name} = {}  {from}", text::inline(shown)));
    }

    /// Text to be pasted: nothing before it but spaces, never broken. A here-document stands at the very
    /// left, because its end is not found elsewhere.
    fn pasted(&mut self, indent: usize, told: &str) {
        let lines = text::lines(told);
        let indent = if lines.len() > 1 && told.contains("<<") { 0 } else { indent };
        for line in &lines {
            self.line(indent, line);
        }
        if text::is_altered(told) {
            let warning = "do not paste this: it holds hidden characters, shown as escapes; \
                           the exact text is in --format json";
            self.paragraph(indent.max(4), 0, Ink::Bold, warning);
        }
    }

    /// What would make something readable.
    pub(super) fn fix(&mut self, indent: usize, label: &str, fix: &str) {
        let label = self.painted(Ink::Dim, label);
        self.line(indent, &label);
        self.pasted(indent + 4, fix);
    }

    fn step(&mut self, indent: usize, number: usize, step: &Step) {
        let lead = format!("{number}. ");
        let inner = indent + lead.len();
        if let Some(danger) = &step.danger {
            let danger = format!("{lead}DANGER: {danger}");
            self.paragraph(indent, lead.len(), Ink::Of(Verdict::Fail), &danger);
        }
        let (indent, lead) = if step.danger.is_some() { (inner, "") } else { (indent, lead.as_str()) };
        if step.kind == StepKind::Do {
            let mut prose = step.text.trim_end().split('\n');
            let first = format!("{lead}{}", prose.next().unwrap_or_default());
            self.paragraph(indent, lead.len(), Ink::Plain, &first);
            prose.for_each(|line| self.paragraph(inner, 0, Ink::Plain, line));
        } else {
            self.line(indent, &format!("{lead}{}", words::step(step.kind)));
            self.pasted(inner + 2, &step.text);
        }
    }

    /// What to do.
    pub(super) fn steps(&mut self, indent: usize, label: &str, steps: &[Step]) {
        let label = self.painted(Ink::Dim, label);
        self.line(indent, &label);
        for (index, step) in steps.iter().enumerate() {
            self.step(indent + 2, index + 1, step);
        }
    }
}
