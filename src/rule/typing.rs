//! Types an [`Ast`] against an [`Env`] and lowers it to [`Node`]s.
//!
//! Everything that would be silently false in another language is an error here, with a caret: an unknown
//! name, a comparison of unlike units, a nullable fact without a guard, a word that an enum does not have.

use std::sync::Arc;

use super::ast::{Ast, Binary, Kind};
use super::env::{Env, Meaning, ROOTS, list};
use super::node::{Arith, Cmp, Node, Op, Place};
use super::{Rule, Text, eval, functions, narrow, ops, parse};
use crate::diag::{Code, Diag, code, did_you_mean};
use crate::fact::{Cell, Type, Value, show};

type Typed = Result<Node, Diag>;

/// Parses and types an expression.
pub fn check(text: Text<'_>, env: &Env) -> Result<Rule, Diag> {
    let ast = parse::parse(text)?;
    Checker { text, env: env.clone() }.node(&ast).map(Rule::new)
}

/// The same, and it must be true or false.
pub fn check_condition(text: Text<'_>, env: &Env) -> Result<Rule, Diag> {
    let rule = check(text, env)?;
    match &rule.node.ty {
        Type::Bool => Ok(rule),
        Type::Nullable(_) => Err(nullable(&rule.node)),
        other => {
            Err(Diag::error(&code::NOT_BOOL, format!("a condition is true or false, and this is {other}"))
                .at(&rule.node.loc, format!("this is {other}"))
                .help("compare it with a limit, for example `x > 3`"))
        }
    }
}

fn nullable(node: &Node) -> Diag {
    let name = &node.text;
    Diag::error(&code::NULLABLE, format!("`{name}` may be null"))
        .at(&node.loc, format!("this is {}", node.ty))
        .help(format!("say what then: `{name} ?? …`, or `{name} != null && …`"))
}

/// What `target.scheme` can be; null for a target without an address.
const SCHEMES: &[&str] =
    &["https", "http", "tls", "tcp", "smtp", "postgres", "postgresql", "mysql", "mariadb"];

struct Checker<'a> {
    text: Text<'a>,
    env: Env,
}

