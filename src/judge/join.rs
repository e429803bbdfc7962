//! The full outer join: rows of two sides by their key, each subject once, whichever side it stands on.
//!
//! What cannot be matched is never taken for matched or for absent: a key that stands twice on one side, a key
//! that is null or could not be read, a side that was cut, each makes unknown what it could decide.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use crate::fact::{Cause, Cell, Level, Missing, Row, Schema, Table, Value, ZeroRows};
use crate::policy::{Join, View};

use super::matcher::{Matcher, NONE, doubled};
use super::tables::{Rows, Tables, no_rows};

/// A side of a join: a view of the check, or an earlier answer.
pub(super) enum Side<'a> {
    View(usize),
    Table(Box<Table>),
    /// Borrowed rows of the answer of now.
    Answer(Cow<'a, Table>),
}

/// Pairs of rows.
pub(super) struct Pairs<'a> {
    pub(super) sides: [Side<'a>; 2],
    /// Positions in the left and the right side.
    pub(super) rows: Vec<[u32; 2]>,
    /// Columns of the key in either side; empty for rows of now and then, whose key stands in the row of now.
    pub(super) by: Vec<[usize; 2]>,
    /// Does the key stand in front, or in the columns of the left side?
    pub(super) key_in_front: bool,
    pub(super) widths: [usize; 2],
    pub(super) words: [Arc<str>; 3],
    /// Why it is not known whether a row that is missing on this side is there.
    pub(super) unsure: [Option<Arc<Missing>>; 2],
    /// Pairs that stand for several rows of one key.
    pub(super) ambiguous: BTreeMap<usize, Arc<Missing>>,
    pub(super) faults: Vec<Arc<Missing>>,
}

impl Side<'_> {
    /// The rows, if they stand in memory as they are.
    fn rows<'s>(&'s self, tables: &'s Tables<'_>) -> Option<&'s [Row]> {
        match self {
            Self::View(view) => match tables.rows(*view) {
                Ok(Rows::Plain(table)) => Some(&table.rows),
                _ => None,
            },
            Self::Table(table) => Some(&table.rows),
            Self::Answer(table) => Some(&table.rows),
        }
    }

    fn cell(&self, tables: &Tables<'_>, index: u32, column: usize) -> Cell {
        let index = usize::try_from(index).map_err(|_too_large| lost())?;
        if let Self::View(view) = self {
            return tables.cell(*view, index, column);
        }
        let row = self.rows(tables).and_then(|rows| rows.get(index));
        row.and_then(|row| row.get(column)).cloned().unwrap_or_else(|| Err(lost()))
    }
}

fn lost() -> Arc<Missing> {
    Arc::new(Missing::new(Cause::Internal, "there is no such row"))
}

/// What a column of a pair is.
enum Column {
    Key(usize),
    Side,
    Left(usize),
    Right(usize),
}

