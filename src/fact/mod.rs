//! What is observed, as plain data: values, types with units, schemas, tables, requests, observations,
//! recordings, and the declarations of every probe.
//!
//! Nothing here performs I/O. A value that could not be read is never a [`Value`]: a [`Cell`] is a value
//! (which may be null: the source has none) or a [`Missing`] with its cause.

mod about;
pub mod catalogue;
mod declare;
mod house;
mod intact;
mod json;
mod literal;
mod mask;
mod missing;
mod moves;
mod name;
mod number;
mod observation;
mod observation_json;
mod past;
mod past_json;
mod pattern;
mod recording;
mod recording_read;
mod records;
mod request;
mod schema;
mod show;
mod snapshot;
mod sql;
mod table;
mod types;
mod value;

pub use about::{About, ProbeMark, TargetMark};
pub use declare::{Declared, Effect, FieldDecl, ParamDecl, ProbeDecl, Ty, field, param};
pub use house::{Attestation, Evidence, House};
pub use json::{
    SchemaForm, cell_from_json, cell_to_json, schema_from_json, schema_to_json, value_from_json,
    value_to_json,
};
pub use literal::{LiteralError, parse_date, parse_literal, parse_quantity, parse_time};
pub use mask::{Masker, is_text};
pub use missing::{Cause, Level, Missing, database_of, in_database};
pub(crate) use moves::split_column;
pub use moves::{Move, definition_digest};
pub use name::row_name;
pub use number::{float_to_int, int_to_float};
pub use observation::{Identity, Observation, OtherSystem};
pub use observation_json::{observation_from_json, observation_to_json};
pub use past::{Before, History, Past, PastRequest, Recall, Track, Whose};
pub use pattern::Pattern;
pub use recording::{FORMAT, Recording};
pub use records::{
    CheckPast, CheckRow, ControlPast, ControlRow, ExceptionRow, FindingRow, Records, RunRow, TargetRow,
};
pub use request::{Args, Key, Pointer, Request};
pub use schema::{Field, Rows, Schema, ZeroRows};
pub use show::{show, show_apart, show_cell};
pub use snapshot::{
    SNAPSHOT, Snapshot, SnapshotAsked, SnapshotMove, UNSEALED, hex, is_sealed, sealed, text_digest, unhex,
};
pub use sql::{SqlDialect, foreign_calls, refuse_sql};
pub use table::{Fitting, Row, RowBuilder, Table, TableBuilder};
pub use types::{TextKind, Type, Unit};
pub use value::{Cell, Value, micros, micros_of, timestamp};
