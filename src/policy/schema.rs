//! JSON Schemas generated from the shapes.
