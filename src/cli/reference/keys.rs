//! The keys of policy, project and case files, from the shapes that check them.

use crate::policy::shape::{Key, MapShape, Shape, describe};
use crate::policy::shapes;

use super::{code, table};

/// Sections for the keys of a policy and of all maps inside of it.
pub(super) fn policy() -> String {
    sections(&shapes::POLICY)
}

/// The same for the project file.
pub(super) fn project() -> String {
    sections(&shapes::PROJECT)
}

/// The same for a framework file.
pub(super) fn framework() -> String {
    sections(&shapes::FRAMEWORK)
}

/// The same for a case file.
pub(super) fn cases() -> String {
    sections(&shapes::CASES)
}

fn sections(root: &'static MapShape) -> String {
    let mut found = vec![root];
    root.keys.iter().for_each(|key| inside(&key.shape, &mut found));
    let inner: String = found.iter().skip(1).map(|shape| section(shape)).collect();
    format!("{}\n{inner}", keys(root.keys))
}

/// Maps inside of a shape, each once, in the order in which they are met.
fn inside(shape: &Shape, found: &mut Vec<&'static MapShape>) {
    match shape {
        Shape::Map(map) if found.iter().all(|known| known.name != map.name) => {
            found.push(map);
            map.keys.iter().for_each(|key| inside(&key.shape, found));
        }
        Shape::MapOf(names, values) => {
            inside(names, found);
            inside(values, found);
        }
        Shape::ListOf(item) | Shape::Many(item) => inside(item, found),
        Shape::OneOf(shapes) => shapes.iter().for_each(|shape| inside(shape, found)),
        _ => {}
    }
}

/// `a target selection` as a heading.
fn title(shape: &MapShape) -> String {
    let bare = shape.name.trim_start_matches("an ").trim_start_matches("a ");
    let mut letters = bare.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

fn section(shape: &MapShape) -> String {
    format!("#### {}\n\n{}\n", title(shape), keys(shape.keys))
}

fn keys(keys: &[Key]) -> String {
    let open = keys.iter().filter(|key| !matches!(key.shape, Shape::Reserved(_)));
    let text = table(
        &["key", "value", "meaning"],
        open.map(|key| {
            let needed = if key.required { " (required)" } else { "" };
            vec![format!("{}{needed}", code(key.name)), value(&key.shape), key.doc.to_owned()]
        }),
    );
    let reserved: Vec<String> =
        keys.iter().filter(|key| matches!(key.shape, Shape::Reserved(_))).map(|key| code(key.name)).collect();
    if reserved.is_empty() {
        return text;
    }
    format!(
        "{text}\nReserved for a later version, and refused rather than ignored: {}.\n",
        reserved.join(", ")
    )
}

/// What may stand at a place, in words.
fn value(shape: &Shape) -> String {
    match shape {
        Shape::Map(map) => format!("[{}](#{})", map.name, title(map).to_lowercase().replace(' ', "-")),
        Shape::MapOf(names, values) => format!("map of {} to {}", plural(names), value(values)),
        Shape::ListOf(item) => format!("list of {}", plural(item)),
        Shape::Many(item) => format!("list of {}, perhaps empty", plural(item)),
        Shape::OneOf(shapes) => shapes.iter().map(value).collect::<Vec<_>>().join(", or "),
        Shape::Words(words) => words.iter().map(code).collect::<Vec<_>>().join(", "),
        Shape::Line => "one line of text".to_owned(),
        Shape::Template => "text with `{{ holes }}`".to_owned(),
        Shape::Version(number) => code(number),
        other => describe(other),
    }
}

fn plural(shape: &Shape) -> String {
    match shape {
        Shape::Id | Shape::Name => "names".to_owned(),
        Shape::Line | Shape::Text | Shape::Prose | Shape::Header => "texts".to_owned(),
        Shape::Expr => "expressions".to_owned(),
        Shape::Words(words) => words.iter().map(code).collect::<Vec<_>>().join(", "),
        Shape::OneOf(_) => format!("({})", value(shape)),
        other => value(other),
    }
}
