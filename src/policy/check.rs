//! The structural check: holds a YAML tree against a shape and collects every fault.

use hashbrown::HashMap;

use super::form;
use super::shape::{MOST, MapShape, Shape, describe, either};
use crate::diag::{Code, Diag, code, did_you_mean, nearest};
use crate::source::yaml::{Core, Kind, Node};

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
    if !plain(node, strictness, diags) {
        return;
    }
    if node.is_null() && !matches!(shape, Shape::Fact) {
        diags.push(null(node, None));
        return;
    }
    match shape {
        Shape::Map(map) => self::map(node, map, None, strictness, diags),
        Shape::MapAnd(map, keys, values) => {
            self::map(node, map, Some((keys, values)), strictness, diags);
        }
        Shape::MapOf(keys, values) => map_of(node, keys, values, strictness, diags),
        Shape::ListOf(item) => list(node, item, false, strictness, diags),
        Shape::Many(item) => list(node, item, true, strictness, diags),
        Shape::OneOf(shapes) => one_of(node, shapes, strictness, diags),
        // The map that has the key says so.
        Shape::Reserved(_) | Shape::Any | Shape::Fact => {}
        Shape::Literal => literal(node, strictness, diags),
        scalar => {
            if let Err(misfit) = fits(node, scalar) {
                diags.push(wrong(node, scalar, misfit));
            }
        }
    }
}

/// Nowhere a tag, because none is understood; inside a policy no anchors and no aliases either.
fn plain(node: &Node, strictness: Strictness, diags: &mut Vec<Diag>) -> bool {
    if let Some(tag) = node.tag().filter(|_| strictness == Strictness::Plain) {
        let diag = Diag::error(&code::YAML_TAG, format!("the YAML tag `{}` means nothing here", tag.text));
        diags.push(diag.at(&tag.loc, "").help("remove it; a text that begins with `!` needs quotes"));
        return false;
    }
    if strictness == Strictness::Plain {
        return true;
    }
    if let Some(tag) = node.tag() {
        let word = tag.text.trim_start_matches('!');
        let diag =
            Diag::error(&code::YAML_TAG, format!("`{}` is a YAML tag here, not an expression", tag.text));
        // What does not end with the word is more than a name.
        let name = word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.".contains(&byte));
        let quoted = "put the expression into quotes or a `|` block";
        let help = if name { format!("write `{word} == false`, or {quoted}") } else { quoted.to_owned() };
        diags.push(diag.at(&tag.loc, "YAML takes `!` at the start for a tag").help(help));
        return false;
    }
    if let Some(place) = node.alias().or(node.anchor()) {
        let diag = Diag::error(&code::YAML_ANCHOR, "a policy has no anchors and no aliases");
        diags.push(diag.at(place, "").help(
            "use `params` for what several rules share; a text that begins with `*` or `&` needs quotes",
        ));
        return false;
    }
    true
}

fn null(node: &Node, key: Option<&str>) -> Diag {
    let label = if node.loc.text().is_empty() { "nothing stands here" } else { "null is no value" };
    match key {
        Some(key) => Diag::error(&code::NULL_VALUE, format!("`{key}` has no value"))
            .at(&node.loc, label)
            .help("give it a value or remove the key"),
        None => Diag::error(&code::NULL_VALUE, "a value is missing").at(&node.loc, label),
    }
}