impl Pairs<'_> {
    /// Is it a row of then alone?
    pub(super) fn is_gone(&self, index: usize) -> bool {
        !self.key_in_front && self.rows.get(index).is_some_and(|[now, _]| *now == NONE)
    }

    /// The cells of a pair, in the order of the view's columns.
    pub(super) fn row(&self, tables: &Tables<'_>, index: usize) -> Result<Vec<Cell>, Arc<Missing>> {
        let pair = self.rows.get(index).copied().ok_or_else(lost)?;
        let width = self.keys_in_front() + 1 + self.widths.iter().sum::<usize>();
        Ok((0..width).map(|column| self.cell_of(tables, pair, column)).collect())
    }

    /// One cell of a pair.
    pub(super) fn cell(&self, tables: &Tables<'_>, index: usize, column: usize) -> Cell {
        let pair = self.rows.get(index).copied().ok_or_else(lost)?;
        self.cell_of(tables, pair, column)
    }

    /// Is this a part of the key? Every pair has its key, or it would not be one.
    pub(super) fn is_key(&self, column: usize) -> bool {
        match self.column(column) {
            Column::Key(_) => true,
            Column::Left(column) => !self.key_in_front && self.by.iter().any(|[left, _]| *left == column),
            Column::Side | Column::Right(_) => false,
        }
    }

    /// Reads on: the processor waits once for many rows that lie apart, not for each when it is judged.
    pub(super) fn read_on(&self, tables: &Tables<'_>, from: usize, count: usize) {
        let [_, right] = &self.sides;
        let Some(rows) = right.rows(tables) else { return };
        let block = self.rows.iter().skip(from).take(count);
        let rows: Vec<&Row> =
            block.filter_map(|[_, right]| rows.get(usize::try_from(*right).ok()?)).collect();
        std::hint::black_box(rows.iter().filter(|row| row.first().is_some_and(Result::is_ok)).count());
    }

    fn keys_in_front(&self) -> usize {
        if self.key_in_front { self.by.len() } else { 0 }
    }

    fn column(&self, column: usize) -> Column {
        let [wide, _] = self.widths;
        let keys = self.keys_in_front();
        if column < keys {
            return Column::Key(column);
        }
        // The side stands between the key and the facts, or else between those of now and those of then.
        let column = column - keys;
        match (self.key_in_front, column) {
            (true, 0) => Column::Side,
            (true, _) if column <= wide => Column::Left(column - 1),
            (false, _) if column < wide => Column::Left(column),
            (false, _) if column == wide => Column::Side,
            _ => Column::Right(column - wide - 1),
        }
    }

    fn cell_of(&self, tables: &Tables<'_>, [left, right]: [u32; 2], column: usize) -> Cell {
        let [a, b] = &self.sides;
        let [unsure_left, unsure_right] = &self.unsure;
        match self.column(column) {
            Column::Key(number) => {
                let [l, r] = self.by.get(number).ok_or_else(lost)?;
                if left == NONE { b.cell(tables, right, *r) } else { a.cell(tables, left, *l) }
            }
            Column::Side => self.side([left, right]),
            Column::Left(column) if left == NONE => {
                // A row of then has its key all the same.
                let key = self.by.iter().find(|[known, _]| !self.key_in_front && *known == column);
                key.map_or_else(|| nothing(unsure_left.as_ref()), |[_, r]| b.cell(tables, right, *r))
            }
            Column::Left(column) => a.cell(tables, left, column),
            Column::Right(_) if right == NONE => nothing(unsure_right.as_ref()),
            Column::Right(column) => b.cell(tables, right, column),
        }
    }

    /// On which sides the key stands, if that is known.
    fn side(&self, [left, right]: [u32; 2]) -> Cell {
        let [a, b, both] = &self.words;
        let [unsure_left, unsure_right] = &self.unsure;
        let (word, unsure) = match (left, right) {
            (NONE, _) => (b, unsure_left),
            (_, NONE) => (a, unsure_right),
            _ => return Ok(Value::Text(Arc::clone(both))),
        };
        unsure.as_ref().map_or_else(|| Ok(Value::Text(Arc::clone(word))), |why| Err(Arc::clone(why)))
    }
}

/// The cell of a row that is not there: null, or why that is not known.
fn nothing(unsure: Option<&Arc<Missing>>) -> Cell {
    unsure.map_or(Ok(Value::Null), |why| Err(Arc::clone(why)))
}

/// What the sides are called, and how much of them is known.
pub(super) struct About<'n> {
    pub(super) names: [&'n str; 2],
    pub(super) key: String,
    pub(super) cuts: [Option<Arc<Missing>>; 2],
    /// May several rows of the left side have one key, because their own key tells them apart?
    pub(super) many_left: bool,
}

/// Pairs with what is uncertain about them.
pub(super) struct Matched {
    pub(super) pairs: Vec<[u32; 2]>,
    pub(super) ambiguous: BTreeMap<usize, Arc<Missing>>,
    pub(super) unsure: [Option<Arc<Missing>>; 2],
    pub(super) faults: Vec<Arc<Missing>>,
}

fn count(rows: usize) -> u32 {
    u32::try_from(rows).unwrap_or(NONE - 1)
}

