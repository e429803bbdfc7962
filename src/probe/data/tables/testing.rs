//! A database of each engine for a test of this area.

use std::path::PathBuf;

use serde_json::Value as Json;
use sqlx::mysql::MySqlConnectOptions;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, MySqlConnection};

use crate::probe::postgres::testing::{block, env};
use crate::probe::testing::{Question, ask};
use crate::secret::{Redactor, Secret};

/// A database of MariaDB that is dropped with this value.
pub(in crate::probe) struct Maria {
    /// Its name.
    pub(in crate::probe) name: String,
}

async fn admin() -> MySqlConnection {
    MySqlConnectOptions::new()
        .host(&env("MUSTER_TEST_MARIADB_HOST"))
        .port(env("MUSTER_TEST_MARIADB_PORT").parse().unwrap())
        .username("muster_admin")
        .password(&env("MUSTER_TEST_MARIADB_PASSWORD"))
        .connect()
        .await
        .unwrap()
}

impl Maria {
    /// A new one in which this was run.
    pub(in crate::probe) fn new(sql: &str) -> Self {
        static NEXT: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
        let number = NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let made = Self { name: format!("test_data_{}_{number}", std::process::id()) };
        let name = &made.name;
        Self::admin(&format!("create database {name} character set utf8mb4; use {name}; {sql}"));
        made
    }

    /// A connection as administrator.
    pub(in crate::probe) async fn connect() -> MySqlConnection {
        admin().await
    }

    /// Runs statements as administrator.
    pub(in crate::probe) fn admin(sql: &str) {
        block(async {
            let mut connection = admin().await;
            sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut connection).await.unwrap();
            connection.close().await.unwrap();
        });
    }

    /// Runs statements in it.
    pub(in crate::probe) fn run(&self, sql: &str) {
        Self::admin(&format!("use {}; {sql}", self.name));
    }

    /// A question to it as this user.
    pub(in crate::probe) fn ask(&self, user: &str, probe: &'static str, args: Json) -> Question {
        let (host, port) = (env("MUSTER_TEST_MARIADB_HOST"), env("MUSTER_TEST_MARIADB_PORT"));
        let url = format!("mysql://{user}@{host}:{port}/{}", self.name);
        ask(probe, args).target(|target| {
            target.kind = "mysql".into();
            target.url = Some(url.parse().unwrap());
            target.password = Some(Secret::new(&env("MUSTER_TEST_MARIADB_PASSWORD"), &Redactor::new()));
        })
    }
}

impl Drop for Maria {
    fn drop(&mut self) {
        // A failed test must show its own panic; the whole server is thrown away anyway.
        if !std::thread::panicking() {
            Self::admin(&format!("drop database if exists {}", self.name));
        }
    }
}

/// A file of SQLite that is removed with this value.
pub(in crate::probe) struct Lite {
    _dir: tempfile::TempDir,
    /// Where it is.
    pub(in crate::probe) path: PathBuf,
}

impl Lite {
    /// A new one in which this was run.
    pub(in crate::probe) fn new(sql: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let made = Self { path: dir.path().join("shop.db"), _dir: dir };
        made.run(sql);
        made
    }

    /// Runs statements in it.
    pub(in crate::probe) fn run(&self, sql: &str) {
        block(async {
            let options =
                SqliteConnectOptions::new().filename(&self.path).create_if_missing(true).foreign_keys(false);
            let mut connection = options.connect().await.unwrap();
            sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut connection).await.unwrap();
            connection.close().await.unwrap();
        });
    }

    /// A question to it.
    pub(in crate::probe) fn ask(&self, probe: &'static str, args: Json) -> Question {
        ask(probe, args).target(|target| {
            target.kind = "sqlite".into();
            target.path = Some(self.path.clone());
        })
    }
}
