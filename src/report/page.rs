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
            self.out.push_str(harmless);
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

    /// A name, and what it is known by if there is room beside it.
    pub(super) fn named(&mut self, indent: usize, name: &str, id: &str) {
        let (name, id) = (text::clip(&text::inline(name), LONGEST), format!("id {}", text::inline(id)));
        if text::columns(&name) + text::columns(&id) + indent + 2 > self.width {
            self.paragraph(indent, 2, Ink::Bold, &name);
            return self.paragraph(indent + 2, 0, Ink::Dim, &id);
        }
        let (name, id) = (self.painted(Ink::Bold, &name), self.painted(Ink::Dim, &id));
        self.line(indent, &format!("{name}  {id}"));
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

    /// A value that was judged; where it comes from stands below it if both do not fit one line.
    pub(super) fn value(&mut self, indent: usize, label: &str, name: &str, shown: &str, from: &str) {
        let (shown, from) = (text::inline(shown), format!("({})", text::inline(from)));
        let whole = format!("{name} = {shown}  {from}");
        if text::columns(&whole) > self.width - indent - LABEL {
            self.labelled(indent, label, &format!("{} = {shown}", name.trim_end()));
            return self.paragraph(indent + LABEL + 2, 0, Ink::Dim, &from);
        }
        let label = self.painted(Ink::Dim, &text::pad(label, LABEL));
        let from = self.painted(Ink::Dim, &from);
        self.line(indent, &format!("{label}{name} = {shown}  {from}"));
    }

    /// Text to be pasted: nothing before it but spaces, never broken. A here-document stands at the very
    /// left, because its end is not found elsewhere. What a copy would change is no use to paste and stands
    /// on one line, so that no line of it can pass for one of ours.
    fn pasted(&mut self, indent: usize, told: &str) {
        if text::is_altered(told) {
            let warning = "do not paste: hidden characters, shown here as escapes; exact in --format json";
            self.paragraph(indent, 2, Ink::Bold, warning);
            return self.line(indent, &text::inline(told.trim_end()));
        }
        let indent = if text::is_here_document(told) { 0 } else { indent };
        for line in &text::lines(told) {
            self.line(indent, line);
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

    /// What to do; a single command needs no number.
    pub(super) fn steps(&mut self, indent: usize, label: &str, steps: &[Step]) {
        if let [Step { kind: kind @ (StepKind::Sql | StepKind::Shell), text, danger: None }] = steps {
            self.labelled(indent, label, words::step(*kind));
            return self.pasted(indent + 4, text);
        }
        let label = self.painted(Ink::Dim, label);
        self.line(indent, &label);
        for (index, step) in steps.iter().enumerate() {
            self.step(indent + 2, index + 1, step);
        }
    }
}