/// Keys of which one side is masked and the other is told cannot be matched: all would seem to be on one side only.
pub(super) fn both_told(rows: [&[Row]; 2], by: &[[usize; 2]]) -> Result<(), Arc<Missing>> {
    for columns in by {
        let cells = |side: usize| {
            let cells = rows.get(side).copied().unwrap_or_default().iter();
            let cells = cells.filter_map(move |row| row.get(Matcher::column(columns, side))?.as_ref().ok());
            cells.filter(|value| !value.is_null())
        };
        let first = |side: usize| cells(side).next().is_some_and(Value::is_masked);
        // Where nothing is masked, which is nearly always, the first row tells it; or else every row is looked at.
        if !first(0) && !first(1) {
            continue;
        }
        let has = |side: usize, masked: bool| cells(side).any(|value| value.is_masked() == masked);
        if has(0, true) && has(1, false) || has(0, false) && has(1, true) {
            return Err(crate::rule::ops::masked());
        }
    }
    Ok(())
}

/// Joins the rows of two sides, left order first.
pub(super) fn pair(rows: [&[Row]; 2], by: &[[usize; 2]], about: &About<'_>) -> Matched {
    let mut matcher = Matcher::new(rows, by);
    let of_left = matcher.enter();
    let mut matched =
        Matched { pairs: Vec::new(), ambiguous: BTreeMap::new(), unsure: [None, None], faults: Vec::new() };
    matched.pairs.reserve(matcher.entries.len());
    for (row, index) in of_left.iter().enumerate() {
        let Some(entry) = usize::try_from(*index).ok().and_then(|index| matcher.entries.get(index)) else {
            continue;
        };
        let [first, right] = entry.rows;
        let row = count(row);
        let [left_double, right_double] = entry.doubled;
        let doubled = if right_double { Some(1) } else { (left_double && !about.many_left).then_some(0) };
        if let Some(side) = doubled {
            if first != row {
                continue;
            }
            matched.ambiguous.insert(matched.pairs.len(), several(about, side));
        }
        matched.pairs.push([row, right]);
    }
    for entry in &matcher.entries {
        let [left, right] = entry.rows;
        if left == NONE {
            if entry.doubled.get(1) == Some(&true) {
                matched.ambiguous.insert(matched.pairs.len(), several(about, 1));
            }
            matched.pairs.push([NONE, right]);
        }
    }
    uncertain(&mut matched, &matcher, about);
    matched
}

fn several(about: &About<'_>, side: usize) -> Arc<Missing> {
    let name = about.names.get(side).copied().unwrap_or("");
    let what = format!(
        "several rows of `{name}` have this `{}`, so it is not known which of them is meant",
        about.key
    );
    Arc::new(
        Missing::new(Cause::Ambiguous, what)
            .level(Level::Row)
            .fix("join by more facts, or let the query give one row for each"),
    )
}

/// Keys that are null or were not read, and sides that were cut.
fn uncertain(matched: &mut Matched, matcher: &Matcher<'_>, about: &About<'_>) {
    let sides = about.names.iter().zip(&about.cuts).zip(matcher.nulls).zip(&matcher.unread);
    for (index, (((name, cut), nulls), unread)) in sides.enumerate() {
        if nulls > 0 {
            let rows = if nulls == 1 { "1 row".to_owned() } else { format!("{nulls} rows") };
            let what = format!("{rows} of `{name}` without a `{}` cannot be matched", about.key);
            let missing = Missing::new(Cause::Ambiguous, what);
            matched
                .faults
                .push(Arc::new(missing.fix("leave such rows out on purpose, for example in the query")));
        }
        matched.faults.extend(unread.iter().chain(cut).cloned());
        if let Some(slot) = matched.unsure.get_mut(index) {
            *slot = unread.clone().or_else(|| cut.clone());
        }
    }
}

