//! Rows of cells.

use std::sync::Arc;

use super::{Cause, Cell, Level, Missing, Schema, Value};

/// The cells of one row, in the order of the schema.
pub type Row = Box<[Cell]>;

/// What a probe answered.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// Its shape.
    pub schema: Arc<Schema>,
    /// The rows.
    pub rows: Vec<Row>,
    /// How many rows the target has; more than `rows` if the answer was cut.
    pub total: u64,
    /// Why the answer is not complete.
    pub cut: Option<Arc<Missing>>,
}

impl Table {
    /// A cell by row and field name.
    pub fn cell(&self, row: usize, name: &str) -> Option<&Cell> {
        self.rows.get(row)?.get(self.schema.position(name)?)
    }

    /// A recorded table in the shape that is asked for now. A field that was not recorded is `unknown: absent`.
    pub fn fit(&self, wanted: &Arc<Schema>, probe: &str) -> Result<Self, Arc<Missing>> {
        Ok(Fitting::new(&self.schema, wanted, probe)?.table(self.clone()))
    }
}

/// How tables of a recorded shape get the shape that is asked for now.
pub struct Fitting {
    recorded: Arc<Schema>,
    wanted: Arc<Schema>,
    /// Where each field stands in a recorded row, or why it is not known.
    places: Vec<Result<usize, Arc<Missing>>>,
}

impl Fitting {
    /// Compares the two shapes.
    pub fn new(recorded: &Arc<Schema>, wanted: &Arc<Schema>, probe: &str) -> Result<Self, Arc<Missing>> {
        if recorded.version != wanted.version {
            let what = format!(
                "recorded by version {} of `{probe}`, and this is version {}",
                recorded.version, wanted.version
            );
            return Err(Arc::new(Missing::new(Cause::Absent, what).fix("record again with `muster record`")));
        }
        let absent = Arc::new(Missing::new(Cause::Absent, "not recorded").level(Level::Field));
        let other =
            Arc::new(Missing::new(Cause::WrongType, "recorded with another type").level(Level::Field));
        let place = |field: &super::Field| match recorded.position(&field.name) {
            None => Err(Arc::clone(&absent)),
            Some(index) => match recorded.fields.get(index) {
                Some(known) if known.ty == field.ty || known.ty.to_string() == field.ty.to_string() => {
                    Ok(index)
                }
                _ => Err(Arc::clone(&other)),
            },
        };
        let places = wanted.fields.iter().map(place).collect();
        Ok(Self { recorded: Arc::clone(recorded), wanted: Arc::clone(wanted), places })
    }

    /// Is it that of these two shapes?
    pub fn is_of(&self, recorded: &Arc<Schema>, wanted: &Arc<Schema>) -> bool {
        Arc::ptr_eq(&self.recorded, recorded) && Arc::ptr_eq(&self.wanted, wanted)
    }

    /// A table of the recorded shape in the one that is asked for.
    pub fn table(&self, table: Table) -> Table {
        let schema = Arc::clone(&self.wanted);
        if self.places.iter().enumerate().all(|(index, place)| *place == Ok(index)) {
            let width = self.places.len();
            if table.rows.iter().all(|row| row.len() == width) {
                return Table { schema, ..table };
            }
        }
        let absent = || Arc::new(Missing::new(Cause::Absent, "not recorded").level(Level::Field));
        let cell = |row: &[Cell], place: &Result<usize, Arc<Missing>>| match place {
            Ok(index) => row.get(*index).cloned().unwrap_or_else(|| Err(absent())),
            Err(why) => Err(Arc::clone(why)),
        };
        let fitted = |row: &Row| self.places.iter().map(|place| cell(row, place)).collect();
        Table { schema, rows: table.rows.iter().map(fitted).collect(), ..table }
    }
}

/// Builds a table row by row. A field that was not set is `unknown: absent`, never null.
pub struct TableBuilder {
    schema: Arc<Schema>,
    rows: Vec<Row>,
    total: Option<u64>,
    cut: Option<Arc<Missing>>,
    absent: Arc<Missing>,
    max_rows: usize,
    advice: Option<&'static str>,
}

