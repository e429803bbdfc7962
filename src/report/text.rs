//! Texts of others made harmless, measured and wrapped.
//!
//! A file may be called `a\n+ pass everything`, a server may answer with escape sequences. Whatever moves
//! the cursor, hides itself or reorders its neighbours is shown as an escape (`\n`, `\u{1b}`).

use std::fmt;

/// Does this character move, hide or reorder what stands around it, or is it illegal in XML?
pub(super) fn is_hostile(char: char) -> bool {
    char.is_control()
        || matches!(char,
            '\u{ad}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{fffe}' | '\u{ffff}'
            | '\u{e0000}'..='\u{e0fff}')
}

/// One line without a hostile character.
pub(crate) fn inline(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            _ if is_hostile(char) => out.extend(char.escape_unicode()),
            _ => out.push(char),
        }
    }
    out
}

/// The lines of a text, each harmless; tabs at the start of a line are four spaces, as they only indent.
pub(super) fn lines(text: &str) -> Vec<String> {
    text.trim_end_matches('\n').split('\n').map(line).collect()
}

fn line(text: &str) -> String {
    let rest = text.trim_start_matches('\t');
    let tabs = text.len() - rest.len();
    format!("{}{}", "    ".repeat(tabs), inline(rest.strip_suffix('\r').unwrap_or(rest)))
}

/// Was something in this text escaped, so that a copy of what is shown is not the text?
pub(super) fn is_altered(text: &str) -> bool {
    text.split('\n').any(|line| line.trim_start_matches('\t').contains(is_hostile))
}

/// Does the first line open a here-document that the last line ends?
pub(super) fn is_here_document(text: &str) -> bool {
    let mut lines = text.trim_end().split('\n');
    let Some((_, opened)) = lines.next().and_then(|first| first.split_once("<<")) else { return false };
    let word: String = opened
        .trim_start_matches(['-', ' ', '\'', '"', '\\'])
        .chars()
        .take_while(|char| char.is_alphanumeric() || *char == '_')
        .collect();
    !word.is_empty() && lines.next_back() == Some(word.as_str())
}

/// At most `limit` characters, and how many were left out.
pub(super) fn clip(text: &str, limit: usize) -> String {
    let Some((end, _)) = text.char_indices().nth(limit) else { return text.to_owned() };
    let (kept, cut) = text.split_at_checked(end).unwrap_or((text, ""));
    format!("{kept}… ({} more characters, in --format json)", cut.chars().count())
}

/// Columns of a terminal that a character takes.
fn columns_of(char: char) -> usize {
    match char {
        '\u{300}'..='\u{36f}' | '\u{fe00}'..='\u{fe0f}' => 0,
        '\u{1100}'..='\u{115f}'
        | '\u{2e80}'..='\u{a4cf}'
        | '\u{ac00}'..='\u{d7a3}'
        | '\u{f900}'..='\u{faff}'
        | '\u{fe30}'..='\u{fe6f}'
        | '\u{ff00}'..='\u{ff60}'
        | '\u{ffe0}'..='\u{ffe6}'
        | '\u{1f300}'..='\u{1faff}'
        | '\u{20000}'..='\u{3fffd}' => 2,
        _ => 1,
    }
}

/// Columns of a terminal that a text takes.
pub(super) fn columns(text: &str) -> usize {
    text.chars().map(columns_of).sum()
}

/// The text in lines of at most `width` columns, broken at spaces. A word that is longer stays whole, so
/// that it can be copied.
pub(super) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut out = Vec::new();
    let mut line = String::new();
    let mut used = 0;
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        let size = columns(word);
        if used > 0 && used + 1 + size > width {
            out.push(std::mem::take(&mut line));
            used = 0;
        }
        if used > 0 {
            line.push(' ');
            used += 1;
        }
        line.push_str(word);
        used += size;
    }
    if used > 0 || out.is_empty() {
        out.push(line);
    }
    out
}

/// Adds formatted text; writing to a `String` cannot fail.
pub(super) fn put(out: &mut String, told: fmt::Arguments<'_>) {
    out.push_str(&told.to_string());
}

/// A text padded with spaces to that many columns.
pub(super) fn pad(text: &str, width: usize) -> String {
    format!("{text}{}", " ".repeat(width.saturating_sub(columns(text))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_characters_become_visible() {
        assert_eq!(
            inline("a\u{1b}[31m\n\r\tb\u{202e}\u{9b}\u{feff}"),
            "a\\u{1b}[31m\\n\\r\\tb\\u{202e}\\u{9b}\\u{feff}"
        );
        assert_eq!(inline("Größe 大 é"), "Größe 大 é");
    }

    #[test]
    fn only_what_a_copy_would_change_counts_as_altered() {
        assert!(!is_altered("psql <<'SQL'\n\tselect 1;\nSQL\n"));
        assert!(is_altered("rm 'a\r\nb'"));
        assert!(is_altered("rm 'a\tb'"));
        assert!(is_altered("rm 'a\u{202e}b'"));
    }

    #[test]
    fn only_a_whole_here_document_is_one() {
        assert!(is_here_document("psql <<'SQL'\nselect 1;\nSQL\n"));
        assert!(!is_here_document("rm 'x<<E\nexit 0: all is well\nE'"));
        assert!(!is_here_document("a << b"));
    }

    #[test]
    fn lines_break_at_spaces_and_never_inside_a_word() {
        assert_eq!(wrap("aa bb cc", 5), ["aa bb", "cc"]);
        assert_eq!(wrap("a /very/long/path b", 6), ["a", "/very/long/path", "b"]);
        assert_eq!(wrap("", 6), [""]);
        assert_eq!(wrap("大大 大", 5), ["大大", "大"]);
    }

    #[test]
    fn a_clipped_text_says_how_much_is_missing() {
        assert_eq!(clip("äbc", 3), "äbc");
        assert_eq!(clip("äbcd", 2), "äb… (2 more characters, in --format json)");
    }
}