/// What is ambiguous in a side is ambiguous in a pair of it, and where another key was asked for, it is not known
/// which rows the others would have met.
fn inherited(matched: &mut Matched, sides: [&Rows<'_>; 2], schemas: [&Arc<Schema>; 2], by: &[[usize; 2]]) {
    for (number, (rows, schema)) in sides.into_iter().zip(schemas).enumerate() {
        let Rows::Pairs(inner) = rows else { continue };
        let Some(why) = inner.ambiguous.values().next().cloned() else { continue };
        for (index, pair) in matched.pairs.iter().enumerate() {
            let row = pair.get(number).and_then(|row| usize::try_from(*row).ok());
            if let Some(why) = row.and_then(|row| inner.ambiguous.get(&row)) {
                matched.ambiguous.entry(index).or_insert_with(|| Arc::clone(why));
            }
        }
        if by.iter().any(|columns| !schema.key.contains(&Matcher::column(columns, number))) {
            if let Some(slot) = matched.unsure.get_mut(number) {
                slot.get_or_insert_with(|| Arc::clone(&why));
            }
            matched.faults.push(why);
        }
    }
}

/// Two views by key.
pub(super) fn join<'a>(tables: &Tables<'a>, view: &View, join: &Join) -> Result<Pairs<'a>, Arc<Missing>> {
    let [a, b] = join.sides;
    let (left, right) = (tables.rows(a)?, tables.rows(b)?);
    let names = [tables.schema(a)?, tables.schema(b)?];
    // Rows that are pairs themselves are put together once, because keys are looked at again and again.
    let (left_rows, right_rows) = (tables.whole(a)?, tables.whole(b)?);
    let own = &names.first().map(|schema| schema.key.clone()).unwrap_or_default();
    let roots =
        [view.rows.parts.first(), view.rows.parts.get(1)].map(|part| part.map_or("", |part| &*part.root));
    let about = About {
        names: roots,
        key: key_names(&view.rows.schema, join.by.len()),
        cuts: [left, right].map(|rows| rows.faults().into_iter().next()),
        many_left: own.iter().any(|column| !join.by.iter().any(|[left, _]| left == column)),
    };
    both_told([&left_rows.rows, &right_rows.rows], &join.by)?;
    let mut matched = pair([&left_rows.rows, &right_rows.rows], &join.by, &about);
    if about.many_left && matches!(left, Rows::Plain(_)) {
        let doubled = doubled(&left_rows.rows, own);
        for (index, [row, _]) in matched.pairs.iter().enumerate() {
            let row = usize::try_from(*row).ok().and_then(|row| doubled.get(row));
            if row == Some(&true) {
                matched.ambiguous.entry(index).or_insert_with(|| several(&about, 0));
            }
        }
    }
    inherited(&mut matched, [left, right], names, &join.by);
    empties(tables, [left, right], names, roots, &mut matched);
    let [root_a, root_b] = roots;
    Ok(Pairs {
        sides: [Side::View(a), Side::View(b)],
        rows: matched.pairs,
        by: join.by.clone(),
        key_in_front: true,
        widths: names.map(|schema| schema.fields.len()),
        words: [Arc::from(root_a), Arc::from(root_b), Arc::from("both")],
        unsure: matched.unsure,
        ambiguous: matched.ambiguous,
        faults: matched.faults,
    })
}

fn key_names(schema: &Schema, count: usize) -> String {
    schema.fields.iter().take(count).map(|field| &*field.name).collect::<Vec<_>>().join("`, `")
}

/// A side without rows that had to have some proves nothing by its emptiness.
fn empties(
    tables: &Tables<'_>,
    rows: [&Rows<'_>; 2],
    schemas: [&Arc<Schema>; 2],
    names: [&str; 2],
    matched: &mut Matched,
) {
    let empty =
        |(rows, schema): &(&Rows<'_>, &Arc<Schema>)| rows.len() == 0 && schema.zero == ZeroRows::Suspicious;
    let sides: Vec<bool> = rows.into_iter().zip(schemas).map(|side| empty(&side)).collect();
    if tables.any_is_fine() || matched.pairs.is_empty() {
        return;
    }
    for (name, _) in names.into_iter().zip(sides).filter(|(_, empty)| *empty) {
        matched.faults.push(no_rows(name));
    }
}