/// Why a scalar does not fit.
enum Misfit {
    /// It is of another kind.
    Kind,
    /// Another code with its sentence.
    Value(&'static Code, String),
}

fn wrong(node: &Node, shape: &Shape, misfit: Misfit) -> Diag {
    let quotes = matches!(misfit, Misfit::Kind) && node.as_str().is_some();
    let diag = match misfit {
        Misfit::Kind => {
            let message = format!("expected {}, found {}", describe(shape), node.describe());
            Diag::error(&code::WRONG_TYPE, message)
        }
        Misfit::Value(code, message) => Diag::error(code, message),
    }
    .at(&node.loc, "");
    match shape {
        Shape::Template | Shape::Expr if matches!(node.kind, Kind::Map(_)) => diag.help(BRACE),
        Shape::Words(words) => {
            let near = node.as_str().and_then(|text| did_you_mean(text, words.iter().copied()));
            diag.help(near.unwrap_or_else(|| match words {
                [only] => format!("write `{only}`"),
                _ => format!("it is one of `{}`", words.join("`, `")),
            }))
        }
        Shape::Version(version) => diag.help(format!("this build of muster reads `muster: {version}`")),
        Shape::Text | Shape::Prose | Shape::Line | Shape::Id | Shape::Template if quotes => {
            diag.help("put it into quotes")
        }
        shape => {
            diag.maybe_help(form::example(shape).map(|example| format!("write for example `{example}`")))
        }
    }
}

const BRACE: &str = "`{` begins a map in YAML: put the text into quotes or a `|` block";

/// Does a scalar fit?
fn fits(node: &Node, shape: &Shape) -> Result<(), Misfit> {
    let Kind::Scalar(scalar) = &node.kind else { return Err(Misfit::Kind) };
    let core = scalar.core();
    let good = match shape {
        Shape::Expr | Shape::Scalar => true,
        Shape::Bool => matches!(core, Core::Bool(_)),
        Shape::Count => return count(core),
        Shape::Version(version) => match whole(core) {
            Some(number) if number == *version => true,
            Some(number) => {
                let message = format!("the file is written in format version {number}");
                return Err(Misfit::Value(&code::FORMAT_VERSION, message));
            }
            None => false,
        },
        Shape::Secret => false,
        _ if matches!(core, Core::Str(_)) => return spelled(&scalar.text, shape),
        _ => false,
    };
    if good { Ok(()) } else { Err(Misfit::Kind) }
}

/// Does a text fit? Keys are judged by it whatever they would be as values.
fn spelled(text: &str, shape: &Shape) -> Result<(), Misfit> {
    let checked = match shape {
        Shape::Words(words) if words.contains(&text) => Ok(()),
        Shape::Words(_) => Err(format!("`{}` is not known here", text.trim())),
        shape => form::check(text, shape),
    };
    checked.map_err(|message| Misfit::Value(&code::BAD_VALUE, message))
}

/// A whole number, `2.0` too, as JSON knows no difference.
pub(super) fn whole(core: Core<'_>) -> Option<i64> {
    match core {
        Core::Int(number) => Some(number),
        Core::Float(number) if number.fract() == 0.0 => crate::fact::float_to_int(number),
        _ => None,
    }
}

fn count(core: Core<'_>) -> Result<(), Misfit> {
    match whole(core) {
        Some(1..=MOST) => Ok(()),
        Some(number) => {
            let message = format!("{number} is not a whole number from 1 to {MOST}");
            Err(Misfit::Value(&code::BAD_VALUE, message))
        }
        None => Err(Misfit::Kind),
    }
}

/// Shapes of keys and values that stand beside the declared ones.
type Free<'a> = Option<(&'a Shape, &'a Shape)>;

fn map(node: &Node, shape: &MapShape, free: Free<'_>, strictness: Strictness, diags: &mut Vec<Diag>) {
    let Kind::Map(pairs) = &node.kind else {
        let message = format!("expected {}, found {}", shape.name, node.describe());
        let keys = shape.keys.iter().filter(|key| !matches!(key.shape, Shape::Reserved(_)));
        let keys: Vec<&str> = keys.map(|key| key.name).collect();
        diags.push(
            Diag::error(&code::WRONG_TYPE, message)
                .at(&node.loc, "")
                .help(format!("write a map with the keys {}", keys.join(", "))),
        );
        return;
    };
    for (key, value) in pairs {
        let word = key.as_str().unwrap_or("");
        let plain = plain(key, strictness, diags);
        match (shape.keys.iter().find(|known| known.name == word), free) {
            _ if !plain => {}
            (Some(known), _) => entry(key, value, &known.shape, strictness, diags),
            (None, Some((keys, values))) if misspelt(word, node, shape).is_none() => {
                self::key(key, keys, strictness, diags);
                entry(key, value, values, strictness, diags);
            }
            _ => diags.push(unknown_key(key, word, shape)),
        }
    }
    // A key that is there under a misspelt name is one fault, not two.
    let absent = shape.keys.iter().filter(|key| key.required && node.get(key.name).is_none());
    let absent: Vec<_> = absent.collect();
    if absent.is_empty() {
        return;
    }
    let meant: Vec<&str> = pairs.iter().filter_map(|(key, _)| misspelt(key.as_str()?, node, shape)).collect();
    for key in absent.into_iter().filter(|key| !meant.contains(&key.name)) {
        let first = pairs.first().map_or(&node.loc, |(key, _)| &key.loc);
        let diag = Diag::error(&code::MISSING_KEY, format!("{} needs `{}`", shape.name, key.name));
        diags.push(
            diag.at(first, format!("`{}` is missing here", key.name))
                .help(format!("`{}`: {}", key.name, key.doc)),
        );
    }
}

/// The value of a key. A value that is null and a key that is reserved are said of the key.
fn entry(key: &Node, value: &Node, shape: &Shape, strictness: Strictness, diags: &mut Vec<Diag>) {
    let word = key.as_str().unwrap_or("");
    match shape {
        Shape::Reserved(what) => {
            let diag = Diag::error(&code::RESERVED_KEY, format!("`{word}` is not judged by this version"));
            diags.push(
                diag.at(&key.loc, *what).help("remove the key: ignoring it would judge something else"),
            );
        }
        Shape::Fact => check(value, shape, strictness, diags),
        _ if value.is_null() && value.tag().is_none() && value.anchor().is_none() => {
            diags.push(null(value, Some(word)));
        }
        shape => check(value, shape, strictness, diags),
    }
}

/// The declared key that is meant, if it has to be there and is not.
fn misspelt(word: &str, node: &Node, shape: &MapShape) -> Option<&'static str> {
    if shape.keys.iter().any(|key| key.name == word) {
        return None;
    }
    let nearest = nearest(word, shape.keys.iter().map(|key| key.name))?;
    let key = shape.keys.iter().find(|key| key.name == nearest)?;
    (key.required && node.get(nearest).is_none()).then_some(key.name)
}

