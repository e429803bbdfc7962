//! Groups: rows gathered by their key, with aggregates that are computed in one pass.
//!
//! A member that could not be read makes unknown what it could change; an `any` that is true without it, and an
//! `all` that is false without it, stand.

use std::sync::Arc;

use hashbrown::{DefaultHashBuilder, HashSet, HashTable};

use crate::fact::{Cause, Cell, Level, Missing, Row, Rows as Many, Schema, Table, Type, Value, ZeroRows};
use crate::policy::{Group, View, ViewKind};
use crate::rule::aggregate::{self, Sum};
use crate::rule::eval::{Scope, eval, holds};
use crate::rule::node::{Cmp, Fold, FoldKind, Node, Op, Place};
use crate::rule::ops::compare;

use super::matcher::{doubled, hash_key};
use super::scope::Around;
use super::tables::{Rows, Tables};

/// What an expression of one row reads: a member's cells, or a group's key and aggregates.
struct GroupScope<'s, 'a> {
    around: &'s Around<'s, 'a>,
    row: &'s [Cell],
    folds: &'s [Cell],
}

impl Scope for GroupScope<'_, '_> {
    fn read(&self, place: &Place) -> Cell {
        let at = |cells: &[Cell], index: usize| {
            cells
                .get(index)
                .cloned()
                .unwrap_or_else(|| Missing::new(Cause::Internal, "there is no such column").cell())
        };
        match place {
            Place::Each(column) | Place::Side(column) => at(self.row, *column),
            Place::Fold(index) => at(self.folds, *index),
            other => self.around.read(other),
        }
    }
}

/// A value by which values can be counted once.
#[derive(PartialEq, Eq, Hash)]
enum Distinct {
    Null,
    Bool(bool),
    Int(i64),
    Bits(u64),
    Text(Arc<str>),
    Other(String),
}

fn distinct(value: Value) -> Distinct {
    match value {
        Value::Null => Distinct::Null,
        Value::Bool(bool) => Distinct::Bool(bool),
        Value::Int(int) => Distinct::Int(int),
        Value::Float(float) => Distinct::Bits((float + 0.0).to_bits()),
        Value::Text(text) => Distinct::Text(text),
        other => Distinct::Other(format!("{other:?}")),
    }
}

/// What an aggregate knows of one group so far.
enum State {
    Count(i64),
    Distinct(HashSet<Distinct>),
    Sum(Sum),
    Values(Vec<Value>),
    Numbers(Vec<f64>),
    Best(Option<Value>),
    Truth(bool),
    By(Option<Box<(Value, Value)>>, bool),
}

struct Accumulator {
    state: State,
    members: u64,
    unknown: Option<Arc<Missing>>,
}

impl Accumulator {
    fn new(kind: FoldKind) -> Self {
        let state = match kind {
            FoldKind::Count => State::Count(0),
            FoldKind::CountDistinct => State::Distinct(HashSet::new()),
            FoldKind::Sum => State::Sum(Sum::default()),
            FoldKind::List => State::Values(Vec::new()),
            FoldKind::Avg | FoldKind::Quantile(_) => State::Numbers(Vec::new()),
            FoldKind::Min | FoldKind::Max => State::Best(None),
            FoldKind::Any => State::Truth(false),
            FoldKind::All => State::Truth(true),
            FoldKind::FirstBy | FoldKind::LastBy => State::By(None, false),
        };
        Self { state, members: 0, unknown: None }
    }

    fn add(&mut self, fold: &Fold, scope: &GroupScope<'_, '_>) {
        if let Err(why) = self.try_add(fold, scope) {
            self.unknown.get_or_insert(why);
        }
    }

