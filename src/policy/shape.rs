//! What a YAML file may hold, as data: one description for the structural check and for the JSON Schemas.

use crate::diag::{Code, Diag, code, did_you_mean};
use crate::source::yaml::{Core, Kind, Node};

/// A key of a map.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// Its name.
    pub name: &'static str,
    /// What stands there.
    pub shape: Shape,
    /// Must it be there?
    pub required: bool,
    /// One line for the schema and the language reference.
    pub doc: &'static str,
}

/// A map with declared keys.
#[derive(Clone, Copy, Debug)]
pub struct MapShape {
    /// How messages call it: "a policy".
    pub name: &'static str,
    /// Its keys.
    pub keys: &'static [Key],
}

/// What may stand at a place.
#[derive(Clone, Copy, Debug)]
pub enum Shape {
    /// Text.
    Text,
    /// Text that is not empty and has no line break.
    Line,
    /// A name: kebab-case or snake_case, up to 80 characters.
    Id,
    /// A name that expressions use: snake_case.
    Name,
    /// One of these words.
    Words(&'static [&'static str]),
    /// `true` or `false`.
    Bool,
    /// A whole number above zero.
    Count,
    /// A literal duration: `7d`.
    Duration,
    /// A date: `2026-11-01`.
    Date,
    /// A time: `2026-11-01T03:00:00Z`.
    Time,
    /// An expression.
    Expr,
    /// A text with holes.
    Template,
    /// A literal or a list of literals.
    Literal,
    /// Anything but null: checked by what follows.
    Any,
    /// Where a secret is kept.
    Secret,
    /// A map with declared keys.
    Map(&'static MapShape),
    /// A map with free keys of one shape.
    MapOf(&'static Shape, &'static Shape),
    /// A list.
    ListOf(&'static Shape),
    /// One of several, told apart by the kind of node.
    OneOf(&'static [Shape]),
    /// Exactly this number.
    Version(i64),
    /// A key that a later version judges.
    Reserved(&'static str),
}

/// A required key.
pub const fn must(name: &'static str, shape: Shape, doc: &'static str) -> Key {
    Key { name, shape, required: true, doc }
}

/// A key that may be left out.
pub const fn may(name: &'static str, shape: Shape, doc: &'static str) -> Key {
    Key { name, shape, required: false, doc }
}

/// Which rules of YAML hold.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Strictness {
    /// Tags, anchors and aliases are errors: policies.
    Policy,
    /// Anchors and merge keys are fine: project and case files.
    Plain,
}

/// Checks a tree against a shape and collects every fault.
pub fn check(node: &Node, shape: &Shape, strictness: Strictness, diags: &mut Vec<Diag>) {
    if strictness == Strictness::Policy && !plain(node, diags) {
        return;
    }
    if node.is_null() && !matches!(shape, Shape::Reserved(_)) {
        diags.push(null(node));
        return;
    }
    match shape {
        Shape::Map(map) => self::map(node, map, strictness, diags),
        Shape::MapOf(keys, values) => map_of(node, keys, values, strictness, diags),
        Shape::ListOf(item) => list(node, item, strictness, diags),
        Shape::OneOf(shapes) => one_of(node, shapes, strictness, diags),
        Shape::Reserved(what) => diags.push(
            Diag::error(&code::RESERVED_KEY, format!("{what} is not judged by this version"))
                .at(&node.loc, "")
                .help("remove the key"),
        ),
        Shape::Any => {}
        Shape::Literal => literal(node, strictness, diags),
        scalar => {
            if let Err(message) = fits(node, scalar) {
                diags.push(wrong(node, scalar, &message));
            }
        }
    }
}

/// Inside a policy: no tags, no anchors, no aliases.
fn plain(node: &Node, diags: &mut Vec<Diag>) -> bool {
    if let Some(tag) = &node.tag {
        let word = tag.text.trim_start_matches('!');
        let diag =
            Diag::error(&code::YAML_TAG, format!("`{}` is a YAML tag here, not an expression", tag.text));
        let help = format!("write `{word} == false`, or put the expression into quotes or a `|` block");
        diags.push(diag.at(&tag.loc, "YAML takes `!` at the start for a tag").help(help));
        return false;
    }
    if let Some(place) = node.anchor.as_ref().or(node.alias.as_ref()) {
        let diag = Diag::error(&code::YAML_ANCHOR, "a policy has no anchors and no aliases");
        diags.push(diag.at(place, "").help(
            "use `params` for what several rules share; a text that begins with `*` or `&` needs quotes",
        ));
        return false;
    }
    true
}

fn null(node: &Node) -> Diag {
    Diag::error(&code::NULL_VALUE, "the key has no value")
        .at(&node.loc, "nothing stands here")
        .help("give it a value or remove the key")
}

fn wrong(node: &Node, shape: &Shape, message: &str) -> Diag {
    let diag =
        Diag::error(&code::WRONG_TYPE, format!("expected {}, found {}", describe(shape), node.describe()));
    let diag = if message.is_empty() {
        diag.at(&node.loc, "")
    } else {
        Diag { code: &code::BAD_VALUE, message: message.to_owned(), ..diag }.at(&node.loc, "")
    };
    if matches!(shape, Shape::Template | Shape::Expr) && matches!(node.kind, Kind::Map(_)) {
        return diag.help("`{` begins a map in YAML: put the text into quotes or a `|` block");
    }
    match shape {
        Shape::Words(words) => {
            let list = words.join("`, `");
            let near = node.as_str().and_then(|text| did_you_mean(text, words.iter().copied()));
            diag.help(near.unwrap_or_else(|| format!("it is one of `{list}`")))
        }
        Shape::Text | Shape::Line | Shape::Id if message.is_empty() && node.as_str().is_some() => {
            diag.help("put it into quotes")
        }
        _ => diag,
    }
}

/// Does a scalar fit? The error is a message, empty if the kind of node is wrong.
fn fits(node: &Node, shape: &Shape) -> Result<(), String> {
    let Kind::Scalar(scalar) = &node.kind else { return Err(String::new()) };
    let core = scalar.core();
    let text: &str = &scalar.text;
    let string = matches!(core, Core::Str(_));
    let good = match shape {
        Shape::Text => string,
        Shape::Template => return if string { Ok(()) } else { Err(String::new()) },
        Shape::Line if string => {
            return if text.trim().is_empty() || text.trim_end().contains('\n') {
                Err("expected one line of text".into())
            } else {
                Ok(())
            };
        }
        Shape::Id if string => return id(text),
        Shape::Name if string => return name(text),
        Shape::Words(words) if string => {
            return if words.contains(&text) { Ok(()) } else { Err(format!("`{text}` is not known here")) };
        }
        Shape::Bool => matches!(core, Core::Bool(_)),
        Shape::Count => {
            return if matches!(core, Core::Int(n) if n > 0) { Ok(()) } else { Err(String::new()) };
        }
        Shape::Version(version) => {
            return match core {
                Core::Int(n) if n == *version => Ok(()),
                Core::Int(n) => {
                    Err(format!("format version {n} is not the version {version} that this build reads"))
                }
                _ => Err(String::new()),
            };
        }
        Shape::Duration if string => return typed(text, &crate::fact::Type::DURATION),
        Shape::Date if string => return typed(text, &crate::fact::Type::Date),
        Shape::Time if string => return typed(text, &crate::fact::Type::Time),
        Shape::Expr => true,
        _ => false,
    };
    if good { Ok(()) } else { Err(String::new()) }
}

fn typed(text: &str, ty: &crate::fact::Type) -> Result<(), String> {
    crate::fact::parse_literal(text, ty).map(|_| ()).map_err(|error| error.0)
}

fn id(text: &str) -> Result<(), String> {
    let legal = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
    let good = text.len() <= 80
        && text.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
        && text.chars().all(legal);
    if good {
        Ok(())
    } else {
        Err(format!("`{text}` is not a name: lower-case letters, digits and `-`, at most 80"))
    }
}

fn name(text: &str) -> Result<(), String> {
    let legal = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    let good =
        text.len() <= 80 && text.starts_with(|c: char| c.is_ascii_lowercase()) && text.chars().all(legal);
    if good {
        Ok(())
    } else {
        Err(format!("`{text}` is not a name: lower-case letters, digits and `_`, beginning with a letter"))
    }
}

/// How messages call a shape.
pub fn describe(shape: &Shape) -> String {
    match shape {
        Shape::Text | Shape::Line => "a text".into(),
        Shape::Id | Shape::Name => "a name".into(),
        Shape::Words(words) => format!("one of {}", words.join(", ")),
        Shape::Bool => "`true` or `false`".into(),
        Shape::Count => "a whole number above zero".into(),
        Shape::Duration => "a duration such as `7d`".into(),
        Shape::Date => "a date such as `2026-11-01`".into(),
        Shape::Time => "a time such as `2026-11-01T03:00:00Z`".into(),
        Shape::Expr => "an expression".into(),
        Shape::Template => "a text".into(),
        Shape::Literal => "a value or a list of values".into(),
        Shape::Any => "a value".into(),
        Shape::Secret => "`{ env: NAME }`, `{ file: PATH }` or `{ command: [..] }`".into(),
        Shape::Map(_) | Shape::MapOf(..) => "a map".into(),
        Shape::ListOf(_) => "a list".into(),
        Shape::OneOf(shapes) => shapes.iter().map(describe).collect::<Vec<_>>().join(" or "),
        Shape::Version(version) => format!("the format version {version}"),
        Shape::Reserved(_) => "nothing".into(),
    }
}

fn map(node: &Node, shape: &MapShape, strictness: Strictness, diags: &mut Vec<Diag>) {
    let Kind::Map(pairs) = &node.kind else {
        diags.push(
            Diag::error(&code::WRONG_TYPE, format!("expected {}, found {}", shape.name, node.describe()))
                .at(&node.loc, ""),
        );
        return;
    };
    for (key, value) in pairs {
        let word = key.as_str().unwrap_or("");
        match shape.keys.iter().find(|known| known.name == word) {
            Some(known) => check(value, &known.shape, strictness, diags),
            None => diags.push(unknown_key(key, word, shape)),
        }
    }
    for key in shape.keys.iter().filter(|key| key.required && node.get(key.name).is_none()) {
        let first = pairs.first().map_or(&node.loc, |(key, _)| &key.loc);
        let diag = Diag::error(&code::MISSING_KEY, format!("{} needs `{}`", shape.name, key.name));
        diags.push(
            diag.at(first, format!("`{}` is missing here", key.name))
                .help(format!("`{}`: {}", key.name, key.doc)),
        );
    }
}

fn unknown_key(key: &Node, word: &str, shape: &MapShape) -> Diag {
    let names = || shape.keys.iter().map(|known| known.name);
    let diag = Diag::error(&code::UNKNOWN_KEY, format!("{} has no key `{word}`", shape.name))
        .at(&key.loc, "unknown key");
    if !word.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-') {
        return diag.help("braces split at commas and colons: put the expression or text into quotes");
    }
    let known: Vec<&str> = names().collect();
    diag.help(did_you_mean(word, names()).unwrap_or_else(|| format!("its keys are {}", known.join(", "))))
}

fn map_of(node: &Node, keys: &Shape, values: &Shape, strictness: Strictness, diags: &mut Vec<Diag>) {
    let Kind::Map(pairs) = &node.kind else {
        diags.push(wrong(node, &Shape::Map(&MapShape { name: "a map", keys: &[] }), ""));
        return;
    };
    for (key, value) in pairs {
        check(key, keys, strictness, diags);
        check(value, values, strictness, diags);
    }
}

fn list(node: &Node, item: &Shape, strictness: Strictness, diags: &mut Vec<Diag>) {
    let Kind::Seq(items) = &node.kind else {
        diags.push(
            Diag::error(&code::WRONG_TYPE, format!("expected a list, found {}", node.describe()))
                .at(&node.loc, "")
                .help("write `[…]`, or one `- ` a line"),
        );
        return;
    };
    if items.is_empty() {
        diags.push(
            Diag::error(&code::BAD_VALUE, "the list is empty")
                .at(&node.loc, "an empty list would check nothing"),
        );
    }
    items.iter().for_each(|node| check(node, item, strictness, diags));
}

fn one_of(node: &Node, shapes: &[Shape], strictness: Strictness, diags: &mut Vec<Diag>) {
    let fitting = shapes.iter().find(|shape| match (&node.kind, shape) {
        (Kind::Map(_), Shape::Map(_) | Shape::MapOf(..)) => true,
        (Kind::Seq(_), Shape::ListOf(_)) => true,
        (Kind::Scalar(_), Shape::Map(_) | Shape::MapOf(..) | Shape::ListOf(_)) => false,
        (Kind::Scalar(_), Shape::Words(_)) => {
            shapes.len() == 1
                || fits(node, shape).is_ok()
                || !shapes.iter().any(|s| matches!(s, Shape::Expr | Shape::Line))
        }
        (Kind::Scalar(_), _) => true,
        _ => false,
    });
    match fitting {
        Some(shape) => check(node, shape, strictness, diags),
        None => {
            let wanted = shapes.iter().map(describe).collect::<Vec<_>>().join(" or ");
            let diag =
                Diag::error(&code::WRONG_TYPE, format!("expected {wanted}, found {}", node.describe()))
                    .at(&node.loc, "");
            let flow = matches!(node.kind, Kind::Map(_))
                && shapes.iter().any(|s| matches!(s, Shape::Expr | Shape::Template));
            diags.push(if flow {
                diag.help("`{` begins a map in YAML: put the text into quotes or a `|` block")
            } else {
                diag
            });
        }
    }
}

fn literal(node: &Node, strictness: Strictness, diags: &mut Vec<Diag>) {
    match &node.kind {
        Kind::Scalar(_) => {}
        Kind::Seq(items) => {
            for item in items {
                if strictness == Strictness::Policy && !plain(item, diags) {
                    continue;
                }
                if item.is_null() {
                    diags.push(null(item));
                } else if !matches!(item.kind, Kind::Scalar(_)) {
                    diags.push(
                        Diag::error(
                            &code::WRONG_TYPE,
                            format!("expected a value, found {}", item.describe()),
                        )
                        .at(&item.loc, ""),
                    );
                }
            }
        }
        Kind::Map(_) => diags.push(
            Diag::error(&code::WRONG_TYPE, "expected a value or a list of values, found a map")
                .at(&node.loc, ""),
        ),
    }
}

/// The code of a missing or wrong thing, for callers that check what shapes cannot say.
pub fn bad(code: &'static Code, node: &Node, message: impl Into<String>) -> Diag {
    Diag::error(code, message).at(&node.loc, "")
}