impl Checker<'_> {
    fn error(
        &self,
        code: &'static Code,
        span: &std::ops::Range<usize>,
        message: String,
        label: impl Into<String>,
    ) -> Diag {
        Diag::error(code, message).at(&self.text.loc(span.start, span.end), label)
    }

    fn make(&self, ast: &Ast, op: Op, ty: Type) -> Node {
        let text = self.text.text.get(ast.span.clone()).unwrap_or("").trim();
        Node { op, ty, loc: self.text.loc(ast.span.start, ast.span.end), text: Arc::from(text) }
    }

    fn literal(&self, ast: &Ast, value: Value, ty: Type) -> Node {
        self.make(ast, Op::Literal(value), ty)
    }

    fn node(&mut self, ast: &Ast) -> Typed {
        match &ast.kind {
            Kind::Null => Err(self
                .error(
                    &code::TYPE_MISMATCH,
                    &ast.span,
                    "`null` stands alone here".into(),
                    "null has no type of its own",
                )
                .help("compare with it: `x == null`, `x != null`")),
            Kind::Bool(value) => Ok(self.literal(ast, Value::Bool(*value), Type::Bool)),
            Kind::Int(value) => Ok(self.literal(ast, Value::Int(*value), Type::Int)),
            Kind::Float(value) => Ok(self.literal(ast, Value::Float(*value), Type::Float)),
            Kind::Text(text) => Ok(self.literal(ast, Value::text(text), Type::TEXT)),
            Kind::List(items) => self.list(ast, items),
            Kind::Name(name) => self.name(ast, name),
            Kind::Field(base, name, at) => self.field(ast, base, name, at),
            Kind::Call(name, args, at) => self.call(ast, name, args, at),
            Kind::Method(base, name, args, at) => {
                let all: Vec<Ast> = std::iter::once((**base).clone()).chain(args.iter().cloned()).collect();
                self.call(ast, name, &all, at)
            }
            Kind::Not(inner) => {
                let inner = self.condition(inner)?;
                Ok(self.make(ast, Op::Not(Box::new(inner)), Type::Bool))
            }
            Kind::Negate(inner) => self.negate(ast, inner),
            Kind::Binary(op, pair) if op.is_comparison() => self.comparison(ast, *op, pair),
            Kind::Binary(op, pair) => self.arithmetic(ast, *op, pair),
            Kind::And(items) => self.logic(ast, items, true),
            Kind::Or(items) => self.logic(ast, items, false),
            Kind::Coalesce(items) => self.coalesce(ast, items),
            Kind::In(pair) => self.contained(ast, pair),
            Kind::Range(..) => Err(self
                .error(&code::RULE_UNSUPPORTED, &ast.span, "a range stands only behind `in`".into(), "")
                .help("write `x in 1..10`")),
        }
    }

    /// A value that is not null.
    fn value(&mut self, ast: &Ast) -> Typed {
        let node = self.node(ast)?;
        if node.ty.is_nullable() { Err(nullable(&node)) } else { Ok(node) }
    }

    fn condition(&mut self, ast: &Ast) -> Typed {
        let node = self.value(ast)?;
        if node.ty == Type::Bool {
            return Ok(node);
        }
        let message = format!("`{}` is {}, and true or false is needed", node.text, node.ty);
        Err(self.error(&code::NOT_BOOL, &ast.span, message, format!("this is {}", node.ty)))
    }

    fn list(&mut self, ast: &Ast, items: &[Ast]) -> Typed {
        let nodes = items.iter().map(|item| self.value(item)).collect::<Result<Vec<_>, _>>()?;
        let Some(first) = nodes.first() else {
            return Err(self.error(
                &code::TYPE_MISMATCH,
                &ast.span,
                "the list is empty".into(),
                "nothing can be in it",
            ));
        };
        let ty = first.ty.clone();
        if let Some((other, at)) =
            nodes.iter().zip(items).find(|(node, _)| !ops::comparable(&ty, &node.ty, false))
        {
            let message = format!("the list holds {ty} and {}", other.ty);
            return Err(self.error(&code::TYPE_MISMATCH, &at.span, message, format!("this is {}", other.ty)));
        }
        Ok(self.make(ast, Op::List(nodes), Type::list(ty)))
    }

    fn meaning(&self, ast: &Ast, meaning: Meaning) -> Node {
        match meaning {
            Meaning::Value(place, ty) => self.make(ast, Op::Read(place), ty),
            Meaning::Age(place, now, ty) => {
                let time = self.make(ast, Op::Read(place), Type::Time);
                let now = self.make(ast, Op::Read(now), Type::Time);
                self.make(ast, Op::Age(Box::new([time, now])), ty)
            }
        }
    }

    fn name(&mut self, ast: &Ast, name: &str) -> Typed {
        if let Some(meaning) = self.env.bare(name) {
            return Ok(self.meaning(ast, meaning));
        }
        let message = format!("`{name}` is not known here");
        let diag =
            self.error(&code::UNKNOWN_FACT, &ast.span, message, "no fact, parameter or `let` has this name");
        if self.env.param(name).is_some() {
            return Err(diag.help(format!("write `params.{name}`")));
        }
        if self.env.observations.iter().any(|o| &*o.name == name) || ROOTS.contains(&name) {
            return Err(diag.help(format!("write `{name}.…`: a name of something in it must follow")));
        }
        if functions::find(name).is_some() || name == "known" || name == "matches" {
            return Err(diag.help(format!("`{name}` is a function: write `{name}(…)`")));
        }
        if !self.env.facts {
            return Err(diag.help(
                "`when` is judged before observing, from `target` and `params` only; use `where` for facts",
            ));
        }
        let names = self.env.names();
        let help = did_you_mean(name, names.iter().map(String::as_str));
        Err(diag
            .help(help.unwrap_or_else(|| format!("known here: {}", list(names.iter().map(String::as_str))))))
    }

    fn field(&mut self, ast: &Ast, base: &Ast, name: &str, at: &std::ops::Range<usize>) -> Typed {
        match &base.kind {
            Kind::Int(_) | Kind::Float(_) => self.quantity(ast, base, name, at),
            Kind::Name(root) if root == "params" => self.param(ast, name, at),
            Kind::Name(root) if root == "target" => self.target(ast, name, at),
            Kind::Name(root) if root == "before" || root == "side" => Err(self.error(
                &code::RESERVED_KEY,
                &base.span,
                format!("`{root}` belongs to relations"),
                "not judged by this version",
            )),
            Kind::Field(inner, labels, _)
                if labels == "labels" && matches!(&inner.kind, Kind::Name(n) if n == "target") =>
            {
                self.label(ast, name, at)
            }
            Kind::Name(root) => match self.env.member(root, name) {
                Some(Ok(meaning)) if self.env.facts => Ok(self.meaning(ast, meaning)),
                Some(Err(help)) => {
                    let message = format!("`{root}` has no fact `{name}`");
                    Err(self
                        .error(&code::UNKNOWN_FACT, at, message, "not a fact of this observation")
                        .help(help))
                }
                _ => {
                    self.name(base, root)?;
                    Err(self.no_fields(root, at))
                }
            },
            _ => Err(self.no_fields("this", at)),
        }
    }

    fn no_fields(&self, root: &str, at: &std::ops::Range<usize>) -> Diag {
        self.error(&code::UNKNOWN_FACT, at, format!("`{root}` has nothing in it that could be named"), "")
    }

    fn quantity(&self, ast: &Ast, base: &Ast, unit: &str, at: &std::ops::Range<usize>) -> Typed {
        let number = match base.kind {
            Kind::Int(int) => Value::Int(int),
            Kind::Float(float) => Value::Float(float),
            _ => Value::Null,
        };
        match functions::quantity(&number, unit) {
            Some(Ok((value, ty))) => Ok(self.literal(ast, value, ty)),
            Some(Err(message)) => Err(self.error(&code::BAD_LITERAL, &ast.span, message, "")),
            None => {
                let words = functions::UNITS.iter().map(|(word, _, _)| *word);
                let help = functions::unit_word(unit).map(|word| format!("write `{word}`"));
                let help = help
                    .or_else(|| did_you_mean(unit, words.clone()))
                    .unwrap_or_else(|| format!("units are {}", list(words)));
                Err(self.error(&code::BAD_LITERAL, at, format!("`{unit}` is not a unit"), "").help(help))
            }
        }
    }

    fn param(&self, ast: &Ast, name: &str, at: &std::ops::Range<usize>) -> Typed {
        if let Some(meaning) = self.env.param(name) {
            return Ok(self.meaning(ast, meaning));
        }
        let names = self.env.params.iter().map(|param| &*param.name);
        let help = did_you_mean(name, names.clone()).unwrap_or_else(|| match self.env.params.len() {
            0 => "this policy declares no `params`".to_owned(),
            _ => format!("its parameters are {}", list(names)),
        });
        Err(self.error(&code::UNKNOWN_FACT, at, format!("there is no parameter `{name}`"), "").help(help))
    }

    fn target(&self, ast: &Ast, name: &str, at: &std::ops::Range<usize>) -> Typed {
        match name {
            "name" | "type" => Ok(self.make(ast, Op::Read(Place::Target(Arc::from(name))), Type::TEXT)),
            "scheme" => {
                let place = Place::Target(Arc::from("scheme"));
                let ty = Type::words(SCHEMES);
                let ty = if self.env.narrowed.contains(&place) { ty } else { ty.nullable() };
                Ok(self.make(ast, Op::Read(place), ty))
            }
            _ => Err(self
                .error(&code::UNKNOWN_FACT, at, format!("a target has no `{name}`"), "")
                .help("it has `target.name`, `target.type`, `target.scheme` and `target.labels.NAME`")),
        }
    }

    fn label(&self, ast: &Ast, name: &str, at: &std::ops::Range<usize>) -> Typed {
        if let Some(labels) = self.env.labels.as_ref().filter(|labels| !labels.contains(name)) {
            let names = labels.iter().map(|label| &**label);
            let help = did_you_mean(name, names.clone())
                .unwrap_or_else(|| format!("labels of the project are {}", list(names)));
            return Err(self
                .error(&code::UNKNOWN_NAME, at, format!("no label is called `{name}`"), "")
                .help(help));
        }
        let place = Place::Target(Arc::from(format!("labels.{name}")));
        let ty = if self.env.narrowed.contains(&place) { Type::TEXT } else { Type::TEXT.nullable() };
        Ok(self.make(ast, Op::Read(place), ty))
    }

    fn negate(&mut self, ast: &Ast, inner: &Ast) -> Typed {
        let node = self.value(inner)?;
        if !(node.ty.is_number() || matches!(node.ty, Type::Quantity(_))) {
            return Err(self.error(
                &code::TYPE_MISMATCH,
                &ast.span,
                format!("{} cannot be negated", node.ty),
                "",
            ));
        }
        let ty = node.ty.clone();
        Ok(self.make(ast, Op::Negate(Box::new(node)), ty))
    }

    fn logic(&mut self, ast: &Ast, items: &[Ast], and: bool) -> Typed {
        let kept = self.env.narrowed.len();
        let mut nodes = Vec::with_capacity(items.len());
        for item in items {
            let node = self.condition(item)?;
            self.env.narrowed.extend(narrow::not_null(&node, and));
            nodes.push(node);
        }
        self.env.narrowed.truncate(kept);
        Ok(self.make(ast, if and { Op::All(nodes) } else { Op::Any(nodes) }, Type::Bool))
    }

    fn coalesce(&mut self, ast: &Ast, items: &[Ast]) -> Typed {
        let nodes = items.iter().map(|item| self.node(item)).collect::<Result<Vec<_>, _>>()?;
        let (Some(first), Some(last)) = (nodes.first(), nodes.last()) else {
            return Err(self.error(&code::RULE_SYNTAX, &ast.span, "the expression is empty".into(), ""));
        };
        for (node, item) in nodes.iter().zip(items).skip(1) {
            if !ops::comparable(&first.ty, &node.ty, false) {
                let message = format!(
                    "`{}` is {}, and its replacement is {}",
                    first.text,
                    first.ty.base(),
                    node.ty.base()
                );
                return Err(self
                    .error(&code::TYPE_MISMATCH, &item.span, message, format!("this is {}", node.ty))
                    .maybe_help(unit_help(&first.ty, node)));
            }
        }
        if let Some((never, at)) =
            nodes.iter().zip(items).rev().skip(1).find(|(node, _)| !node.ty.is_nullable())
        {
            let message = format!("`{}` is never null, so `??` replaces nothing", never.text);
            return Err(self
                .error(&code::NULLABLE, &at.span, message, "remove the `??`")
                .help("`??` replaces null (the source has no value), not unknown (it could not be read)"));
        }
        let base = if first.ty.is_number() && nodes.iter().any(|n| *n.ty.base() == Type::Float) {
            Type::Float
        } else {
            first.ty.base().clone()
        };
        let ty = if last.ty.is_nullable() { base.nullable() } else { base };
        Ok(self.make(ast, Op::OrElse(nodes), ty))
    }

    fn comparison(&mut self, ast: &Ast, op: Binary, pair: &[Ast; 2]) -> Typed {
        let cmp = comparison(op);
        let [left, right] = pair;
        if left.kind == Kind::Null || right.kind == Kind::Null {
            return self.with_null(ast, cmp, pair);
        }
        let (a, b) = (self.value(left)?, self.value(right)?);
        let (a, b) = (Self::as_type_of(a, &b)?, b);
        let (b, a) = (Self::as_type_of(b, &a)?, a);
        let ordered = !matches!(cmp, Cmp::Eq | Cmp::Ne);
        if !ops::comparable(&a.ty, &b.ty, ordered) {
            return Err(Self::incomparable(op, &a, &b));
        }
        Self::word_of_enum(&a, &b)?;
        Self::word_of_enum(&b, &a)?;
        Ok(self.make(ast, Op::Compare(cmp, Box::new([a, b])), Type::Bool))
    }

    /// A text literal beside a version, time or date is read as one.
    fn as_type_of(node: Node, other: &Node) -> Typed {
        let (Op::Literal(Value::Text(text)), Type::Version) = (&node.op, &other.ty) else { return Ok(node) };
        if super::version::compare(text, text).is_none() {
            return Err(Diag::error(&code::BAD_LITERAL, format!("`{text}` is not a version"))
                .at(&node.loc, "")
                .help("write for example `\"15.4\"`"));
        }
        Ok(Node { ty: Type::Version, ..node })
    }

    fn incomparable(op: Binary, a: &Node, b: &Node) -> Diag {
        let message = if ops::comparable(&a.ty, &b.ty, false) {
            format!("{} has no order, so `{}` says nothing", a.ty, op.symbol())
        } else {
            format!("{} cannot be compared with {}", a.ty, b.ty)
        };
        Diag::error(&code::TYPE_MISMATCH, message)
            .at(&a.loc, format!("this is {}", a.ty))
            .at(&b.loc, format!("this is {}", b.ty))
            .maybe_help(unit_help(&a.ty, b).or_else(|| unit_help(&b.ty, a)))
    }

    fn word_of_enum(a: &Node, b: &Node) -> Result<(), Diag> {
        let (Type::Enum(words), Op::Literal(Value::Text(text))) = (&a.ty, &b.op) else { return Ok(()) };
        if words.contains(text) {
            return Ok(());
        }
        let names = words.iter().map(|word| &**word);
        let help =
            did_you_mean(text, names.clone()).unwrap_or_else(|| format!("it is one of {}", list(names)));
        Err(Diag::error(&code::BAD_VALUE, format!("`{}` is never `{text}`", a.text))
            .at(&b.loc, "not one of its words")
            .help(help))
    }

    fn with_null(&mut self, ast: &Ast, cmp: Cmp, pair: &[Ast; 2]) -> Typed {
        let [left, right] = pair;
        let (null, other) = if left.kind == Kind::Null { (left, right) } else { (right, left) };
        if !matches!(cmp, Cmp::Eq | Cmp::Ne) {
            return Err(self
                .error(&code::TYPE_MISMATCH, &ast.span, "null has no order".into(), "")
                .help("compare with `==` or `!=`"));
        }
        if other.kind == Kind::Null {
            return Err(self.error(
                &code::CONSTANT_CONDITION,
                &ast.span,
                "null is compared with null".into(),
                "always the same",
            ));
        }
        let node = self.node(other)?;
        if !node.ty.is_nullable() {
            let message = format!("`{}` is never null", node.text);
            return Err(self
                .error(&code::NULLABLE, &ast.span, message, "always the same")
                .help("a fact that could not be read is unknown, not null; ask `known(…)`"));
        }
        let null = self.literal(null, Value::Null, node.ty.clone());
        Ok(self.make(ast, Op::Compare(cmp, Box::new([node, null])), Type::Bool))
    }

    fn arithmetic(&mut self, ast: &Ast, op: Binary, pair: &[Ast; 2]) -> Typed {
        let [left, right] = pair;
        let (a, b) = (self.value(left)?, self.value(right)?);
        let arith = arithmetic(op);
        if let Some(ty) = ops::arith_type(arith, &a.ty, &b.ty) {
            return Ok(self.make(ast, Op::Arith(arith, Box::new([a, b])), ty));
        }
        let message = format!("{} `{}` {} has no result", a.ty, op.symbol(), b.ty);
        let help = unit_help(&a.ty, &b).or_else(|| unit_help(&b.ty, &a));
        Err(Diag::error(&code::TYPE_MISMATCH, message)
            .at(&a.loc, format!("this is {}", a.ty))
            .at(&b.loc, format!("this is {}", b.ty))
            .maybe_help(help.or_else(|| {
                (a.ty.is_text() || b.ty.is_text())
                    .then(|| "texts are put together in messages: `{{ a }}{{ b }}`".to_owned())
            })))
    }

    fn contained(&mut self, ast: &Ast, pair: &[Ast; 2]) -> Typed {
        let [left, right] = pair;
        let item = self.value(left)?;
        if let Kind::Range(ends, inclusive) = &right.kind {
            let [low, high] = &**ends;
            let (low, high) = (self.value(low)?, self.value(high)?);
            for end in [&low, &high] {
                if !ops::comparable(&item.ty, &end.ty, true) {
                    return Err(Self::incomparable(Binary::Lt, &item, end));
                }
            }
            return Ok(self.make(ast, Op::InRange(Box::new([item, low, high]), *inclusive), Type::Bool));
        }
        let whole = self.value(right)?;
        let Type::List(inner) = &whole.ty else {
            return Err(self
                .error(
                    &code::TYPE_MISMATCH,
                    &right.span,
                    format!("`in` needs a list, and this is {}", whole.ty),
                    "",
                )
                .help("for a part of a text write `contains(text, part)`"));
        };
        if !ops::comparable(&item.ty, inner, false) {
            return Err(Self::incomparable(
                Binary::Eq,
                &item,
                &Node { ty: (**inner).clone(), ..whole.clone() },
            ));
        }
        if let Op::List(words) = &whole.op {
            words.iter().try_for_each(|word| Self::word_of_enum(&item, word))?;
        }
        Ok(self.make(ast, Op::In(Box::new([item, whole])), Type::Bool))
    }

    fn call(&mut self, ast: &Ast, name: &str, args: &[Ast], at: &std::ops::Range<usize>) -> Typed {
        match name {
            "known" => return self.known(ast, args),
            "matches" => return self.matches(ast, args),
            "per_day" | "reaches" | "previous" | "past" | "changed" | "during" => {
                let message = format!("`{name}` belongs to relations");
                return Err(self.error(&code::RESERVED_KEY, at, message, "not judged by this version"));
            }
            _ => {}
        }
        let Some(function) = functions::find(name) else {
            let names = functions::FUNCTIONS.iter().map(|f| f.name).chain(["known", "matches"]);
            let help =
                did_you_mean(name, names.clone()).unwrap_or_else(|| format!("functions are {}", list(names)));
            return Err(self
                .error(&code::UNKNOWN_FACT, at, format!("there is no function `{name}`"), "")
                .help(help));
        };
        let nodes = args.iter().map(|arg| self.value(arg)).collect::<Result<Vec<_>, _>>()?;
        let types: Vec<Type> = nodes.iter().map(|node| node.ty.clone()).collect();
        let Some(ty) = (function.check)(&types) else {
            let given = types.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            let message = format!("`{name}` does not take ({given})");
            return Err(self
                .error(&code::TYPE_MISMATCH, &ast.span, message, "")
                .help(format!("it is `{}`: {}", function.shape, function.doc)));
        };
        let node = self.make(ast, Op::Call(function, nodes), ty);
        if node.is_constant()
            && let Err(why) = eval::eval(&node, &Nothing)
        {
            return Err(self.error(&code::BAD_LITERAL, &ast.span, why.what.clone(), ""));
        }
        Ok(node)
    }

    fn known(&mut self, ast: &Ast, args: &[Ast]) -> Typed {
        let [arg] = args else {
            return Err(self.error(&code::TYPE_MISMATCH, &ast.span, "`known` takes one fact".into(), ""));
        };
        let inner = self.node(arg)?;
        Ok(self.make(ast, Op::Known(Box::new(inner)), Type::Bool))
    }

    fn matches(&mut self, ast: &Ast, args: &[Ast]) -> Typed {
        let [text, pattern] = args else {
            return Err(self.error(
                &code::TYPE_MISMATCH,
                &ast.span,
                "`matches` takes a text and a regular expression".into(),
                "",
            ));
        };
        let node = self.value(text)?;
        if !node.ty.is_text() {
            let message = format!("`matches` looks into a text, and this is {}", node.ty);
            return Err(self.error(&code::TYPE_MISMATCH, &text.span, message, ""));
        }
        let Kind::Text(pattern_text) = &pattern.kind else {
            return Err(self
                .error(
                    &code::TYPE_MISMATCH,
                    &pattern.span,
                    "a regular expression is a literal text".into(),
                    "",
                )
                .help("so that it can be checked when the policy is loaded"));
        };
        match regex::Regex::new(pattern_text) {
            Ok(regex) => Ok(self.make(ast, Op::Matches(Box::new(node), Arc::new(regex)), Type::Bool)),
            Err(error) => {
                let said = error.to_string();
                let last = said
                    .lines()
                    .last()
                    .unwrap_or("it cannot be compiled")
                    .trim_start_matches("error: ")
                    .to_owned();
                Err(self.error(
                    &code::BAD_VALUE,
                    &pattern.span,
                    "this is not a regular expression".into(),
                    last,
                ))
            }
        }
    }
}