    fn try_add(&mut self, fold: &Fold, scope: &GroupScope<'_, '_>) -> Result<(), Arc<Missing>> {
        if let Some(filter) = &fold.filter
            && !holds(filter, scope)?
        {
            return Ok(());
        }
        let value = match &fold.value {
            None => Value::Null,
            Some(node) => read(node, scope)?,
        };
        self.members += 1;
        match &mut self.state {
            State::Count(count) => *count += 1,
            State::Distinct(seen) => drop(seen.insert(distinct(value))),
            State::Sum(sum) => sum.add(&value)?,
            State::Values(values) => values.push(value),
            State::Numbers(numbers) => numbers.push(value.as_float().ok_or_else(no_number)?),
            State::Truth(truth) => {
                let holds = value == Value::Bool(true);
                *truth = if fold.kind == FoldKind::Any { *truth || holds } else { *truth && holds };
            }
            State::Best(best) => {
                let ty = fold.value.as_ref().map_or(&Type::Int, |node| node.ty.base());
                let want = if fold.kind == FoldKind::Max { Cmp::Gt } else { Cmp::Lt };
                let better = match (&*best, &value) {
                    (None, _) => true,
                    // By far the most, and every type of whole numbers has their order.
                    (Some(Value::Int(known)), Value::Int(int)) if want == Cmp::Gt => int > known,
                    (Some(Value::Int(known)), Value::Int(int)) => int < known,
                    (Some(known), value) => compare(want, value, known, ty)?,
                };
                if better {
                    *best = Some(value);
                }
            }
            State::By(best, tied) => {
                let Some(key_node) = &fold.key else { return Ok(()) };
                let key = read(key_node, scope)?;
                let want = if fold.kind == FoldKind::LastBy { Cmp::Gt } else { Cmp::Lt };
                let (better, equal) = match best.as_deref() {
                    None => (true, false),
                    Some((known, chosen)) => {
                        let ty = key_node.ty.base();
                        let same = compare(Cmp::Eq, &key, known, ty)? && *chosen != value;
                        (compare(want, &key, known, ty)?, same)
                    }
                };
                if better {
                    *best = Some(Box::new((key, value)));
                }
                *tied = (*tied && !better) || equal;
            }
        }
        Ok(())
    }

    fn finish(self, fold: &Fold, incomplete: Option<&Arc<Missing>>) -> Cell {
        let unknown = self.unknown.or_else(|| incomplete.cloned());
        if let State::Truth(truth) = self.state {
            let decided = truth == (fold.kind == FoldKind::Any);
            return match unknown {
                Some(why) if !decided => Err(why),
                _ if self.members == 0 && fold.kind == FoldKind::All => Ok(Value::Null),
                _ => Ok(Value::Bool(truth)),
            };
        }
        if let Some(why) = unknown {
            return Err(why);
        }
        let ty = fold.value.as_ref().map_or(&Type::Int, |node| node.ty.base());
        let result = aggregate::result_type(fold.kind, Some(ty)).unwrap_or(Type::Int);
        match self.state {
            State::Count(count) => Ok(Value::Int(count)),
            State::Distinct(seen) => Ok(Value::count(seen.len() as u64)),
            State::Sum(_) if self.members == 0 => Ok(Value::Null),
            State::Sum(sum) => sum.finish(&result),
            State::Values(values) if values.is_empty() => Ok(Value::Null),
            State::Values(mut values) => {
                aggregate::sort(&mut values, ty);
                Ok(Value::List(values.into_iter().map(Ok).collect()))
            }
            State::Numbers(mut numbers) => match fold.kind {
                FoldKind::Quantile(share) => aggregate::quantile(&mut numbers, share, &result),
                _ => aggregate::average(&numbers, &result),
            },
            State::Best(best) => Ok(best.unwrap_or(Value::Null)),
            State::By(_, true) => {
                let what = format!("`{}`: several members come first, with different values", fold.text);
                Err(Arc::new(Missing::new(Cause::Ambiguous, what).level(Level::Row)))
            }
            State::By(best, false) => Ok(best.map_or(Value::Null, |best| best.1)),
            State::Truth(truth) => Ok(Value::Bool(truth)),
        }
    }
}

fn no_number() -> Arc<Missing> {
    Arc::new(Missing::new(Cause::WrongType, "a value is not a number").level(Level::Row))
}

