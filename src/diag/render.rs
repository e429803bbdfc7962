//! Diagnostics as text for a terminal and as JSON.

use std::fmt;

use miette::{GraphicalReportHandler, GraphicalTheme, LabeledSpan, NamedSource, Severity, SourceCode};
use serde_json::{Value as Json, json};

use super::{Diag, Edit, Label, Level};

/// One diagnostic in the shape that miette draws.
struct Report<'a> {
    diag: &'a Diag,
    source: Option<NamedSource<String>>,
    elsewhere: String,
}

impl fmt::Debug for Report<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.diag.message)
    }
}

impl fmt::Display for Report<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.diag.message)
    }
}

impl std::error::Error for Report<'_> {}

impl miette::Diagnostic for Report<'_> {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(self.diag.code.id))
    }

    fn severity(&self) -> Option<Severity> {
        Some(match self.diag.level {
            Level::Warning => Severity::Warning,
            Level::Error => Severity::Error,
        })
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        let help = self.diag.help.as_deref().unwrap_or("");
        let joined = [help, &self.elsewhere].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>();
        if joined.is_empty() { None } else { Some(Box::new(joined.join("\n"))) }
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.source.as_ref().map(|source| source as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let main = self.diag.labels.first()?;
        let labels = self.diag.labels.iter().filter(move |label| label.loc.source == main.loc.source);
        Some(Box::new(labels.map(|label| {
            let start = label.loc.start as usize;
            let text = if label.text.is_empty() { None } else { Some(label.text.clone()) };
            LabeledSpan::new(text, start, label.loc.end as usize - start)
        })))
    }
}

/// Labels of other sources cannot stand in one snippet; they are named in the help.
fn elsewhere(diag: &Diag) -> String {
    let Some(main) = diag.labels.first() else { return String::new() };
    let others = diag.labels.iter().filter(|label| label.loc.source != main.loc.source);
    others.map(|label| format!("{}: {}", label.loc, label.text)).collect::<Vec<_>>().join("\n")
}

/// The diagnostic as a person reads it, with the line of the source and a caret.
pub fn render_text(diag: &Diag, color: bool, width: usize) -> String {
    let source = diag
        .labels
        .first()
        .filter(|label| !label.loc.source.text.is_empty())
        .map(|label| NamedSource::new(&label.loc.source.name, label.loc.source.text.to_string()));
    let report = Report { diag, source, elsewhere: elsewhere(diag) };
    let theme = if color { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
    let handler = GraphicalReportHandler::new_themed(theme).with_width(width.max(40)).with_links(false);
    let mut text = String::new();
    if handler.render_report(&mut text, &report).is_err() {
        text = format!("{}: {}", diag.code.id, diag.message);
    }
    text
}

fn label_json(label: &Label) -> Json {
    let (line, column) = label.loc.line_column();
    json!({
        "file": label.loc.source.name, "line": line, "column": column,
        "start": label.loc.start, "end": label.loc.end, "text": label.text,
    })
}

/// The diagnostic as data.
pub fn render_json(diag: &Diag) -> Json {
    let mut json = json!({
        "code": diag.code.id,
        "level": match diag.level { Level::Warning => "warning", Level::Error => "error" },
        "message": diag.message,
        "labels": diag.labels.iter().map(label_json).collect::<Vec<_>>(),
        "help": diag.help,
    });
    if let (false, Json::Object(map)) = (diag.edits.is_empty(), &mut json) {
        map.insert("edits".to_owned(), diag.edits.iter().map(edit_json).collect());
    }
    json
}

fn edit_json(edit: &Edit) -> Json {
    json!({
        "file": edit.loc.source.name, "start": edit.loc.start, "end": edit.loc.end, "text": edit.text,
    })
}