/// A scope for constants.
struct Nothing;

impl eval::Scope for Nothing {
    fn read(&self, _: &Place) -> Cell {
        Err(ops::undecidable("a constant reads nothing"))
    }
}

fn comparison(op: Binary) -> Cmp {
    match op {
        Binary::Ne => Cmp::Ne,
        Binary::Lt => Cmp::Lt,
        Binary::Le => Cmp::Le,
        Binary::Gt => Cmp::Gt,
        Binary::Ge => Cmp::Ge,
        _ => Cmp::Eq,
    }
}

fn arithmetic(op: Binary) -> Arith {
    match op {
        Binary::Sub => Arith::Sub,
        Binary::Mul => Arith::Mul,
        Binary::Div => Arith::Div,
        Binary::Rem => Arith::Rem,
        _ => Arith::Add,
    }
}

/// For a plain number beside a quantity: how to write it with a unit.
fn unit_help(wanted: &Type, node: &Node) -> Option<String> {
    let (Op::Literal(value), true) = (&node.op, node.ty.is_number()) else { return None };
    let number = show(value, &Type::Float);
    match *wanted.base() {
        Type::RATIO => {
            let share = value.as_float().unwrap_or(0.0);
            let percent = if share.abs() <= 1.0 { share * 100.0 } else { share };
            Some(format!(
                "a share is written in percent: `{}.percent`",
                show(&Value::Float(percent), &Type::Float)
            ))
        }
        Type::DURATION => Some(format!("a duration needs its unit: `{number}.hours`, `{number}.days`")),
        Type::BYTES => Some(format!("a size needs its unit: `{number}.MiB`, `{number}.GiB`")),
        _ => None,
    }
}

#[cfg(test)]
#[path = "typing_tests.rs"]
mod tests;