/// The value of a part; a plain fact is read without a walk.
fn read(node: &Node, scope: &GroupScope<'_, '_>) -> Cell {
    let value = match &node.op {
        Op::Read(Place::Each(column)) => {
            scope.row.get(*column).cloned().unwrap_or_else(|| scope.read(&Place::Each(*column)))?
        }
        _ => eval(node, scope)?,
    };
    if value.is_null() {
        let what = format!("`{}` is null", node.text);
        return Missing::new(Cause::WrongType, what).level(Level::Row).cell();
    }
    Ok(value)
}

/// Rows by group.
struct Gathered {
    hasher: DefaultHashBuilder,
    /// Groups by the hash of their key.
    table: HashTable<(u64, usize)>,
    keys: Vec<Vec<Cell>>,
    /// Of each aggregate, the accumulators of all groups.
    folds: Vec<Vec<Accumulator>>,
    incomplete: Option<Arc<Missing>>,
}

impl Gathered {
    fn new(group: &Group) -> Self {
        Self {
            hasher: DefaultHashBuilder::default(),
            table: HashTable::new(),
            keys: Vec::new(),
            folds: group.folds.iter().map(|_| Vec::new()).collect(),
            incomplete: None,
        }
    }

    /// A member of which it is not known what it stands for makes all of its group unknown.
    fn doubt(&mut self, at: usize, why: &Arc<Missing>, elsewhere: bool) {
        for accumulator in self.folds.iter_mut().filter_map(|accumulators| accumulators.get_mut(at)) {
            accumulator.unknown.get_or_insert_with(|| Arc::clone(why));
        }
        if elsewhere {
            self.incomplete.get_or_insert_with(|| Arc::clone(why));
        }
    }

    /// The group of a row. A row whose key could not be read may belong to any of them.
    fn place(&mut self, row: &[Cell], group: &Group) -> Option<usize> {
        let hash = match hash_key(group.by.iter().map(|column| row.get(*column)), &self.hasher, true) {
            Ok(hash) => hash.unwrap_or(0),
            Err(why) => {
                self.incomplete.get_or_insert(why);
                return None;
            }
        };
        let same = |(known, at): &(u64, usize)| {
            *known == hash
                && self.keys.get(*at).is_some_and(|key| {
                    key.iter().zip(&group.by).all(|(cell, column)| Some(cell) == row.get(*column))
                })
        };
        if let Some((_, at)) = self.table.find(hash, same) {
            return Some(*at);
        }
        let missing = || Missing::new(Cause::Internal, "there is no such column").cell();
        let key = group.by.iter().map(|column| row.get(*column).cloned().unwrap_or_else(missing));
        let at = self.begin(key.collect(), group);
        self.table.insert_unique(hash, (hash, at), |(hash, _)| *hash);
        Some(at)
    }

    /// Begins a group.
    fn begin(&mut self, key: Vec<Cell>, group: &Group) -> usize {
        let at = self.keys.len();
        self.keys.push(key);
        for (accumulators, fold) in self.folds.iter_mut().zip(&group.folds) {
            accumulators.push(Accumulator::new(fold.kind));
        }
        at
    }
}