impl TableBuilder {
    /// An empty table of this shape that takes at most `max_rows` rows.
    pub fn new(schema: &Arc<Schema>, max_rows: usize) -> Self {
        let absent =
            Missing::new(Cause::Absent, "not read, because nothing asked for it").level(Level::Field);
        Self {
            schema: Arc::clone(schema),
            rows: Vec::new(),
            total: None,
            cut: None,
            absent: Arc::new(absent),
            max_rows,
            advice: None,
        }
    }

    /// What to do about an answer that has more rows.
    #[must_use]
    pub fn advise(mut self, advice: &'static str) -> Self {
        self.advice = Some(advice);
        self
    }

    /// Begins a row.
    pub fn row(&mut self) -> RowBuilder<'_> {
        let cells = vec![Err(Arc::clone(&self.absent)); self.schema.fields.len()];
        RowBuilder { table: self, cells }
    }

    /// How many fields a row has.
    pub fn width(&self) -> usize {
        self.schema.fields.len()
    }

    /// Is the budget of rows used up?
    pub fn is_full(&self) -> bool {
        self.rows.len() >= self.max_rows
    }

    /// Says that the answer is not complete.
    pub fn cut(&mut self, why: Missing) {
        self.cut = Some(Arc::new(why));
    }

    /// Says how many rows there are at the target.
    pub fn total(&mut self, total: u64) {
        self.total = Some(total);
    }

    /// The table.
    pub fn finish(self) -> Table {
        let total = self.total.unwrap_or(self.rows.len() as u64);
        Table { schema: self.schema, rows: self.rows, total, cut: self.cut }
    }

    fn push(&mut self, cells: Vec<Cell>) {
        if self.is_full() {
            let seen = self.total.unwrap_or(self.rows.len() as u64) + 1;
            self.total = Some(seen);
            if self.cut.is_none() {
                let what = format!("more than {} rows; the answer was cut there", self.max_rows);
                let why = Missing::new(Cause::Incomplete, what);
                self.cut(match self.advice {
                    Some(advice) => why.fix(advice),
                    None => why,
                });
            }
            return;
        }
        self.rows.push(cells.into_boxed_slice());
    }
}

/// One row that is being filled.
pub struct RowBuilder<'a> {
    table: &'a mut TableBuilder,
    cells: Vec<Cell>,
}

impl RowBuilder<'_> {
    /// Sets a cell. A name that the schema does not have is ignored, because a probe may know facts that an
    /// older declaration lacks; the contract test walks every probe for the reverse.
    pub fn cell(mut self, name: &str, cell: Cell) -> Self {
        let position = self.table.schema.position(name);
        if let Some(slot) = position.and_then(|index| self.cells.get_mut(index)) {
            *slot = cell;
        }
        self
    }

    /// Sets the cell at a position of the schema: for declared facts, which stand last and whose names the
    /// policy chose, and where thousands of rows make the look-up of names felt.
    pub fn at(mut self, index: usize, cell: Cell) -> Self {
        if let Some(slot) = self.cells.get_mut(index) {
            *slot = cell;
        }
        self
    }

    /// Sets a value.
    pub fn set(self, name: &str, value: Value) -> Self {
        self.cell(name, Ok(value))
    }

    /// Sets a value or null.
    pub fn set_or_null(self, name: &str, value: Option<Value>) -> Self {
        self.set(name, Value::or_null(value))
    }

    /// Sets a shared fault.
    pub fn missing(self, name: &str, why: &Arc<Missing>) -> Self {
        self.cell(name, Err(Arc::clone(why)))
    }

    /// Sets the same fault for all of these.
    pub fn missing_all(mut self, names: &[&str], why: &Arc<Missing>) -> Self {
        for name in names {
            self = self.missing(name, why);
        }
        self
    }

    /// Ends the row.
    pub fn push(self) {
        self.table.push(self.cells);
    }
}
