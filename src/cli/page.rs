//! Plain pages for terminals: headings, wrapped prose, aligned rows.

use crate::report::inline;

/// A page that grows from top to bottom.
pub(super) struct Page {
    text: String,
    width: usize,
}

/// A name that is longer stands on a line of its own.
const LONGEST_NAME: usize = 28;

impl Page {
    pub(super) fn new() -> Self {
        Self { text: String::new(), width: super::output::style(false).width.clamp(40, 110) }
    }

    /// `name: what it is`, the first line of everything.
    pub(super) fn title(&mut self, name: &str, what: &str) {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        self.wrapped(&format!("{name} · {what}"), 0, 2);
    }

    /// The head of a part.
    pub(super) fn head(&mut self, words: &str) {
        self.text.push_str(&format!("\n{words}\n"));
    }

    /// A text as it is written, wrapped; its own line breaks stay.
    pub(super) fn prose(&mut self, text: &str) {
        for line in text.trim().lines() {
            self.wrapped(line, 2, 2);
        }
    }

    /// Aligned names with texts.
    pub(super) fn rows<N: AsRef<str>, T: AsRef<str>>(&mut self, rows: &[(N, T)]) {
        let lengths = rows.iter().map(|(name, _)| name.as_ref().chars().count());
        let column = lengths.filter(|length| *length <= LONGEST_NAME).max().unwrap_or(0);
        for (name, text) in rows {
            let name = inline(name.as_ref());
            let mut lines = text.as_ref().lines();
            let first = lines.next().unwrap_or("");
            if name.chars().count() > column {
                self.text.push_str(&format!("  {name}\n"));
                self.wrapped(first, column + 4, column + 4);
            } else {
                self.wrapped(&format!("  {name:column$}  {}", inline(first)), 0, column + 4);
            }
            lines.for_each(|line| self.wrapped(line, column + 4, column + 4));
        }
    }

    fn wrapped(&mut self, text: &str, first: usize, rest: usize) {
        let text = inline(text);
        let blank = text.len() - text.trim_start().len();
        let mut line = " ".repeat(first + blank);
        let mut begun = false;
        // Runs of spaces inside are alignment, which words alone would lose.
        for word in text.trim().split(' ') {
            if begun && line.chars().count() + 1 + word.chars().count() > self.width {
                self.text.push_str(line.trim_end());
                self.text.push('\n');
                line = " ".repeat(rest);
                begun = false;
            }
            if begun {
                line.push(' ');
            }
            line.push_str(word);
            begun = true;
        }
        self.text.push_str(line.trim_end());
        self.text.push('\n');
    }

    pub(super) fn finish(self) -> String {
        self.text
    }
}

/// Aligned columns, two spaces apart, the first line underlined by nothing: for tables of facts.
pub(super) fn columns(lines: &[Vec<String>]) -> String {
    let count = lines.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        lines.iter().filter_map(|line| line.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..count).map(width).collect();
    let drawn = lines.iter().map(|line| {
        let cells = line.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned() + "\n"
    });
    drawn.collect()
}