fn unknown_key(key: &Node, word: &str, shape: &MapShape) -> Diag {
    let known = shape.keys.iter().filter(|known| !matches!(known.shape, Shape::Reserved(_)));
    let known: Vec<&str> = known.map(|known| known.name).collect();
    let diag = Diag::error(&code::UNKNOWN_KEY, format!("{} has no key `{word}`", shape.name))
        .at(&key.loc, "unknown key");
    if word == "<<" {
        return diag.help("nothing is merged here: write the keys out");
    }
    if !word.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-') {
        return diag.help("braces split at commas and colons: put the expression or text into quotes");
    }
    let near = did_you_mean(word, known.iter().copied());
    diag.help(near.unwrap_or_else(|| format!("its keys are {}", known.join(", "))))
}

/// A key is a text, whatever it would be as a value.
fn key(node: &Node, shape: &Shape, strictness: Strictness, diags: &mut Vec<Diag>) {
    if !plain(node, strictness, diags) {
        return;
    }
    let checked = node.as_str().map_or(Err(Misfit::Kind), |text| spelled(text, shape));
    diags.extend(checked.err().map(|misfit| wrong(node, shape, misfit)));
}

fn map_of(node: &Node, keys: &Shape, values: &Shape, strictness: Strictness, diags: &mut Vec<Diag>) {
    let Kind::Map(pairs) = &node.kind else {
        let message = format!("expected a map, found {}", node.describe());
        diags.push(
            Diag::error(&code::WRONG_TYPE, message).at(&node.loc, "").help("write one `name: value` a line"),
        );
        return;
    };
    let mut seen: HashMap<&str, &Node> = HashMap::new();
    for (key, value) in pairs {
        self::key(key, keys, strictness, diags);
        entry(key, value, values, strictness, diags);
        // `1` and `"1"` are two keys to YAML and one name to us.
        let first = key.as_str().map(|text| *seen.entry(text).or_insert(key));
        if let Some(first) = first.filter(|first| first.describe() != key.describe()) {
            let message = format!("the key `{}` stands twice in one map", key.as_str().unwrap_or(""));
            let diag = Diag::error(&code::DUPLICATE_KEY, message).at(&key.loc, "again here");
            diags.push(diag.at(&first.loc, "first here").help("remove one of the two"));
        }
    }
}

fn list(node: &Node, item: &Shape, empty: bool, strictness: Strictness, diags: &mut Vec<Diag>) {
    let Kind::Seq(items) = &node.kind else {
        diags.push(
            Diag::error(&code::WRONG_TYPE, format!("expected a list, found {}", node.describe()))
                .at(&node.loc, "")
                .help("write `[…]`, or one `- ` a line"),
        );
        return;
    };
    if items.is_empty() && !empty {
        diags.push(
            Diag::error(&code::BAD_VALUE, "the list is empty")
                .at(&node.loc, "nothing stands in it")
                .help("name what belongs here, or remove the key"),
        );
    }
    for node in items {
        check(node, item, strictness, diags);
    }
}

fn one_of(node: &Node, shapes: &[Shape], strictness: Strictness, diags: &mut Vec<Diag>) {
    let fitting = shapes.iter().find(|shape| match (&node.kind, shape) {
        (Kind::Map(_), Shape::Map(_) | Shape::MapOf(..)) => true,
        (Kind::Seq(_), Shape::ListOf(_) | Shape::Literal) => true,
        (Kind::Scalar(_), Shape::Map(_) | Shape::MapOf(..) | Shape::ListOf(_)) => false,
        (Kind::Scalar(_), Shape::Words(_)) => {
            shapes.len() == 1
                || fits(node, shape).is_ok()
                || !shapes.iter().any(|s| matches!(s, Shape::Expr | Shape::Line))
        }
        (Kind::Scalar(_), _) => true,
        _ => false,
    });
    if let Some(shape) = fitting {
        return check(node, shape, strictness, diags);
    }
    let wanted = either(shapes);
    let diag = Diag::error(&code::WRONG_TYPE, format!("expected {wanted}, found {}", node.describe()))
        .at(&node.loc, "");
    let flow = matches!(node.kind, Kind::Map(_))
        && shapes.iter().any(|s| matches!(s, Shape::Expr | Shape::Template));
    diags.push(if flow { diag.help(BRACE) } else { diag });
}

fn literal(node: &Node, strictness: Strictness, diags: &mut Vec<Diag>) {
    match &node.kind {
        Kind::Scalar(_) => {}
        Kind::Seq(items) => {
            for item in items {
                if !plain(item, strictness, diags) {
                    continue;
                }
                if item.is_null() {
                    diags.push(null(item, None));
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
