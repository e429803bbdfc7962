//! `data.fingerprints`: what the rows of a database were, in a form that can be kept after it is gone.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::canonical::Kind;
use super::compare::merge::Pace;
use super::compare::pair::{Both, Pair, Which};
use super::compare::sql::Select;
use super::compare::tally::Sum;
use super::compare::{over_budget, shown};
use super::side::{Row, Side};
use super::tables::{Column, Engine, Kind as Type, Open, UserTable, Wanted, list};
use crate::fact::{Cause, Level, Missing, Move, TableBuilder, Value};
use crate::probe::{Answer, Ask, Context, Observing, Probe};

/// The body of `data.fingerprints`.
pub(in crate::probe) struct Fingerprints;

impl Probe for Fingerprints {
    fn observe<'a>(&'a self, ask: &'a Ask<'a>, cx: &'a Context) -> Observing<'a> {
        Box::pin(look(ask, cx))
    }
}

/// Tables that are named where several could not be read.
const NAMES: usize = 5;

/// Groups by hash.
const GROUPS: u8 = 64;

/// More ranges than this are groups by hash instead.
const RANGES: usize = 4_096;

/// What the arguments say.
struct Options {
    /// What was moved, if this is the new side.
    map: Move,
    /// The same, if this is the old side.
    moved: Move,
    segment_rows: i128,
    budget: u64,
    per_second: Option<u64>,
}

impl Options {
    fn of(ask: &Ask<'_>) -> Result<Self, Missing> {
        let args = &ask.request.args;
        let malformed = |why| Missing::new(Cause::Malformed, why);
        let map =
            |name: &str| args.text(name).map_or(Ok(Move::default()), Move::from_text).map_err(malformed);
        let mut moved = map("moved")?;
        if let Some(only) = args.text("only") {
            let only = serde_json::from_str(only).map_err(|error| malformed(format!("`only`: {error}")))?;
            moved.only = only;
        }
        let number = |name: &str| args.int(name).and_then(|value| u64::try_from(value).ok());
        Ok(Self {
            map: map("map")?,
            moved,
            segment_rows: number("segment_rows").map_or(100_000, i128::from).max(1),
            budget: number("budget").unwrap_or(u64::MAX),
            per_second: number("rows_per_second"),
        })
    }

    /// The old name of a table that is called so now.
    fn old_table(&self, new: &Arc<str>) -> Arc<str> {
        let renamed = self.map.tables.iter().find(|(_, now)| *now == new).map(|(old, _)| Arc::clone(old));
        let bare = |schema: &Arc<str>| new.strip_prefix(&format!("{schema}.")).map(Arc::from);
        renamed.or_else(|| self.map.schema.as_ref().and_then(bare)).unwrap_or_else(|| Arc::clone(new))
    }

    /// The columns of a table in the order of the names that the old side has for them, each with its kind.
    fn columns(&self, engine: Engine, table: &UserTable) -> Result<Vec<Both>, Missing> {
        let old_table = self.old_table(&table.name);
        let mut found = Vec::new();
        for column in &table.columns {
            if self.moved.column(&table.name, &column.name).is_none() {
                continue;
            }
            let renamed = self.map.columns.iter().find_map(|(old, new)| {
                let old = old.strip_prefix(&*old_table)?.strip_prefix('.')?;
                (*new == column.name).then(|| Arc::from(old))
            });
            let old: Arc<str> = renamed.unwrap_or_else(|| Arc::clone(&column.name));
            let told = self.map.kind(&old_table, &old).or_else(|| self.moved.kind(&table.name, &old));
            let kind = match told.map(|word| Kind::parse(word)) {
                Some(Some(kind)) => Some(kind),
                Some(None) => None,
                None => portable(engine, column),
            };
            let kind = kind.ok_or_else(|| unknown(&table.name, column))?;
            let (source, target, told) = (column.clone(), column.clone(), told.is_some());
            found.push((old, Both { source, target, kind, told }));
        }
        found.sort_by(|a, b| a.0.cmp(&b.0));
        Ok(found.into_iter().map(|(_, both)| both).collect())
    }
}

fn unknown(table: &str, column: &Column) -> Missing {
    let what = format!("values of the type `{}` have no common form ({table}, `{}`)", column.ty, column.name);
    let why = Missing::new(Cause::Unsupported, what).level(Level::Row);
    why.fix("leave the table out (`except`), or say in `kinds` of the move as what it is compared")
}