/// The groups of a view.
pub(super) fn group(tables: &Tables<'_>, view: &View, group: &Group) -> Result<Table, Arc<Missing>> {
    let members = tables.rows(group.of)?;
    let schema = tables.schema(group.of)?;
    if members.len() == 0 && schema.zero == ZeroRows::Suspicious && !tables.any_is_fine() {
        let what = "there are no rows to group, and something had to be there";
        let missing = Missing::new(Cause::Empty, what).fix("if nothing is fine here, write `expect: any`");
        return Err(Arc::new(missing));
    }
    let around = Around::new(tables, &tables.check.settings, group.of);
    let several = Several::new(tables, group, members, schema);
    let cut = members.faults().into_iter().next();
    let mut gathered = gather(tables, group, &around, &several)?;
    let unread = gathered.incomplete.take();
    let incomplete = unread.clone().or_else(|| cut.clone());
    if gathered.keys.is_empty() && view.rows.schema.rows == Many::One {
        gathered.begin(Vec::new(), group);
    }
    let own = Around::new(tables, &tables.check.settings, tables.check.policy.each);
    let mut accumulators: Vec<_> = gathered.folds.into_iter().map(Vec::into_iter).collect();
    let rows = gathered.keys.into_iter().map(|key| {
        let own_folds = accumulators.iter_mut().zip(&group.folds);
        let folds: Vec<Cell> = own_folds
            .filter_map(|(accumulators, fold)| Some(accumulators.next()?.finish(fold, incomplete.as_ref())))
            .collect();
        let scope = GroupScope { around: &own, row: &key, folds: &folds };
        let computed: Vec<Cell> = group.lets.iter().map(|rule| eval(&rule.node, &scope)).collect();
        key.iter().cloned().chain(computed).collect::<Row>()
    });
    let rows: Vec<Row> = rows.collect();
    let total = rows.len() as u64;
    // A group whose every member was not read is not there at all, so the groups are not all.
    let cut = if view.rows.schema.rows == Many::Many { incomplete } else { None };
    Ok(Table { schema: Arc::clone(&view.rows.schema), rows, total, cut })
}

/// Members that stand for several, or of which several have one key: counted twice, one copy would be two.
struct Several<'r> {
    rows: &'r Rows<'r>,
    doubled: Vec<bool>,
    key: String,
    /// May the others of that key belong to another group?
    elsewhere: bool,
}

impl<'r> Several<'r> {
    fn new(tables: &Tables<'_>, group: &Group, rows: &'r Rows<'r>, schema: &Schema) -> Self {
        let grouped = tables
            .check
            .policy
            .views
            .get(group.of)
            .is_some_and(|view| matches!(view.kind, ViewKind::Group(_)));
        let doubled = match rows {
            Rows::Plain(table) if !grouped && !schema.key.is_empty() => doubled(&table.rows, &schema.key),
            _ => Vec::new(),
        };
        let elsewhere =
            matches!(rows, Rows::Pairs(_)) && group.by.iter().any(|column| !schema.key.contains(column));
        Self { rows, doubled, key: schema.key_names().join("`, `"), elsewhere }
    }

    fn why(&self, index: usize) -> Option<Arc<Missing>> {
        if self.doubled.get(index) == Some(&true) {
            let what = format!("several members have one `{}`, so one may be counted twice", self.key);
            let missing = Missing::new(Cause::Ambiguous, what).level(Level::Row);
            return Some(Arc::new(missing.fix("name more facts under `key`")));
        }
        self.rows.ambiguous(index)
    }
}

/// Rows that are gathered together: first all of their groups are found, then each aggregate sees them all, so that
/// the waits for memory pass together.
const BLOCK: usize = 256;

fn gather(
    tables: &Tables<'_>,
    group: &Group,
    around: &Around<'_, '_>,
    several: &Several<'_>,
) -> Result<Gathered, Arc<Missing>> {
    let mut found = Gathered::new(group);
    let count = tables.rows(group.of)?.len();
    let mut members = Vec::with_capacity(BLOCK);
    for from in (0..count).step_by(BLOCK) {
        members.clear();
        for index in from..count.min(from + BLOCK) {
            let row = tables.row(group.of, index)?;
            let Some(at) = found.place(&row, group) else { continue };
            match several.why(index) {
                None => members.push((row, at)),
                Some(why) => found.doubt(at, &why, several.elsewhere),
            }
        }
        for (fold, accumulators) in group.folds.iter().zip(&mut found.folds) {
            for (row, at) in &members {
                if let Some(accumulator) = accumulators.get_mut(*at) {
                    accumulator.add(fold, &GroupScope { around, row, folds: &[] });
                }
            }
        }
    }
    Ok(found)
}
