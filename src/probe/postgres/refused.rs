//! The grant that a query lacks, with the schema that the server's refusal does not tell.

use sqlx::Row as _;

use super::session::{Session, within};
use crate::fact::{Cause, Missing};
use crate::probe::sql::Step;

const RELATIONS: &str = r#"SELECT format('GRANT SELECT ON %s%I.%I TO "%s";', CASE c.relkind WHEN 'S' THEN 'SEQUENCE ' ELSE '' END, n.nspname, c.relname, replace(current_user::text, '"', '""'))
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relname = $1 AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
   AND NOT CASE c.relkind WHEN 'S' THEN has_sequence_privilege(c.oid, 'SELECT') ELSE has_table_privilege(c.oid, 'SELECT') END
 ORDER BY 1"#;

const FUNCTIONS: &str = r#"SELECT format('GRANT EXECUTE ON FUNCTION %I.%I(%s) TO "%s";', n.nspname, p.proname, pg_get_function_identity_arguments(p.oid), replace(current_user::text, '"', '""'))
  FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
 WHERE p.proname = $1 AND NOT has_function_privilege(p.oid, 'EXECUTE')
 ORDER BY 1"#;

/// The same fault with the grants of all objects of that name which the role may not use. A bare name would be another object in
/// another schema.
pub(super) async fn exact(session: &mut Session<'_>, why: Missing) -> Missing {
    let Some((sql, name)) = (why.cause == Cause::Denied).then(|| object(&why.what)).flatten() else {
        return why;
    };
    let found = grants(session, sql, name).await.unwrap_or_default();
    let fix = match found.as_slice() {
        [grant] => grant.clone(),
        [] => format!("grant the role that looks what it needs of `{name}`, and name it with its schema"),
        several => format!("grant what the query reads, of these that are called so: {}", several.join(" ")),
    };
    why.fix(session.cx.redactor.clean(&fix))
}

/// What was refused, and the statement that finds it.
fn object(what: &str) -> Option<(&'static str, &str)> {
    let refused = what.split_once("permission denied for ")?.1.split_once(" (SQLSTATE 42501)")?.0;
    let kinds = ["materialized view ", "foreign table ", "table ", "relation ", "view ", "sequence "];
    let relation = kinds.iter().find_map(|kind| refused.strip_prefix(kind)).map(|name| (RELATIONS, name));
    relation.or_else(|| Some((FUNCTIONS, refused.strip_prefix("function ")?)))
}

async fn grants(session: &mut Session<'_>, sql: &'static str, name: &str) -> Result<Vec<String>, Missing> {
    let cx = session.cx;
    // The refusal ended the transaction; what is asked now is the catalogue, and nothing that stands before it.
    let again = "ROLLBACK; BEGIN READ ONLY; SET LOCAL search_path = pg_catalog";
    within(cx, Step::Ask, sqlx::raw_sql(again).execute(&mut session.connection)).await?;
    let asked = sqlx::query(sql).bind(name).persistent(false).fetch_all(&mut session.connection);
    let rows = within(cx, Step::Ask, asked).await?;
    Ok(rows.iter().filter_map(|row| row.try_get::<String, _>(0).ok()).collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::testing::Database;
    use crate::fact::{Cause, Value};

    fn fix(database: &Database, sql: &str) -> String {
        let question = database
            .ask("muster_plain", "postgres.query", json!({ "sql": "-" }))
            .arg("sql", Value::text(sql));
        let why = question.fact("n", "int", "").run().unwrap_err();
        assert_eq!(why.cause, Cause::Denied, "{why:?}");
        why.fix.unwrap()
    }

    #[test]
    fn a_grant_names_the_schema_of_what_was_refused() {
        let database = Database::new(
            "create schema priv; create table priv.pay (n int); create table priv.twice (n int); create table public.twice (n int);
             create sequence priv.s; create function priv.f(a int, b text) returns int language sql as 'select 1';
             revoke execute on function priv.f(int, text) from public; grant usage on schema priv to muster_plain",
        );
        assert_eq!(fix(&database, "select n from priv.pay"), "GRANT SELECT ON priv.pay TO \"muster_plain\";");
        assert_eq!(
            fix(&database, "select last_value::int as n from priv.s"),
            "GRANT SELECT ON SEQUENCE priv.s TO \"muster_plain\";"
        );
        assert_eq!(
            fix(&database, "select priv.f(1, 'a') as n"),
            "GRANT EXECUTE ON FUNCTION priv.f(a integer, b text) TO \"muster_plain\";"
        );
        let several = fix(&database, "select n from priv.twice");
        assert!(several.contains("ON priv.twice TO") && several.contains("ON public.twice TO"), "{several}");
        database.run(&fix(&database, "select n from priv.pay"));
        let args = json!({ "sql": "-" });
        let question = database
            .ask("muster_plain", "postgres.query", args)
            .arg("sql", Value::text("select n from priv.pay"));
        question.fact("n", "int", "").key(&["n"]).run().unwrap();
    }
}