/// A kind that another engine finds for its column too, without knowing this one.
fn portable(engine: Engine, column: &Column) -> Option<Kind> {
    Some(match column.kind {
        Type::Bool | Type::Int | Type::Decimal | Type::Float => Kind::Number,
        Type::Bytes if column.ty.starts_with("bit") => Kind::Number,
        Type::Text if column.ty.starts_with("character(") || column.ty.starts_with("char(") => Kind::Char,
        Type::Text | Type::Enum | Type::Uuid => Kind::Text,
        Type::Bytes => Kind::Binary,
        Type::Json | Type::List => Kind::Json,
        Type::Date => Kind::Date,
        Type::Time => Kind::Clock,
        Type::Timestamp | Type::Instant => Kind::Time,
        Type::Interval => Kind::Span,
        Type::Other if engine == Engine::Sqlite => Kind::Dynamic,
        Type::Other if engine == Engine::Postgres => Kind::Text,
        Type::Other => return None,
    })
}

async fn look(ask: &Ask<'_>, cx: &Context) -> Result<Answer, Missing> {
    let options = Options::of(ask)?;
    let mut open = Open::open(cx, !options.moved.only.is_empty()).await?;
    let (identity, clock) = (open.identity(), open.clock());
    let wanted = Wanted::of(&ask.request.args, open.engine()).map(Wanted::with_columns);
    let listing = match wanted {
        Ok(wanted) => list(&mut open, &wanted).await,
        Err(why) => Err(why),
    };
    let mut side = Side::new(cx, open);
    let answer = match listing {
        Ok(listing) => all(ask, &options, listing, &mut side).await,
        Err(why) => Err(why),
    };
    side.close().await;
    Ok(Answer::new(answer?.finish()).identity(identity).clock(clock))
}

async fn all(
    ask: &Ask<'_>,
    options: &Options,
    listing: super::tables::Listing,
    side: &mut Side<'_>,
) -> Result<TableBuilder, Missing> {
    let mut table = ask.table();
    let mut dead: Option<Arc<Missing>> = None;
    let mut unseen: Vec<(Arc<str>, Arc<Missing>)> = Vec::new();
    for found in listing.tables {
        let name = Arc::clone(&found.name);
        let result = match &dead {
            Some(why) => Err(Arc::clone(why)),
            None => one(options, found, side).await.map_err(Arc::new),
        };
        match result {
            Ok((method, segments)) => segments.into_iter().for_each(|(segment, sum)| {
                let row = table
                    .row()
                    .set("table", Value::Text(Arc::clone(&name)))
                    .set("segment", Value::text(segment));
                let rows = Value::Int(i64::try_from(sum.rows).unwrap_or(i64::MAX));
                row.set("rows", rows)
                    .set("digest", Value::text(sum.text()))
                    .set("method", Value::text(method))
                    .push();
            }),
            Err(why) => {
                if why.level == Level::Target || side.cx.remaining().is_zero() {
                    dead = Some(Arc::clone(&why));
                }
                nothing(&mut table, &name, &why);
                unseen.push((name, why));
            }
        }
    }
    for name in listing.absent {
        let why = Missing::new(Cause::Absent, format!("there is no table {name}")).level(Level::Row);
        nothing(&mut table, &name, &Arc::new(why.fix("correct the name in `tables`")));
    }
    if let Some(why) = listing.incomplete.or_else(|| not_seen(&unseen)) {
        table.cut(why);
    }
    Ok(table)
}

/// Segments of tables that could not be read are not gone: nobody saw which they have.
fn not_seen(unseen: &[(Arc<str>, Arc<Missing>)]) -> Option<Missing> {
    let (_, first) = unseen.first()?;
    let names: Vec<&str> = unseen.iter().take(NAMES).map(|(name, _)| &**name).collect();
    let more =
        if unseen.len() > NAMES { format!(" and {} others", unseen.len() - NAMES) } else { String::new() };
    let what = format!(
        "which rows {}{more} have is not known, so that nobody can tell what is gone",
        names.join(", ")
    );
    let why = Missing::new(first.cause, what).level(Level::Row);
    Some(why.fix("see what is said of each of these tables as a whole (`all`)"))
}

fn nothing(table: &mut TableBuilder, name: &Arc<str>, why: &Arc<Missing>) {
    let row = table.row().set("table", Value::Text(Arc::clone(name))).set("segment", Value::text("all"));
    row.missing_all(&["rows", "digest", "method"], why).push();
}

