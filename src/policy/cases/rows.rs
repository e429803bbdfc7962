//! The rows that a case gives to an observation.

use std::sync::Arc;

use super::{Answered, Observe, Reader, items, literal, pairs};
use crate::diag::{code, did_you_mean};
use crate::fact::{Cause, Cell, Field, Level, Missing, Rows, Schema, Table, Type, Value};
use crate::policy::limits::bounds;
use crate::source::yaml::{Kind, Node};

impl Reader<'_> {
    pub(super) fn answered(&mut self, observe: &Observe, node: Option<&Node>) -> Answered {
        let age = node.filter(|node| node.get("rows").is_some()).and_then(|node| node.get("age"));
        let age = age.and_then(|age| match literal::typed(age, &Type::DURATION) {
            Ok(age) => age.as_int(),
            Err(mut diag) => {
                diag.code = &code::CASE;
                self.diags.push(diag);
                None
            }
        });
        Answered { result: self.observation(observe, &observe.schema, node), age: age.unwrap_or(0) }
    }

    pub(super) fn observation(
        &mut self,
        observe: &Observe,
        schema: &Arc<Schema>,
        node: Option<&Node>,
    ) -> Result<Table, Arc<Missing>> {
        let absent = || {
            Arc::new(Missing::new(Cause::Absent, format!("the case gives no facts for `{}`", observe.name)))
        };
        let Some(node) = node else { return Err(absent()) };
        let one = schema.rows == Rows::One;
        let rows: &[Node] = match (&node.kind, node.get("missing"), node.get("rows")) {
            (Kind::Map(_), Some(cause), _) if !one || pairs(Some(node)).len() == 1 => {
                self.only(node, &["missing"]);
                let cause = self.cause(cause).unwrap_or(Cause::Internal);
                return Err(Arc::new(Missing::new(cause, "as the case says")));
            }
            (Kind::Map(_), _, Some(rows)) if !one || matches!(rows.kind, Kind::Seq(_)) => {
                self.only(node, &["rows", "cut", "age"]);
                if !matches!(rows.kind, Kind::Seq(_)) {
                    self.bad(rows, format!("`rows` is a list of rows, found {}", rows.describe()), None);
                }
                items(Some(rows))
            }
            (Kind::Map(_), ..) if one => std::slice::from_ref(node),
            (Kind::Seq(items), ..) => items,
            _ => {
                self.bad(
                    node,
                    "facts are a list of rows, `{ missing: CAUSE }`, or `{ rows: […], cut: CAUSE, age: 2h }`"
                        .into(),
                    None,
                );
                return Err(absent());
            }
        };
        let rows: Vec<Box<[Cell]>> = rows.iter().map(|row| self.row(observe, schema, row)).collect();
        let cut = node
            .get("cut")
            .and_then(|cut| self.cause(cut))
            .map(|cause| Arc::new(Missing::new(cause, "as the case says")));
        Ok(Table { schema: Arc::clone(schema), total: rows.len() as u64, rows, cut })
    }

    /// A misspelt key of the long form would be a fact that is not judged.
    pub(super) fn only(&mut self, node: &Node, known: &[&str]) {
        for (key, _) in pairs(Some(node)) {
            let word = key.as_str().unwrap_or("");
            if !known.contains(&word) {
                let help = did_you_mean(word, known.iter().copied()).unwrap_or_else(|| known.join(", "));
                self.bad(key, format!("`{word}` says nothing about facts"), Some(help));
            }
        }
    }

    pub(super) fn row(&mut self, observe: &Observe, schema: &Schema, node: &Node) -> Box<[Cell]> {
        if !matches!(node.kind, Kind::Map(_)) {
            let message = format!("a row of `{}` is a map of facts, found {}", observe.name, node.describe());
            self.bad(node, message, None);
        }
        for (key, _) in pairs(Some(node)).iter().chain(pairs(self.root.get(&observe.name))) {
            let word = key.as_str().unwrap_or("");
            if schema.position(word).is_none() {
                let names = schema.fields.iter().map(|field| &*field.name);
                let help = did_you_mean(word, names.clone())
                    .unwrap_or_else(|| format!("its facts are {}", names.collect::<Vec<_>>().join(", ")));
                self.bad(key, format!("`{}` has no fact `{word}`", observe.name), Some(help));
            }
        }
        let absent =
            Arc::new(Missing::new(Cause::Absent, "the case does not give this fact").level(Level::Row));
        let defaults = self.root.get(&observe.name);
        let cells = schema.fields.iter().enumerate().map(|(index, field)| {
            match node.get(&field.name).or_else(|| defaults.and_then(|d| d.get(&field.name))) {
                Some(value) => {
                    let cell = self.cell(value, field);
                    self.within(observe, field, (value, &cell));
                    cell
                }
                None if schema.key.contains(&index) && field.ty.is_nullable() => Ok(Value::Null),
                None => Err(Arc::clone(&absent)),
            }
        });
        cells.collect::<Vec<_>>().into_boxed_slice()
    }

    /// A fact that no system can have shows nothing.
    fn within(&mut self, observe: &Observe, field: &Field, (node, cell): (&Node, &Cell)) {
        let Some((low, high)) = bounds(observe.probe, &field.name, field.ty.base()) else { return };
        let Some(value) = cell.as_ref().ok().and_then(Value::as_float) else { return };
        let limit = |limit: &Value| limit.as_float();
        let below = limit(&low).is_some_and(|low| value < low);
        let above = high.as_ref().and_then(limit).is_some_and(|high| value > high);
        if below || above {
            let lies = if high.is_some() { "lies between 0% and 100%" } else { "is never below 0" };
            let message = format!("`{}` cannot be {}: it {lies}", field.name, node.loc.text().trim());
            self.bad(node, message, Some("write a value that can be observed".to_owned()));
        }
    }

    pub(super) fn cell(&mut self, node: &Node, field: &Field) -> Cell {
        if let Some(cause) = node.get("missing") {
            let cause = self.cause(cause).unwrap_or(Cause::Internal);
            return Missing::new(cause, "as the case says").level(Level::Row).cell();
        }
        if node.is_null() {
            if !field.ty.is_nullable() {
                self.bad(node, format!("`{}` is never null", field.name), None);
            }
            return Ok(Value::Null);
        }
        literal::typed(node, field.ty.base()).or_else(|mut diag| {
            diag.code = &code::CASE;
            self.diags.push(diag);
            Ok(Value::Null)
        })
    }
}
