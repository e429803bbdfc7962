//! What a framework file may hold.

use crate::policy::shape::{MapShape, Shape, may, must};

/// One control.
pub static CONTROL: MapShape = MapShape {
    name: "a control",
    keys: &[
        must("id", Shape::Line, "its id, once in a framework, without a colon: `A.5.15`"),
        must("title", Shape::Line, "what it asks for, in one line"),
        may("link", Shape::Line, "where it can be read: an address (`https://`), or a path"),
        may("text", Shape::Prose, "what it asks for, at length"),
    ],
};

/// Controls that belong together.
pub static GROUP: MapShape = MapShape {
    name: "a group of controls",
    keys: &[
        must("title", Shape::Line, "what they have in common"),
        may("controls", Shape::ListOf(&Shape::Map(&CONTROL)), "its controls"),
        may("groups", Shape::ListOf(&Shape::Map(&GROUP)), "groups within it"),
    ],
};

/// Keys of a framework file.
pub static FRAMEWORK: MapShape = MapShape {
    name: "a framework",
    keys: &[
        must("framework", Shape::Id, "its name, by which policies say `NAME:ID`"),
        must("title", Shape::Line, "its title"),
        may("version", Shape::Line, "its version; in quotes if it is a number"),
        may("link", Shape::Line, "where it can be read: an address (`https://`), or a path"),
        may("controls", Shape::ListOf(&Shape::Map(&CONTROL)), "its controls"),
        may("groups", Shape::ListOf(&Shape::Map(&GROUP)), "its controls in groups"),
    ],
};