/// The segments of one table.
type Segments = (&'static str, Vec<(String, Sum)>);

async fn one(options: &Options, table: UserTable, side: &mut Side<'_>) -> Result<Segments, Missing> {
    if let Some(why) = &table.hidden {
        return Err((**why).clone());
    }
    if table.estimate.and_then(|rows| u64::try_from(rows).ok()).is_some_and(|rows| rows > options.budget) {
        return Err(over_budget(&table.name, options.budget));
    }
    if !side.is_open() {
        *side = Side::new(side.cx, Open::open(side.cx, false).await?);
    }
    side.snapshot().await?;
    let columns = options.columns(side.engine, &table)?;
    let key = table.key.iter().map(|key| columns.iter().position(|both| both.source.name == key.name));
    let key = key.collect::<Option<Vec<usize>>>().unwrap_or_default();
    let pair = Pair {
        only: options.moved.only(&table.name).cloned(),
        target: table.clone(),
        source: table,
        columns,
        key,
        differs: Vec::new(),
    };
    let select =
        Select { pair: &pair, which: Which::Source, engine: side.engine, also: None, ordered: false };
    let mut feed = side.feed(select.reading()?)?;
    let cx = side.cx;
    let mut gathered = Gathered::new(&pair, options, &cx.salt)?;
    let mut pace = Pace::new(options.per_second);
    let mut rows = 0_u64;
    while let Some(batch) = feed.next().await? {
        for row in (0..batch.len()).filter_map(|index| batch.row(index)) {
            gathered.add(row);
        }
        rows += u64::try_from(batch.len()).unwrap_or(0);
        if rows > options.budget {
            return Err(over_budget(&pair.source.name, options.budget));
        }
        pace.took(batch.len(), cx.deadline).await?;
    }
    side.back(feed).await;
    Ok(gathered.segments())
}

/// Sums by range of the key, as long as they are few, and by hash.
struct Gathered<'p> {
    pair: &'p Pair,
    segment_rows: i128,
    none: Sum,
    /// Nothing once they were too many, or where the key is no whole number.
    ranges: Option<BTreeMap<i128, Sum>>,
    groups: BTreeMap<u8, Sum>,
}

impl<'p> Gathered<'p> {
    fn new(pair: &'p Pair, options: &Options, salt: &[u8]) -> Result<Self, Missing> {
        let key = pair.key.iter().filter_map(|place| pair.columns.get(*place)).collect::<Vec<_>>();
        let is_whole = matches!(key.as_slice(), [one] if one.source.kind == Type::Int && !one.told);
        Ok(Self {
            pair,
            segment_rows: options.segment_rows,
            none: Sum::new(salt)?,
            ranges: is_whole.then(BTreeMap::new),
            groups: BTreeMap::new(),
        })
    }

    fn add(&mut self, row: Row<'_>) {
        let digest = self.none.of(row.content);
        let frames = || shown::frames(row.content);
        let key = self.pair.key.iter().filter_map(|place| frames().nth(*place));
        if let Some(ranges) = &mut self.ranges {
            let whole = key.clone().next().and_then(|frame| shown::text(frame).parse::<i128>().ok());
            match whole {
                Some(whole)
                    if ranges.len() < RANGES || ranges.contains_key(&whole.div_euclid(self.segment_rows)) =>
                {
                    let range = ranges.entry(whole.div_euclid(self.segment_rows));
                    range.or_insert_with(|| self.none.clone()).add(digest, row.content.len());
                }
                _ => self.ranges = None,
            }
        }
        let named = !self.pair.key.is_empty();
        let group = if named { self.none.of(&key.collect::<Vec<_>>().concat()) } else { digest };
        let group = group.to_be_bytes().last().copied().unwrap_or(0) % GROUPS;
        self.groups.entry(group).or_insert_with(|| self.none.clone()).add(digest, row.content.len());
    }

