//! SQL that a server gives back, in a form that does not change with its version: white space and the qualification of
//! columns where there is only one table to take them from (PostgreSQL writes `t.a` up to version 15, and `a` later).

/// A piece of SQL: a word or name with its quotes, a literal, or a sign.
fn pieces(sql: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = sql.trim_start();
    while let Some(first) = rest.chars().next() {
        if let Some(behind) = behind_comment(rest) {
            rest = behind.trim_start();
            continue;
        }
        let end = match first {
            '"' | '\'' => quoted(rest, first),
            '$' => dollar(rest),
            c if is_word(c) => rest.find(|c: char| !is_word(c)).unwrap_or(rest.len()),
            _ => first.len_utf8(),
        };
        let end = end.max(first.len_utf8()).min(rest.len());
        let (piece, behind) = rest.split_at_checked(end).unwrap_or((rest, ""));
        found.push(piece);
        rest = behind.trim_start();
    }
    found
}

/// What stands behind the comment that begins here. Where a line ends one, its end must not be lost.
fn behind_comment(text: &str) -> Option<&str> {
    let behind = |inside: &'static str, end: &str| {
        text.strip_prefix(inside).map(|rest| rest.split_once(end).map_or("", |(_, behind)| behind))
    };
    behind("--", "\n").or_else(|| behind("/*", "*/"))
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '$'
}

/// The end of what begins with this quote; a doubled one stands for itself, and a backslash in `E'…'` is doubled by
/// the server.
fn quoted(text: &str, quote: char) -> usize {
    let mut chars = text.char_indices().skip(1).peekable();
    while let Some((at, c)) = chars.next() {
        if c == quote {
            match chars.peek() {
                Some((_, next)) if *next == quote => drop(chars.next()),
                _ => return at + quote.len_utf8(),
            }
        }
    }
    text.len()
}

/// The end of `$tag$ … $tag$`, or of the sign alone.
fn dollar(text: &str) -> usize {
    let close = text.get(1..).and_then(|rest| rest.find('$')).map(|at| at + 2);
    let Some((tag, behind)) = close.and_then(|at| text.split_at_checked(at)) else { return 1 };
    if !tag.trim_matches('$').chars().all(|c| c.is_alphanumeric() || c == '_') {
        return 1;
    }
    behind.find(tag).map_or(1, |at| tag.len() + at + tag.len())
}

/// One statement in its normal form.
pub(super) fn normal(sql: &str) -> String {
    let pieces = pieces(sql);
    let alias = only_table(&pieces);
    let mut out = String::with_capacity(sql.len());
    // For each open parenthesis: does a query of its own begin there?
    let mut open: Vec<bool> = Vec::new();
    let mut at = 0;
    while let Some(piece) = pieces.get(at) {
        match *piece {
            "(" => open.push(pieces.get(at + 1).is_some_and(|next| begins_query(next))),
            ")" => drop(open.pop()),
            _ => {}
        }
        let before_point = pieces.get(at + 1) == Some(&".");
        let behind_point = at > 0 && pieces.get(at - 1) == Some(&".");
        let own = !open.contains(&true);
        if own && before_point && !behind_point && alias.as_deref() == Some(*piece) {
            at += 2;
            continue;
        }
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(piece);
        at += 1;
    }
    out
}

fn begins_query(word: &str) -> bool {
    ["select", "with", "values", "table"].iter().any(|known| word.eq_ignore_ascii_case(known))
}

/// Words that end the list of tables.
const ENDS: &[&str] = &[
    "WHERE",
    "GROUP",
    "HAVING",
    "WINDOW",
    "UNION",
    "INTERSECT",
    "EXCEPT",
    "ORDER",
    "LIMIT",
    "OFFSET",
    "FETCH",
    "FOR",
    ";",
];

/// The name by which columns of the only table of a query are called, if it has only one.
fn only_table(pieces: &[&str]) -> Option<String> {
    let mut depth = 0_usize;
    let mut items: Vec<&str> = Vec::new();
    let mut inside = false;
    for piece in pieces {
        match *piece {
            "(" => depth += 1,
            ")" => depth = depth.saturating_sub(1),
            word if depth == 0 => {
                if ["UNION", "INTERSECT", "EXCEPT"].contains(&word) {
                    return None;
                }
                if word == "FROM" && !inside && items.is_empty() {
                    inside = true;
                    continue;
                }
                if inside && ENDS.contains(&word) {
                    inside = false;
                }
                if inside && (word == "," || word == "JOIN") {
                    return None;
                }
            }
            _ => {}
        }
        if inside && depth == 0 && *piece != ")" {
            items.push(piece);
        }
    }
    // A query or function in the place of a table has its alias last, too.
    items.last().map(|last| (*last).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_versions_of_one_view_have_one_form() {
        for (old, new) in [
            (
                " SELECT t.a,\n    count(*) AS count\n   FROM public.t\n  WHERE (t.b > 3)\n  GROUP BY t.a;",
                " SELECT a,\n    count(*) AS count\n   FROM public.t\n  WHERE (b > 3)\n  GROUP BY a;",
            ),
            (
                "SELECT x.a FROM public.t x WHERE (EXISTS ( SELECT u.b FROM public.u WHERE (u.b = x.a)))",
                "SELECT a FROM public.t x WHERE (EXISTS ( SELECT u.b FROM public.u WHERE (u.b = x.a)))",
            ),
            ("SELECT \"T\".a FROM public.\"T\"", "SELECT a FROM public.\"T\""),
        ] {
            assert_eq!(normal(old), normal(new));
        }
    }

    #[test]
    fn what_differs_stays_different() {
        for (one, other) in [
            ("SELECT t.a FROM t JOIN u ON t.a = u.a", "SELECT u.a FROM t JOIN u ON t.a = u.a"),
            ("SELECT t.a FROM t, u", "SELECT u.a FROM t, u"),
            ("SELECT 'a  b' FROM t", "SELECT 'a b' FROM t"),
            ("SELECT 't.a' FROM t", "SELECT 'a' FROM t"),
            ("SELECT $$a  b$$", "SELECT $$a b$$"),
            ("SELECT \"a  b\"", "SELECT \"a b\""),
            ("SELECT a FROM t WHERE b", "SELECT a FROM t WHERE c"),
            ("(a int, b int -- told\n CHECK (a > 0))", "(a int, b int -- told CHECK (a > 0)\n)"),
            ("(a int /* 'x */ CHECK (a > 'b  c'))", "(a int /* 'x */ CHECK (a > 'b c'))"),
            ("SELECT 'it''s  x'", "SELECT 'it''s x'"),
            (
                "SELECT t.a FROM t WHERE EXISTS (SELECT 1 FROM u WHERE t.a = 1)",
                "SELECT t.a FROM t WHERE EXISTS (SELECT 1 FROM u WHERE u.a = 1)",
            ),
        ] {
            assert_ne!(normal(one), normal(other));
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_has_a_form_and_that_form_is_its_own(sql in "(SELECT|FROM|t|a|\\.|,|\\(|\\)|'[^']*'|\"x y\"|\\$\\$[a-z ]*\\$\\$|WHERE|UNION| |ä)*") {
            let once = normal(&sql);
            proptest::prop_assert_eq!(pieces(&normal(&once)).len(), pieces(&normal(&normal(&once))).len());
        }

        #[test]
        fn any_text_is_read(sql in ".*") {
            let _form = normal(&sql);
        }
    }
}
