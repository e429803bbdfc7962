//! The objects that were found, kept small: half a million of them share their definitions.

use std::collections::HashMap;
use std::sync::Arc;

use super::Asked;
use crate::fact::{Missing, TableBuilder, Value, definition_digest as digest};

/// Definitions that are shared at most.
const SHARED: usize = 50_000;

/// One object.
struct Object {
    kind: Arc<str>,
    name: Arc<str>,
    table: Option<Arc<str>>,
    /// The definition and its digest, or why there is none.
    definition: Result<(Arc<str>, Arc<str>), Arc<Missing>>,
}

/// All of them.
pub(super) struct Found<'a> {
    asked: &'a Asked,
    objects: Vec<Object>,
    kinds: HashMap<Arc<str>, Arc<str>>,
    definitions: HashMap<Arc<str>, Arc<str>>,
    /// The table of the object before: those of one table come together.
    last: Option<Arc<str>>,
}

impl<'a> Found<'a> {
    /// Nothing yet.
    pub(super) fn new(asked: &'a Asked) -> Self {
        Self { asked, objects: Vec::new(), kinds: HashMap::new(), definitions: HashMap::new(), last: None }
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.objects.len()
    }

    /// Forgets what came after so many.
    pub(super) fn back_to(&mut self, len: usize) {
        self.objects.truncate(len);
    }

    /// Takes one, if it is asked for.
    pub(super) fn push(
        &mut self,
        kind: &str,
        object: &str,
        table: Option<&str>,
        definition: Result<&str, Arc<Missing>>,
    ) {
        if !self.asked.has(&[kind]) || table.is_some_and(|table| self.asked.wanted.except.contains(table)) {
            return;
        }
        let kind = if let Some(kind) = self.kinds.get(kind) {
            Arc::clone(kind)
        } else {
            let kind: Arc<str> = Arc::from(kind);
            self.kinds.insert(Arc::clone(&kind), Arc::clone(&kind));
            kind
        };
        let table = table.map(|table| match self.last.as_ref().filter(|last| &***last == table) {
            Some(last) => Arc::clone(last),
            None => Arc::from(table),
        });
        if table.is_some() {
            self.last.clone_from(&table);
        }
        let name = match table.as_ref().filter(|table| &***table == object) {
            Some(table) => Arc::clone(table),
            None => Arc::from(object),
        };
        let definition = definition.map(|text| self.shared(text));
        self.objects.push(Object { kind, name, table, definition });
    }

    /// A definition with its digest.
    fn shared(&mut self, text: &str) -> (Arc<str>, Arc<str>) {
        if let Some((text, digest)) = self.definitions.get_key_value(text) {
            return (Arc::clone(text), Arc::clone(digest));
        }
        let (text, digest): (Arc<str>, Arc<str>) = (Arc::from(text), Arc::from(digest(text)));
        if self.definitions.len() < SHARED {
            self.definitions.insert(Arc::clone(&text), Arc::clone(&digest));
        }
        (text, digest)
    }

    /// Puts them into the answer, sorted.
    pub(super) fn finish(mut self, table: &mut TableBuilder) {
        self.objects.sort_by(|a, b| (&a.kind, &a.name).cmp(&(&b.kind, &b.name)));
        for object in self.objects {
            let row = table
                .row()
                .set("kind", Value::Text(object.kind))
                .set("object", Value::Text(object.name))
                .set_or_null("table", object.table.map(Value::Text));
            match object.definition {
                Ok((text, digest)) => {
                    row.set("definition", Value::Text(text)).set("digest", Value::Text(digest))
                }
                Err(why) => row.missing_all(&["definition", "digest"], &why),
            }
            .push();
        }
    }
}
