//! The policies of the area `mysql` on MariaDB.

use std::io::Write;
use std::process::{Child, Command, Stdio};

use crate::trial::{Trial, carry_out, done, env, none, unique};

fn client(user: &str) -> Command {
    let mut client = Command::new("mariadb");
    client.args(["--no-defaults", "--host=127.0.0.1", "--batch", "--skip-column-names"]);
    client.arg(format!("--port={}", env("MUSTER_TEST_MARIADB_PORT"))).arg(format!("--user={user}"));
    client.env("MYSQL_PWD", env("MUSTER_TEST_MARIADB_PASSWORD"));
    client
}

pub(crate) fn admin(sql: &str) -> String {
    done(client("muster_admin").args(["-e", sql]))
}

fn trial(policy: &'static str, database: &str) -> Trial {
    let port = env("MUSTER_TEST_MARIADB_PORT");
    let url = format!("mysql://muster_reader@127.0.0.1:{port}/{database}");
    let target = format!("{{ type: mysql, url: \"{url}\", password: {{ env: SECRET }} }}");
    Trial::new(policy, &target).password(&env("MUSTER_TEST_MARIADB_PASSWORD"))
}

/// A database that is dropped with this value.
struct Database(String);

impl Database {
    fn new() -> Self {
        let made = Self(unique());
        admin(&format!("CREATE DATABASE {}", made.0));
        made
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            admin(&format!("DROP DATABASE {}", self.0));
        }
    }
}

#[test]
fn a_table_without_a_key_gets_one() {
    let database = Database::new();
    let name = &database.0;
    admin(&format!(
        "CREATE TABLE {name}.orders (id int PRIMARY KEY); CREATE TABLE {name}.`Order-``Log.x` (id int)"
    ));
    let trial = trial("mysql-tables-without-key", name);
    let run = trial.run();
    let subject = format!("`{name}`.`Order-``Log.x`");
    let healthy = format!("`{name}`.`orders`");
    assert_eq!(run.verdict_of("mysql-tables-without-key", &subject), "fail", "{}", run.stdout);
    assert!(trial.found().1 >= 1 && !trial.found().0.contains_key(&healthy));
    // do: no column of it names a row
    carry_out(&trial.steps(&run, &subject), |text| drop(admin(text)), none);
    assert!(!trial.found().0.contains_key(&subject));
    assert!(trial.found().1 >= 2);
}

#[test]
fn an_account_that_sees_no_table_proves_nothing() {
    let port = env("MUSTER_TEST_MARIADB_PORT");
    let url = format!("mysql://muster_plain@127.0.0.1:{port}/");
    let target = format!("{{ type: mysql, url: \"{url}\", password: {{ env: SECRET }} }}");
    let trial =
        Trial::new("mysql-tables-without-key", &target).password(&env("MUSTER_TEST_MARIADB_PASSWORD"));
    let run = trial.run();
    assert_eq!(run.cause("mysql-tables-without-key"), "empty");
}

fn session() -> Child {
    let mut command = client("muster_reader");
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    writeln!(child.stdin.as_mut().unwrap(), "SELECT 1;").unwrap();
    child
}

#[test]
fn sessions_that_leak_are_found() {
    let database = Database::new();
    let trial = trial("mysql-connections", &database.0);
    trial.finds(&[], 1);
    let trial = trial.set("warn_at: 2%, fail_at: 5%");
    trial.finds(&[], 1);
    let mut sessions: Vec<Child> = (0..9).map(|_| session()).collect();
    let run = trial.soon(&crate::trial::found(&[("db", "fail")], 0));
    let before = admin("SELECT @@global.max_connections");
    // do: end the sessions
    for child in &mut sessions {
        child.kill().unwrap();
        child.wait().unwrap();
    }
    carry_out(&trial.steps(&run, "db"), |text| drop(admin(text)), none);
    assert_ne!(admin("SELECT @@global.max_connections"), before);
    trial.soon(&crate::trial::found(&[], 1));
    admin(&format!("SET GLOBAL max_connections = {before}"));
}
