//! How large the tables of a source are, by its catalog: one small question, and nothing of the tables is read.

use std::sync::Arc;

use crate::fact::{Field, Missing, Observation, Pointer, Request, Type, Value, catalogue};

use super::super::probe::default_args;

/// What the catalog says of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Estimate {
    /// As facts name it.
    pub table: String,
    /// About how many rows; nothing if nobody counted yet.
    pub rows: Option<u64>,
    /// Size on disk.
    pub bytes: Option<u64>,
}

/// The size of a table comes from the catalog too: a size function would wait for a lock.
const POSTGRES: &str = "SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS name, \
    CASE WHEN c.reltuples >= 0 THEN c.reltuples::int8 END AS lines, c.relpages::int8 * 8192 AS size \
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
    WHERE c.relkind = 'r' AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%' ORDER BY 1";

const MYSQL: &str = "SELECT CAST(table_name AS CHAR) AS name, CAST(table_rows AS SIGNED) AS `lines`, \
    CAST(data_length AS SIGNED) AS size FROM information_schema.tables \
    WHERE table_schema = database() AND table_type = 'BASE TABLE' ORDER BY 1";

const SQLITE: &str = "SELECT name AS name, NULL AS lines, NULL AS size FROM sqlite_schema \
    WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY 1";

/// The question to a target of this type; nothing if it has no tables.
pub(super) fn question(target: &str, kind: &str) -> Option<Request> {
    let (probe, sql) = match kind {
        "postgres" => ("postgres.query", POSTGRES),
        "mysql" => ("mysql.query", MYSQL),
        "sqlite" => ("sqlite.query", SQLITE),
        _ => return None,
    };
    let probe = catalogue::find(probe)?;
    let pointer =
        |name: &str, ty: Type| Pointer { name: Arc::from(name), ty, at: Arc::from(name), unit: None };
    let pointers = vec![
        pointer("name", Type::TEXT),
        pointer("lines", Type::Int.nullable()),
        pointer("size", Type::Int.nullable()),
    ];
    let fields: Vec<Field> =
        pointers.iter().map(|pointer| Field::declared(&pointer.name, pointer.ty.clone())).collect();
    let mut args = default_args(probe);
    args.insert(Arc::from("sql"), Value::text(sql), Type::TEXT);
    let schema = Arc::new(probe.schema_with(&fields, &[Arc::from("name")]));
    Some(Request::new(probe.name, target, args, schema, pointers))
}

/// The answer.
pub(super) fn read(answer: &Observation) -> Result<Vec<Estimate>, Arc<Missing>> {
    let table = answer.result.as_ref().map_err(Arc::clone)?;
    if let Some(why) = &table.cut {
        return Err(Arc::clone(why));
    }
    let quoted = &*answer.key.probe == "postgres.query";
    let count = |row: usize, name: &str| {
        let value = table.cell(row, name)?.as_ref().ok()?.as_int()?;
        u64::try_from(value).ok()
    };
    let mut all = Vec::with_capacity(table.rows.len());
    for row in 0..table.rows.len() {
        let name = match table.cell(row, "name") {
            Some(Ok(Value::Text(name))) if quoted => name.to_string(),
            Some(Ok(Value::Text(name))) => quote(name),
            Some(Err(why)) => return Err(Arc::clone(why)),
            _ => continue,
        };
        all.push(Estimate { table: name, rows: count(row, "lines"), bytes: count(row, "size") });
    }
    Ok(all)
}

/// A name as facts write it.
fn quote(name: &str) -> String {
    let plain = |char: char| char.is_ascii_lowercase() || char.is_ascii_digit() || char == '_' || char == '$';
    let begins = name.starts_with(|char: char| char.is_ascii_lowercase() || char == '_');
    if begins && name.chars().all(plain) {
        name.to_owned()
    } else {
        format!("\"{}\"", name.replace('"', "\"\""))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observe::{Cancel, Ledger, Live, Observer};
    use crate::probe::Target;
    use crate::secret::{Redactor, Secret};

    #[test]
    fn names_are_quoted_where_they_have_to_be() {
        assert_eq!([quote("orders"), quote("Order"), quote("a\"b")], ["orders", "\"Order\"", "\"a\"\"b\""]);
    }

    fn known(name: &str, kind: &str, change: impl FnOnce(&mut Target)) -> Vec<String> {
        let mut target = Target { name: Arc::from(name), kind: Arc::from(kind), ..Target::default() };
        change(&mut target);
        let live = Live {
            targets: [(Arc::from(name), Arc::new(target))].into(),
            unusable: [].into(),
            clock: crate::probe::system_clock(),
            redactor: Redactor::new(),
            jobs: 1,
            deadline: std::time::Duration::from_secs(10),
            run: None,
            max_rows: 1000,
            cancel: Cancel::default(),
            progress: None,
            ledger: Ledger::default(),
            work: None,
            salt: Arc::default(),
            house: None,
            host: Arc::from("here"),
        };
        let asked = [question(name, kind).unwrap()];
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let answers = runtime.block_on(live.observe(&asked));
        read(&answers[0]).unwrap().into_iter().map(|one| one.table).collect()
    }

    #[test]
    fn every_engine_tells_its_tables_as_facts_name_them() {
        let env = |name: &str| super::super::super::edge::variable(name).expect("tests/run sets it");
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.db");
        let made = std::process::Command::new("sqlite3")
            .arg(&file)
            .arg("CREATE TABLE orders (id); CREATE TABLE \"Odd one\" (id); CREATE VIEW v AS SELECT 1;")
            .status();
        assert!(made.unwrap().success());
        assert_eq!(known("old", "sqlite", |target| target.path = Some(file)), ["\"Odd one\"", "orders"]);
        let servers = [
            (
                "postgres",
                format!("postgres://muster_full@127.0.0.1:{}/postgres", env("MUSTER_TEST_PG_PORT")),
                "MUSTER_TEST_PG_PASSWORD",
            ),
            (
                "mysql",
                format!(
                    "mysql://muster_reader@127.0.0.1:{}/information_schema",
                    env("MUSTER_TEST_MARIADB_PORT")
                ),
                "MUSTER_TEST_MARIADB_PASSWORD",
            ),
        ];
        for (kind, url, password) in servers {
            let tables = known("old", kind, |target| {
                target.url = Some(url.parse().unwrap());
                target.password = Some(Secret::new(&env(password), &Redactor::new()));
            });
            assert!(tables.iter().all(|table| !table.contains("pg_catalog")), "{tables:?}");
        }
    }

    #[test]
    fn only_databases_have_tables() {
        assert!(question("here", "host").is_none());
        let asked = question("old", "postgres").unwrap();
        assert_eq!((&*asked.key.probe, &*asked.key.target), ("postgres.query", "old"));
        assert_eq!(crate::fact::refuse_sql(POSTGRES, crate::fact::SqlDialect::Postgres), None);
    }
}
