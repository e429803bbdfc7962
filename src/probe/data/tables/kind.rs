//! What values of a column are, whatever the engine calls its type.

/// A kind of values. Two columns of one kind can be compared after both were brought into one form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::probe) enum Kind {
    /// True or false.
    Bool,
    /// A whole number.
    Int,
    /// An exact number with places.
    Decimal,
    /// A number in floating point.
    Float,
    /// Text.
    Text,
    /// Bytes.
    Bytes,
    /// A UUID.
    Uuid,
    /// JSON, as text or parsed.
    Json,
    /// A day.
    Date,
    /// A time of day.
    Time,
    /// A day and a time without a zone.
    Timestamp,
    /// An instant.
    Instant,
    /// A span of time.
    Interval,
    /// One of a list of words.
    Enum,
    /// A list of values.
    List,
    /// Something that only its engine knows.
    Other,
}

impl Kind {
    /// Its word.
    pub(in crate::probe) fn word(self) -> &'static str {
        match self {
            Self::Bool => "bool",
            Self::Int => "int",
            Self::Decimal => "decimal",
            Self::Float => "float",
            Self::Text => "text",
            Self::Bytes => "bytes",
            Self::Uuid => "uuid",
            Self::Json => "json",
            Self::Date => "date",
            Self::Time => "time",
            Self::Timestamp => "timestamp",
            Self::Instant => "instant",
            Self::Interval => "interval",
            Self::Enum => "enum",
            Self::List => "list",
            Self::Other => "other",
        }
    }

    /// Is it text, which is ordered by a collation?
    pub(in crate::probe) fn is_text(self) -> bool {
        matches!(self, Self::Text | Self::Enum)
    }

    /// Of a type of PostgreSQL: its name in `pg_type` (that beneath a domain), the kind and the category of the type.
    pub(in crate::probe) fn of_postgres(name: &str, typtype: &str, category: &str) -> Self {
        match (name, typtype, category) {
            (_, "e", _) => Self::Enum,
            (_, _, "A") => Self::List,
            ("bool", ..) => Self::Bool,
            ("int2" | "int4" | "int8" | "oid", ..) => Self::Int,
            ("numeric", ..) => Self::Decimal,
            ("float4" | "float8", ..) => Self::Float,
            ("text" | "varchar" | "bpchar" | "name" | "citext" | "char", ..) => Self::Text,
            ("bytea", ..) => Self::Bytes,
            ("uuid", ..) => Self::Uuid,
            ("json" | "jsonb", ..) => Self::Json,
            ("date", ..) => Self::Date,
            ("time", ..) => Self::Time,
            ("timestamp", ..) => Self::Timestamp,
            ("timestamptz", ..) => Self::Instant,
            ("interval", ..) => Self::Interval,
            _ => Self::Other,
        }
    }

    /// Of a type of MySQL or MariaDB, by `DATA_TYPE`.
    pub(in crate::probe) fn of_mysql(data_type: &str) -> Self {
        match data_type.to_ascii_lowercase().as_str() {
            "tinyint" | "smallint" | "mediumint" | "int" | "bigint" | "year" => Self::Int,
            "decimal" => Self::Decimal,
            "float" | "double" => Self::Float,
            "char" | "varchar" | "tinytext" | "text" | "mediumtext" | "longtext" => Self::Text,
            "binary" | "varbinary" | "tinyblob" | "blob" | "mediumblob" | "longblob" | "bit" => Self::Bytes,
            "uuid" => Self::Uuid,
            "json" => Self::Json,
            "date" => Self::Date,
            "time" => Self::Time,
            "datetime" => Self::Timestamp,
            "timestamp" => Self::Instant,
            "enum" | "set" => Self::Enum,
            _ => Self::Other,
        }
    }

    /// Of a declared type of SQLite, by its words and then by the rules of its affinity. Its values may be anything.
    pub(in crate::probe) fn of_sqlite(declared: &str) -> Self {
        let upper = declared.to_ascii_uppercase();
        let first = upper.split(['(', ' ']).next().unwrap_or_default();
        match first {
            "BOOL" | "BOOLEAN" => return Self::Bool,
            "DECIMAL" | "NUMERIC" => return Self::Decimal,
            "UUID" => return Self::Uuid,
            "JSON" | "JSONB" => return Self::Json,
            "DATE" => return Self::Date,
            "TIME" => return Self::Time,
            "DATETIME" | "TIMESTAMP" => return Self::Timestamp,
            "TIMESTAMPTZ" => return Self::Instant,
            _ => {}
        }
        let has = |word: &str| upper.contains(word);
        if has("INT") {
            Self::Int
        } else if has("CHAR") || has("CLOB") || has("TEXT") {
            Self::Text
        } else if has("BLOB") {
            Self::Bytes
        } else if has("REAL") || has("FLOA") || has("DOUB") {
            Self::Float
        } else {
            Self::Other
        }
    }
}
