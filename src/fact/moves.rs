//! What a migration did on purpose: where a system was moved from, and what is called otherwise there or stayed behind.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// Names of the old system and what became of them. Tables are named as facts name them (`public.orders`, or `orders`
/// where an engine has no schemas).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Move {
    /// Old table to new table.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tables: BTreeMap<Arc<str>, Arc<str>>,
    /// `OLDTABLE.COLUMN` to new column.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub columns: BTreeMap<Arc<str>, Arc<str>>,
    /// Old tables, and `OLDTABLE.COLUMN`, that were left behind on purpose.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub drop: BTreeSet<Arc<str>>,
    /// Old table to an SQL condition: only these rows were moved.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub only: BTreeMap<Arc<str>, Arc<str>>,
    /// `OLDTABLE.COLUMN` to the kind of value that both sides are compared as.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub kinds: BTreeMap<Arc<str>, Arc<str>>,
    /// The schema of the new side into which tables of an engine without schemas were moved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<Arc<str>>,
}

impl Move {
    /// As an argument carries it.
    pub fn to_text(&self) -> String {
        // Maps of texts always have a JSON form.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// From an argument.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub fn from_text(text: &str) -> Result<Self, String> {
        serde_json::from_str(text).map_err(|error| format!("`map` is not understood: {error}"))
    }

    /// The new name of a table; nothing if it was left behind. A table of an engine without schemas goes into the
    /// schema of the move, if the new side has some.
    pub fn table(&self, old: &str) -> Option<Arc<str>> {
        if self.drop.contains(old) {
            return None;
        }
        Some(match (self.tables.get(old), &self.schema) {
            (Some(new), _) => Arc::clone(new),
            (None, Some(schema)) if !has_schema(old) => Arc::from(format!("{schema}.{old}")),
            (None, _) => Arc::from(old),
        })
    }

    /// The new name of a column of an old table; nothing if it was left behind.
    pub fn column(&self, table: &str, column: &str) -> Option<Arc<str>> {
        let full = format!("{table}.{column}");
        if self.drop.contains(full.as_str()) {
            return None;
        }
        Some(self.columns.get(full.as_str()).map_or_else(|| Arc::from(column), Arc::clone))
    }

    /// The kind that a column of an old table is compared as, if that was said.
    pub fn kind(&self, table: &str, column: &str) -> Option<&Arc<str>> {
        self.kinds.get(format!("{table}.{column}").as_str())
    }

    /// Which rows of an old table were moved; all if nothing was said.
    pub fn only(&self, table: &str) -> Option<&Arc<str>> {
        self.only.get(table)
    }

    /// The name of an object that is called after its table and perhaps a column of it: `public.users.email`.
    pub fn object(&self, old: &str, table: Option<&str>) -> Option<Arc<str>> {
        if self.drop.contains(old) {
            return None;
        }
        let Some(table) = table else { return self.table(old) };
        let new = self.table(table)?;
        let Some(rest) = old.strip_prefix(table) else { return Some(Arc::from(old)) };
        match rest.strip_prefix('.') {
            Some(column) => Some(Arc::from(format!("{new}.{}", self.column(table, column)?))),
            None if rest.is_empty() || rest.starts_with(' ') => Some(Arc::from(format!("{new}{rest}"))),
            // Another name that only begins alike.
            None => Some(Arc::from(old)),
        }
    }
}

/// Is a table named with its schema? A point inside quotes belongs to a name.
fn has_schema(name: &str) -> bool {
    let mut quoted = false;
    name.chars().any(|char| {
        quoted ^= char == '"';
        char == '.' && !quoted
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(text: &str) -> Move {
        Move::from_text(text).unwrap()
    }

    #[test]
    fn what_was_renamed_or_left_behind_is_known() {
        let map = map(r#"{"tables":{"public.user":"public.users"},"columns":{"public.user.mail":"email"},
            "drop":["public.sessions","public.user.legacy"],"only":{"public.events":"at > now()"}}"#);
        assert_eq!(map.table("public.user").as_deref(), Some("public.users"));
        assert_eq!(map.table("public.orders").as_deref(), Some("public.orders"));
        assert_eq!(map.table("public.sessions"), None);
        assert_eq!(map.column("public.user", "mail").as_deref(), Some("email"));
        assert_eq!(map.column("public.user", "legacy"), None);
        assert_eq!(
            map.object("public.user.mail", Some("public.user")).as_deref(),
            Some("public.users.email")
        );
        assert_eq!(map.object("public.user.legacy", Some("public.user")), None);
        assert_eq!(map.object("public.user", Some("public.user")).as_deref(), Some("public.users"));
        assert_eq!(
            map.object("public.user to app", Some("public.user")).as_deref(),
            Some("public.users to app")
        );
        assert_eq!(map.object("public.user_key", Some("public.user")).as_deref(), Some("public.user_key"));
        assert_eq!(map.object("public.sessions.id", Some("public.sessions")), None);
        assert_eq!(map.object("plpgsql", None).as_deref(), Some("plpgsql"));
        assert_eq!(Move::from_text(&map.to_text()), Ok(map));
    }

    #[test]
    fn tables_without_a_schema_go_into_that_of_the_new_side() {
        let map = map(r#"{"schema":"shop","tables":{"old":"public.new"}}"#);
        assert_eq!(map.table("orders").as_deref(), Some("shop.orders"));
        assert_eq!(map.table("\"a.b\"").as_deref(), Some("shop.\"a.b\""));
        assert_eq!(map.table("old").as_deref(), Some("public.new"));
        assert_eq!(map.table("other.orders").as_deref(), Some("other.orders"));
    }

    #[test]
    fn an_unknown_word_is_not_taken_for_a_map() {
        assert!(Move::from_text(r#"{"tabels":{}}"#).unwrap_err().contains("tabels"));
    }
}
