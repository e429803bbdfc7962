//! What a migration did on purpose: where a system was moved from, and what is called otherwise there or stayed behind.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

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

    /// The definition of an object with the names of the new side: of the tables, of their columns where they are named in
    /// full, and of the columns of its own table. What stands in quotes as a text is no name.
    pub fn definition(&self, text: &str, table: Option<&str>) -> String {
        // Behind it stand columns of another table.
        let other = text.split_once("REFERENCES ").filter(|(_, to)| {
            !table.and_then(|table| to.strip_prefix(table)).is_some_and(|rest| rest.starts_with('('))
        });
        let own = other.map_or(text.len(), |(own, _)| own.len());
        let mut names: Vec<(&str, String, usize)> = Vec::new();
        for (old, new) in &self.columns {
            let Some((of, column)) = split_column(old) else { continue };
            let of_new = self.table(of).unwrap_or_else(|| Arc::from(of));
            names.push((&**old, format!("{of_new}.{new}"), text.len()));
            if table == Some(of) {
                names.push((column, new.to_string(), own));
            }
        }
        names.extend(self.tables.iter().map(|(old, new)| (&**old, new.to_string(), text.len())));
        // The longest name that fits is meant.
        names.sort_by_key(|(old, ..)| std::cmp::Reverse(old.len()));
        let (mut out, mut rest, mut before) = (String::with_capacity(text.len()), text, ' ');
        while let Some(char) = rest.chars().next() {
            let at = text.len() - rest.len();
            let named = names.iter().find(|(old, _, until)| {
                let behind = rest.strip_prefix(old).map(|tail| tail.chars().next().unwrap_or(' '));
                at < *until
                    && !is_of_name(before)
                    && before != '.'
                    && behind.is_some_and(|char| !is_of_name(char))
            });
            let taken = if let Some((old, new, _)) = named {
                out.push_str(new);
                old.len()
            } else {
                let taken = if matches!(char, '\'' | '"') { quoted(rest, char) } else { char.len_utf8() };
                out.push_str(rest.get(..taken).unwrap_or_default());
                taken
            };
            before = rest.get(..taken).and_then(|taken| taken.chars().last()).unwrap_or(' ');
            rest = rest.get(taken..).unwrap_or_default();
        }
        out
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

/// The digest of a definition: the first half of its SHA-256.
pub fn definition_digest(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

/// The table and the column of a name; a point inside quotes belongs to one of them.
pub(crate) fn split_column(name: &str) -> Option<(&str, &str)> {
    let mut quoted = false;
    let points = name.char_indices().filter(|(_, char)| {
        quoted ^= *char == '"';
        *char == '.' && !quoted
    });
    let (at, _) = points.last()?;
    Some((name.get(..at)?, name.get(at + 1..)?))
}

/// How long what begins with a quote is.
fn quoted(text: &str, quote: char) -> usize {
    text.get(1..).and_then(|tail| tail.find(quote)).map_or(text.len(), |at| at + 2)
}

/// May a name go on with it?
fn is_of_name(char: char) -> bool {
    char.is_alphanumeric() || matches!(char, '_' | '$' | '"')
}

/// Is a table named with its schema? A point inside quotes belongs to a name.
fn has_schema(name: &str) -> bool {
    split_column(name).is_some()
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

    #[test]
    #[rustfmt::skip] // A table is read line by line.
    fn definitions_get_the_names_of_the_new_side() {
        let map = map(
            r#"{"tables":{"public.orders":"public.purchases","\"My Shop\".\"Order\"":"public.trade"},
            "columns":{"public.orders.total":"amount"}}"#,
        );
        let own = Some("public.orders");
        for (table, old, new) in [
            (None, "FOREIGN KEY (o) REFERENCES public.orders(id)", "FOREIGN KEY (o) REFERENCES public.purchases(id)"),
            (None, "bigint owned by public.orders.total", "bigint owned by public.purchases.amount"),
            (None, "REFERENCES \"My Shop\".\"Order\"(id)", "REFERENCES public.trade(id)"),
            (own, "((total * 1.19))", "((amount * 1.19))"),
            (Some("public.other"), "((total * 1.19))", "((total * 1.19))"),
            (own, "FOREIGN KEY (total) REFERENCES public.other(total)", "FOREIGN KEY (amount) REFERENCES public.other(total)"),
            (own, "FOREIGN KEY (total) REFERENCES public.orders(total)", "FOREIGN KEY (amount) REFERENCES public.purchases(amount)"),
            // Texts, longer names and names of other schemas are something else.
            (own, "default 'total of public.orders' + total", "default 'total of public.orders' + amount"),
            (own, "subtotal + total_net + total$ + \"the total\"", "subtotal + total_net + total$ + \"the total\""),
            (None, "public.orders_old, my_public.orders, x.public.orders", "public.orders_old, my_public.orders, x.public.orders"),
            (own, "ä'", "ä'"),
            (own, "\"", "\""),
        ] {
            assert_eq!(map.definition(old, table), new, "{old}");
        }
    }
}
