//! What a YAML file may hold, as data: one description for [`super::check`] and for the JSON Schemas.

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
    /// Text, perhaps empty.
    Text,
    /// Text that is not blank.
    Prose,
    /// Text that is not blank and has no line break.
    Line,
    /// The name of an HTTP header.
    Header,
    /// A name: letters, digits, `-` and `_`, up to 80 characters.
    Id,
    /// A name that expressions use: letters, digits and `_`.
    Name,
    /// One of these words.
    Words(&'static [&'static str]),
    /// `true` or `false`.
    Bool,
    /// A whole number from 1 to [`MOST`].
    Count,
    /// A literal duration above zero: `7d`.
    Duration,
    /// A date: `2026-11-01`.
    Date,
    /// A time: `2026-11-01T03:00:00Z`.
    Time,
    /// A date or a time.
    Moment,
    /// An expression.
    Expr,
    /// A text with holes.
    Template,
    /// One value of any kind.
    Scalar,
    /// A literal or a list of literals.
    Literal,
    /// Anything but null: checked by what follows.
    Any,
    /// A fact of a case: anything, and null, which says that the source has no value.
    Fact,
    /// Where a secret is kept.
    Secret,
    /// A map with declared keys.
    Map(&'static MapShape),
    /// A map with declared keys, and free ones of one shape beside them.
    MapAnd(&'static MapShape, &'static Shape, &'static Shape),
    /// A map with free keys of one shape.
    MapOf(&'static Shape, &'static Shape),
    /// A list with something in it.
    ListOf(&'static Shape),
    /// A list that may be empty.
    Many(&'static Shape),
    /// One of several, told apart by the kind of node.
    OneOf(&'static [Shape]),
    /// Exactly this number.
    Version(i64),
    /// A key that a later version judges.
    Reserved(&'static str),
}

/// The largest number that a [`Shape::Count`] takes.
pub const MOST: i64 = 1_000_000;

/// A required key.
pub const fn must(name: &'static str, shape: Shape, doc: &'static str) -> Key {
    Key { name, shape, required: true, doc }
}

/// A key that may be left out.
pub const fn may(name: &'static str, shape: Shape, doc: &'static str) -> Key {
    Key { name, shape, required: false, doc }
}

/// How messages call a shape.
pub fn describe(shape: &Shape) -> String {
    match shape {
        Shape::Text | Shape::Prose | Shape::Line => "a text".into(),
        Shape::Id | Shape::Name | Shape::Header => "a name".into(),
        Shape::Words(words) => format!("one of {}", words.join(", ")),
        Shape::Bool => "`true` or `false`".into(),
        Shape::Count => "a whole number above zero".into(),
        Shape::Duration => "a duration such as `7d`".into(),
        Shape::Date => "a date such as `2026-11-01`".into(),
        Shape::Time => "a time such as `2026-11-01T03:00:00Z`".into(),
        Shape::Moment => "a time such as `2026-11-01T03:00:00Z`, or a date".into(),
        Shape::Expr => "an expression".into(),
        Shape::Template => "a text".into(),
        Shape::Literal => "a value or a list of values".into(),
        Shape::Any | Shape::Fact | Shape::Scalar => "a value".into(),
        Shape::Secret => "`{ env: NAME }`, `{ file: PATH }` or `{ command: [..] }`".into(),
        Shape::Map(_) | Shape::MapAnd(..) | Shape::MapOf(..) => "a map".into(),
        Shape::ListOf(_) | Shape::Many(_) => "a list".into(),
        Shape::OneOf(shapes) => either(shapes),
        Shape::Version(version) => format!("the format version {version}"),
        Shape::Reserved(_) => "nothing".into(),
    }
}

pub(super) fn either(shapes: &[Shape]) -> String {
    let secret = shapes.iter().any(|shape| matches!(shape, Shape::Secret));
    // The map of a secret is described by what it holds.
    let shapes = shapes.iter().filter(|shape| !(secret && matches!(shape, Shape::Map(_))));
    shapes.map(describe).collect::<Vec<_>>().join(" or ")
}
