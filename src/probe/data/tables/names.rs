//! Names of tables as facts and arguments write them: by one rule, whatever the engine and its version, so that two
//! sides of a migration can be told to have the same table.

/// A name as PostgreSQL writes it: the schema first if there is one, each part quoted where SQL needs it.
pub(in crate::probe) fn written(schema: Option<&str>, name: &str) -> String {
    match schema {
        Some(schema) => format!("{}.{}", word(schema), word(name)),
        None => word(name),
    }
}

/// One name, quoted where SQL needs it.
pub(in crate::probe) fn word(name: &str) -> String {
    let plain = name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
        && name.starts_with(|c: char| !c.is_ascii_digit())
        && KEYWORDS.binary_search(&name).is_err();
    if plain { name.to_owned() } else { crate::probe::sql::quoted(name) }
}

/// The parts of a name that somebody wrote, without their quotes: `public."Order"` is `public` and `Order`. None for
/// what is no name. What stands without quotes is taken as it stands.
pub(in crate::probe) fn parts(text: &str) -> Option<Vec<String>> {
    let mut found = Vec::new();
    let mut rest = text.trim();
    loop {
        let (part, behind) = match rest.strip_prefix('"') {
            Some(inside) => quoted_part(inside)?,
            None => match rest.split_once('.') {
                Some((part, behind)) => (part.to_owned(), Some(behind)),
                None => (rest.to_owned(), None),
            },
        };
        if part.is_empty() {
            return None;
        }
        found.push(part);
        match behind {
            Some(behind) => rest = behind,
            None => return Some(found),
        }
    }
}

/// What stands up to the closing quote, and what stands behind the point after it.
fn quoted_part(inside: &str) -> Option<(String, Option<&str>)> {
    let mut part = String::new();
    let mut rest = inside;
    loop {
        let (before, behind) = rest.split_once('"')?;
        part.push_str(before);
        if let Some(more) = behind.strip_prefix('"') {
            part.push('"');
            rest = more;
            continue;
        }
        return match behind.strip_prefix('.') {
            Some(behind) => Some((part, Some(behind))),
            None => behind.is_empty().then_some((part, None)),
        };
    }
}

/// Words that PostgreSQL quotes when they are names: all of its keywords but those that are reserved nowhere, of
/// versions 13 to 18 together, so that a name does not change its writing with the version.
#[rustfmt::skip]
const KEYWORDS: &[&str] = &[
    "all", "analyse", "analyze", "and", "any", "array", "as", "asc", "asymmetric", "authorization",
    "between", "bigint", "binary", "bit", "boolean", "both", "case", "cast", "char", "character", "check",
    "coalesce", "collate", "collation", "column", "concurrently", "constraint", "create", "cross",
    "current_catalog", "current_date", "current_role", "current_schema", "current_time",
    "current_timestamp", "current_user", "dec", "decimal", "default", "deferrable", "desc", "distinct",
    "do", "else", "end", "except", "exists", "extract", "false", "fetch", "float", "for", "foreign",
    "freeze", "from", "full", "grant", "greatest", "group", "grouping", "having", "ilike", "in",
    "initially", "inner", "inout", "int", "integer", "intersect", "interval", "into", "is", "isnull",
    "join", "json", "json_array", "json_arrayagg", "json_exists", "json_object", "json_objectagg",
    "json_query", "json_scalar", "json_serialize", "json_table", "json_value", "lateral", "leading",
    "least", "left", "like", "limit", "localtime", "localtimestamp", "merge_action", "national", "natural",
    "nchar", "none", "normalize", "not", "notnull", "null", "nullif", "numeric", "offset", "on", "only",
    "or", "order", "out", "outer", "overlaps", "overlay", "placing", "position", "precision", "primary",
    "real", "references", "returning", "right", "row", "select", "session_user", "setof", "similar",
    "smallint", "some", "substring", "symmetric", "system_user", "table", "tablesample", "then", "time",
    "timestamp", "to", "trailing", "treat", "trim", "true", "union", "unique", "user", "using", "values",
    "varchar", "variadic", "verbose", "when", "where", "window", "with", "xmlattributes", "xmlconcat",
    "xmlelement", "xmlexists", "xmlforest", "xmlnamespaces", "xmlparse", "xmlpi", "xmlroot", "xmlserialize",
    "xmltable",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_written_by_one_rule() {
        for (schema, name, expected) in [
            (Some("public"), "orders", "public.orders"),
            (Some("public"), "Order", "public.\"Order\""),
            (None, "order", "\"order\""),
            (None, "a\"b", "\"a\"\"b\""),
            (None, "1st", "\"1st\""),
            (None, "", "\"\""),
            (Some("my.schema"), "tä", "\"my.schema\".\"tä\""),
        ] {
            assert_eq!(written(schema, name), expected);
            if !name.is_empty() {
                let whole: Vec<String> = schema.into_iter().chain([name]).map(str::to_owned).collect();
                assert_eq!(parts(expected), Some(whole));
            }
        }
        assert!(KEYWORDS.is_sorted());
    }

    #[test]
    fn what_is_no_name_is_none() {
        for text in ["", "a..b", ".a", "a.", "\"a", "\"a\"b", "\"\""] {
            assert_eq!(parts(text), None, "{text}");
        }
        assert_eq!(parts(" public.Orders "), Some(vec!["public".to_owned(), "Orders".to_owned()]));
    }
}
