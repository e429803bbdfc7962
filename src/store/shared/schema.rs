//! The tables of the log: made where they are missing, by one of those who come at the same time, and refused where a
//! newer muster made them.

use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};
use sqlx::{PgConnection, SqlSafeStr};

use super::SharedError;
use super::link::Link;

/// One for each version, from 1 on; none of them is ever changed.
const MIGRATIONS: &[(&str, &str)] = &[("runs", include_str!("migrations/1_runs.sql"))];

/// The version that this build makes, and the newest that it knows.
pub(super) fn known() -> i64 {
    i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX)
}

/// What is there.
const LOOK: &str = "
SELECT to_regnamespace($1) IS NOT NULL,
coalesce(has_schema_privilege(to_regnamespace($1)::oid, 'USAGE'), false),
to_regnamespace($1) IS NOT NULL AND EXISTS (
    SELECT FROM pg_class WHERE relnamespace = to_regnamespace($1)::oid AND relname = '_sqlx_migrations')";

/// Whoever changes tables, or adds to the log, waits for who else does: numbers come in the order in which rows are seen.
pub(super) const LOCK: &str = "SELECT pg_advisory_xact_lock(hashtextextended('muster store ' || $1, 0))";

/// Makes the tables, or finds them as this build knows them.
pub(super) async fn ready(link: &mut Link) -> Result<(), SharedError> {
    let quoted = link.quoted();
    let (there, usable, made) = link
        .within("looking for its tables", async |tx| {
            sqlx::query_as::<_, (bool, bool, bool)>(LOOK)
                .persistent(false)
                .bind(quoted)
                .fetch_one(&mut *tx)
                .await
        })
        .await?;
    if there && !usable {
        return Err(SharedError::Denied {
            place: link.place.clone(),
            why: format!("permission denied for schema {}", link.schema),
            grant: format!("GRANT USAGE ON SCHEMA {} TO the role", link.schema),
        });
    }
    let found = if made { version(link).await? } else { 0 };
    if found > known() {
        return Err(SharedError::Newer { place: link.place.clone(), found, known: known() });
    }
    if found < known() { migrate(link, there).await } else { Ok(()) }
}

async fn version(link: &mut Link) -> Result<i64, SharedError> {
    let version: Option<i64> = link
        .within("asking for the version of its tables", async |tx| {
            sqlx::query_scalar("SELECT max(version) FROM _sqlx_migrations")
                .persistent(false)
                .fetch_one(&mut *tx)
                .await
        })
        .await?;
    Ok(version.unwrap_or(0))
}

async fn migrate(link: &mut Link, there: bool) -> Result<(), SharedError> {
    let (schema, quoted) = (link.schema.clone(), link.quoted());
    let done = link
        .within("making its tables", async |tx| {
            sqlx::query(LOCK).persistent(false).bind(schema).execute(&mut *tx).await?;
            if !there {
                let make = sqlx::AssertSqlSafe(format!("CREATE SCHEMA IF NOT EXISTS {quoted}"));
                sqlx::query(make).persistent(false).execute(&mut *tx).await?;
            }
            match apply(tx).await {
                Ok(()) => Ok(Ok(())),
                Err(MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _)) => Err(error),
                // Another one may have been faster, and newer.
                Err(MigrateError::VersionMissing(found)) => Ok(Err((Some(found), String::new()))),
                Err(other) => Ok(Err((None, other.to_string()))),
            }
        })
        .await?;
    let place = link.place.clone();
    done.map_err(|(newer, why)| match newer {
        Some(found) => SharedError::Newer { place, found, known: known() },
        None => SharedError::Foreign { place, why },
    })
}

/// All within the transaction, under our own lock: one that belongs to the session would stay behind in a pooler.
async fn apply(tx: &mut PgConnection) -> Result<(), MigrateError> {
    let all = (1..).zip(MIGRATIONS).map(|(version, (name, sql))| {
        Migration::new(version, (*name).into(), MigrationType::Simple, (*sql).into_sql_str(), false)
    });
    let mut migrator = Migrator::with_migrations(all.collect());
    migrator.set_locking(false);
    // It names its statements, which stay behind in a pooler's connection, where the next one finds the name taken.
    sqlx::raw_sql("DEALLOCATE ALL").execute(&mut *tx).await?;
    migrator.run_direct(None, &mut *tx, false).await?;
    sqlx::raw_sql("DEALLOCATE ALL").execute(&mut *tx).await?;
    Ok(())
}