    fn segments(self) -> Segments {
        if self.groups.is_empty() {
            return ("hash", vec![("all".to_owned(), self.none)]);
        }
        let Some(ranges) = self.ranges else {
            return (
                "hash",
                self.groups.into_iter().map(|(group, sum)| (format!("hash {group}"), sum)).collect(),
            );
        };
        let named = |(range, sum): (i128, Sum)| {
            let from = range.saturating_mul(self.segment_rows);
            (format!("{from} to {}", from.saturating_add(self.segment_rows - 1)), sum)
        };
        ("range", ranges.into_iter().map(named).collect())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::time::Duration;

    use serde_json::json;

    use super::*;
    use crate::probe::data::tables::testing::{Lite, Maria};
    use crate::probe::postgres::testing::Database;
    use crate::probe::testing::{Question, cause, cell, value};

    /// Table, segment, rows and digest of all rows.
    fn told(question: Question) -> BTreeSet<(String, String, String, String)> {
        let answer = question.deadline(Duration::from_mins(1)).run().unwrap();
        let rows = 0..answer.table.rows.len();
        let text = |row, name| format!("{:?}", value(&answer, row, name));
        rows.map(|row| (text(row, "table"), text(row, "segment"), text(row, "rows"), text(row, "digest")))
            .collect()
    }

    const ROWS: &str = "INSERT INTO t SELECT i, 'n' || i, i / 4.0, i % 2 = 0, '2026-01-01'::timestamptz + i * interval '1 s' FROM generate_series(1, 1000) i";

    fn shop() -> Database {
        Database::new(&format!(
            "CREATE TABLE t (id int PRIMARY KEY, name text, price numeric(10,2), ok bool, at timestamptz);\n{ROWS};\nCREATE TABLE k (a text, b int);\nINSERT INTO k SELECT 'x' || i % 50, i % 7 FROM generate_series(1, 500) i;\nCREATE TABLE e (id int)"
        ))
    }

    #[test]
    fn one_changed_row_changes_the_fingerprint_of_its_segment_alone() {
        let (old, new) = (shop(), shop());
        let ask = |shop: &Database| {
            told(shop.ask("muster_full", "data.fingerprints", json!({"segment_rows": 100})))
        };
        let was = ask(&old);
        for change in [
            "UPDATE t SET name = 'other' WHERE id = 555",
            "UPDATE t SET at = at + interval '1 us' WHERE id = 555",
            "UPDATE t SET name = NULL WHERE id = 555",
            "DELETE FROM t WHERE id = 555",
            "UPDATE t SET ok = NOT ok WHERE id = 555",
        ] {
            new.run(change);
            let is = ask(&new);
            let differs: BTreeSet<&str> =
                was.symmetric_difference(&is).map(|(_, segment, ..)| segment.as_str()).collect();
            assert_eq!(differs.into_iter().collect::<Vec<_>>(), ["Text(\"500 to 599\")"], "{change}");
            new.run(&format!("DELETE FROM t;\n{ROWS}"));
        }
        assert_eq!(ask(&new), was);
        assert!(was.iter().any(|(table, segment, rows, _)| table.contains("public.e")
            && segment.contains("all")
            && rows == "Int(0)"));
        // Of two equal rows in place of one.
        new.run("INSERT INTO k SELECT * FROM k LIMIT 1");
        assert_eq!(was.difference(&ask(&new)).count(), 1);
    }

    #[test]
    fn fingerprints_are_those_of_another_engine() {
        let new = shop();
        new.run("DROP TABLE k, e");
        new.run("ALTER TABLE t RENAME COLUMN name TO title");
        let map = json!({"schema": "public", "columns": {"t.name": "title"}}).to_string();
        let is = told(new.ask("muster_full", "data.fingerprints", json!({})).arg("map", Value::text(&map)));
        let maria = Maria::new(
            "create table t (id int primary key, ok tinyint(1), name varchar(20), price decimal(12,4), at timestamp null); set time_zone = '+00:00'; insert into t select seq, seq % 2 = 0, concat('n', seq), seq / 4, '2026-01-01 00:00:00' + interval seq second from seq_1_to_1000",
        );
        let lite = Lite::new(
            "create table t (id integer primary key, name text, price real, ok bool, at timestamptz); with recursive n(i) as (select 1 union all select i + 1 from n where i < 1000) insert into t select i, 'n' || i, i / 4.0, i % 2 = 0, datetime(1767225600 + i, 'unixepoch') from n",
        );
        for was in [
            maria.ask("muster_reader", "data.fingerprints", json!({})),
            lite.ask("data.fingerprints", json!({})),
        ] {
            let was = told(was);
            let digests = |all: &BTreeSet<(String, String, String, String)>| {
                all.iter()
                    .map(|(_, segment, rows, digest)| format!("{segment} {rows} {digest}"))
                    .collect::<Vec<_>>()
            };
            assert_eq!(digests(&was), digests(&is));
        }
        lite.run("update t set price = price + 0.001 where id = 1");
        let was = told(lite.ask("data.fingerprints", json!({})));
        assert_ne!(was.first().unwrap().3, is.first().unwrap().3);
    }

    #[test]
    fn only_what_was_moved_counts_and_what_is_hidden_is_denied() {
        let shop = shop();
        let ask = |args| shop.ask("muster_full", "data.fingerprints", args);
        let all = told(ask(json!({"tables": ["public.t"]})));
        let some =
            ask(json!({"tables": ["public.t"]})).arg("only", Value::text("{\"public.t\":\"id > 10\"}"));
        assert_ne!(told(some), all);
        shop.run("ALTER TABLE t ENABLE ROW LEVEL SECURITY");
        let answer = ask(json!({"tables": ["public.t", "public.none"]})).run().unwrap();
        assert_eq!(
            (cause(&answer, 0, "digest"), cause(&answer, 1, "digest")),
            (Cause::Denied, Cause::Absent)
        );
        let answer = ask(json!({"tables": ["public.k"], "budget": 499})).run().unwrap();
        assert_eq!(cell(&answer, 0, "rows").unwrap_err().cause, Cause::Limit);
    }
}
