//! Texts with holes: `{{ expression }}` and no other syntax. The hole's type decides its text; the kind of
//! step decides how a value is quoted, and what a step cannot quote is a load error.

use super::eval::{Scope, eval};
use super::node::{Node, Place, Rule};
use super::quote::{shell, sql};
use super::{Env, Text, typing};
use crate::diag::{Diag, code};
use crate::fact::{TextKind, Type, Value, show_apart, show_cell};
use crate::verdict::StepKind;

pub use super::quote::sql_name;

/// A piece of a template.
#[derive(Clone, Debug)]
enum Piece {
    Plain(String),
    Hole(Box<Rule>),
}

/// A piece of a template, as lints look at it.
#[derive(Clone, Copy, Debug)]
pub enum Part<'a> {
    /// Text that stands there.
    Plain(&'a str),
    /// An expression whose value is shown.
    Hole(&'a Rule),
}

/// A checked text with holes.
#[derive(Clone, Debug, Default)]
pub struct Template {
    pieces: Vec<Piece>,
    /// Names in SQL are quoted as MySQL does it.
    backticks: bool,
}

/// Null words of places, so that "never" is printed and not "none".
pub trait Words {
    /// What null means at a place.
    fn null_reads(&self, place: &Place) -> Option<&str>;

    /// The limit that the value of a place was compared with, from which it has to be told apart.
    fn limit(&self, _place: &Place) -> Option<&Value> {
        None
    }

    /// Does the target quote names in SQL with backticks, as MySQL does it?
    fn backticks(&self) -> bool {
        false
    }
}

/// Checks a template; `step` says how its holes are quoted, `None` for a message.
pub fn check(text: Text<'_>, env: &Env, step: Option<StepKind>) -> Result<Template, Vec<Diag>> {
    // Most steps are one piece, and a list that grows by itself begins with room for four.
    let room = if double(text.text, b'{').is_some() { 4 } else { 1 };
    let (mut pieces, mut errors, mut at) = (Vec::with_capacity(room), Vec::new(), 0);
    while let Some(found) = text.text.get(at..).and_then(|rest| double(rest, b'{')) {
        let open = at + found;
        push_plain(&mut pieces, text.text.get(at..open));
        let Some(length) = text.text.get(open + 2..).and_then(|rest| double(rest, b'}')) else {
            errors.push(unclosed(text, open));
            return Err(errors);
        };
        let close = open + 2 + length;
        match hole(text.part(open + 2, close), env, step) {
            Ok(rule) => pieces.push(Piece::Hole(Box::new(rule))),
            Err(diag) => errors.push(diag),
        }
        at = close + 2;
    }
    if let Some(stray) = text.text.get(at..).and_then(|rest| double(rest, b'}')) {
        let place = text.loc(at + stray, at + stray + 2);
        errors.push(
            Diag::error(&code::TEMPLATE, "`}}` closes no hole")
                .at(&place, "")
                .help("a hole is `{{ expression }}`"),
        );
    }
    push_plain(&mut pieces, text.text.get(at..));
    if errors.is_empty() { Ok(Template { pieces, backticks: env.backticks }) } else { Err(errors) }
}

/// Where a brace stands twice. Most texts have none at all, and a search for two bytes would be prepared for each.
fn double(text: &str, brace: u8) -> Option<usize> {
    let bytes = text.as_bytes();
    memchr::memchr_iter(brace, bytes).find(|at| bytes.get(at + 1) == Some(&brace))
}

fn push_plain(pieces: &mut Vec<Piece>, text: Option<&str>) {
    if let Some(text) = text.filter(|text| !text.is_empty()) {
        pieces.push(Piece::Plain(text.to_owned()));
    }
}

fn unclosed(text: Text<'_>, open: usize) -> Diag {
    Diag::error(&code::TEMPLATE, "a hole is not closed")
        .at(&text.loc(open, open + 2), "no `}}` follows")
        .help("write `{{ expression }}`")
}

fn hole(text: Text<'_>, env: &Env, step: Option<StepKind>) -> Result<Rule, Diag> {
    let trimmed = text.text.trim();
    let begin = text.text.len() - text.text.trim_start().len();
    let inner = text.part(begin, begin + trimmed.len());
    if trimmed.starts_with(['#', '%', '/']) || trimmed.split("||").any(|part| part.contains('|')) {
        return Err(Diag::error(&code::TEMPLATE, "a hole has no pipes and no blocks")
            .at(&inner.whole(), "only an expression stands here")
            .help("the type of the value decides how it is shown"));
    }
    let rule = typing::check(inner, env)?;
    if let Some(step) = step {
        quotable(&rule.node, step)?;
    }
    Ok(rule)
}

fn quotable(node: &Node, step: StepKind) -> Result<(), Diag> {
    let ty = node.ty.base();
    let scalar = !matches!(ty, Type::Record(_));
    let fine = match step {
        StepKind::Do => true,
        StepKind::Shell => scalar,
        StepKind::Sql => match ty {
            Type::List(item) => **item == Type::Text(TextKind::SqlName),
            _ => scalar,
        },
    };
    if fine {
        return Ok(());
    }
    Err(Diag::error(&code::QUOTING, format!("a `{}:` step cannot quote {}", step.word(), node.ty))
        .at(&node.loc, format!("this is {}", node.ty))
        .help("name a fact of one value here, or use a `do:` step"))
}

impl Template {
    /// A text without holes.
    pub fn plain(text: &str) -> Self {
        Self { pieces: vec![Piece::Plain(text.to_owned())], backticks: false }
    }

    /// The expressions of its holes.
    pub fn rules(&self) -> impl Iterator<Item = &Rule> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Hole(rule) => Some(&**rule),
            Piece::Plain(_) => None,
        })
    }

    /// Its text and its holes, in order.
    pub fn parts(&self) -> impl Iterator<Item = Part<'_>> {
        self.pieces.iter().map(|piece| match piece {
            Piece::Plain(text) => Part::Plain(text),
            Piece::Hole(rule) => Part::Hole(rule),
        })
    }

    /// The text as it is written.
    pub fn written(&self) -> String {
        self.text(|rule| format!("{{{{ {} }}}}", rule.node.text.trim()))
    }

    /// The text with its holes filled for people.
    pub fn fill(&self, scope: &dyn Scope, words: &dyn Words) -> String {
        self.text(|rule| {
            let place = rule.reads.first();
            let cell = eval(&rule.node, scope);
            let single = matches!(rule.node.op, super::Op::Read(_) | super::Op::Age(_));
            match (&cell, place.filter(|_| single).and_then(|place| words.limit(place))) {
                (Ok(value), Some(limit)) if !value.is_null() => show_apart(value, limit, rule.node.ty.base()),
                _ => show_cell(&cell, rule.node.ty.base(), place.and_then(|place| words.null_reads(place))),
            }
        })
    }

    /// The text of a step. A value that could not be read becomes a placeholder that does nothing when pasted.
    pub fn fill_step(&self, scope: &dyn Scope, words: &dyn Words, step: StepKind) -> String {
        if step == StepKind::Do {
            return self.fill(scope, words);
        }
        self.text(|rule| {
            let cell = eval(&rule.node, scope);
            match step {
                StepKind::Sql => sql(&cell, rule.node.ty.base(), self.backticks || words.backticks()),
                _ => shell(&cell, rule.node.ty.base()),
            }
        })
    }

    fn text(&self, mut fill: impl FnMut(&Rule) -> String) -> String {
        let parts = self.pieces.iter().map(|piece| match piece {
            Piece::Plain(text) => text.clone(),
            Piece::Hole(rule) => fill(rule),
        });
        parts.collect::<String>().trim_end().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::fact::{Cause, Cell, Field, Missing, Rows, Schema, ZeroRows};
    use crate::rule::env::Observed;

    struct Given(Vec<Cell>);

    impl Scope for Given {
        fn read(&self, place: &Place) -> Cell {
            match place {
                Place::Each(index) => self.0[*index].clone(),
                _ => Ok(Value::Null),
            }
        }
    }

    impl Words for Given {
        fn null_reads(&self, _: &Place) -> Option<&str> {
            Some("never")
        }
    }

    fn env() -> Env {
        let fields = [
            ("table", "name"),
            ("path", "path"),
            ("size", "bytes"),
            ("last", "time?"),
            ("note", "text"),
            ("tags", "list<text>"),
            ("columns", "list<name>"),
        ];
        let fields =
            fields.iter().map(|(name, ty)| Field::declared(name, Type::parse(ty).unwrap())).collect();
        let schema = Schema { version: 1, fields, key: vec![0], rows: Rows::Many, zero: ZeroRows::Fine };
        Env {
            observations: vec![Observed::plain(&"rows".into(), &Arc::new(schema))],
            each: Some(0),
            facts: true,
            ..Env::default()
        }
    }

    fn given() -> Given {
        Given(vec![
            Ok(Value::text("public.Order \"x\"")),
            Ok(Value::text("-rf it's")),
            Ok(Value::Int(3 << 20)),
            Ok(Value::Null),
            Missing::new(Cause::Denied, "no").cell(),
            Ok(Value::texts(["a b", "c"])),
            Ok(Value::texts(["id", "By day"])),
        ])
    }

    fn fill(text: &str, step: Option<StepKind>) -> String {
        let template = check(Text::bare(text), &env(), step).unwrap_or_else(|e| panic!("{text}: {e:?}"));
        match step {
            None => template.fill(&given(), &given()),
            Some(step) => template.fill_step(&given(), &given(), step),
        }
    }

    #[test]
    fn holes_are_filled_by_type() {
        assert_eq!(
            fill("{{ path }} has {{size}}, last {{ last_age }} ({{ note }})", None),
            "-rf it's has 3 MiB, last never ((unknown: denied))"
        );
    }

    #[test]
    fn steps_quote_for_where_they_stand() {
        let sql = |text| fill(text, Some(StepKind::Sql));
        let shell = |text| fill(text, Some(StepKind::Shell));
        assert_eq!(sql("VACUUM {{ table }};"), "VACUUM public.\"Order x\";");
        assert_eq!(
            sql("SELECT {{ path }}, {{ size }}, {{ note }}"),
            "SELECT '-rf it''s', 3145728, /* unknown: denied */"
        );
        assert_eq!(shell("rm {{ path }} {{ tags }}"), "rm './-rf it'\\''s' 'a b' c");
        assert_eq!(
            sql("CREATE INDEX ON {{ table }} ({{ columns }});"),
            "CREATE INDEX ON public.\"Order x\" (id, \"By day\");"
        );
        assert_eq!(sql_name("main.\"index\""), "main.\"index\"", "a word that only SQLite reserves");
        assert_eq!(sql_name("public.order"), "public.\"order\"");
        assert_eq!(sql_name("public.\"a.b\""), "public.\"a.b\"");
        assert_eq!(sql_name("orders_2"), "orders_2");
    }

    #[test]
    fn mysql_has_its_own_quotes() {
        let sql = |name: &str| sql(&Ok(Value::text(name)), &Type::Text(TextKind::SqlName), true);
        assert_eq!(sql("shop.orders"), "`shop`.`orders`");
        assert_eq!(sql("`shop`.`Or``der.x`"), "`shop`.`Or``der.x`");
        assert_eq!(sql("a`; drop table b; --"), "`a; drop table b; --`");
        assert_eq!(sql("\"Odd Name\""), "`Odd Name`");
        assert_eq!(sql("\"a.`b\""), "`a.``b`");
        assert_eq!(sql("orders.\"Odd Name\""), "`orders`.`Odd Name`");
        assert_eq!(sql("`a\"b`.c"), "`a\"b`.`c`");
        let text = super::sql(&Ok(Value::text("it\\'s")), &Type::TEXT, true);
        assert_eq!(text, "'it\\\\''s'");
        let env = Env { backticks: true, ..env() };
        let template = check(Text::bare("ALTER TABLE {{ table }}"), &env, Some(StepKind::Sql)).unwrap();
        assert_eq!(
            template.fill_step(&given(), &given(), StepKind::Sql),
            "ALTER TABLE `public`.`Order \"x\"`"
        );
    }

    #[test]
    fn broken_templates_are_refused() {
        for text in ["{{ size", "size }}", "{{ siez }}", "{{ path | upper }}", "{{# if size }}", "{{ }}"] {
            assert!(check(Text::bare(text), &env(), None).is_err(), "{text}");
        }
        assert!(check(Text::bare("{{ tags }}"), &env(), Some(StepKind::Sql)).is_err());
    }
}
