//! Policies about settings, extensions, roles and versions.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use super::Recipe;
use crate::harness::Run;
use crate::policies_postgres::{Database, Server};
use crate::trial::{Trial, carry_out, done, env, none};

/// How each is made to fail.
pub(super) const RECIPES: &[Recipe] = &[
    ("postgres-config-errors", "a misspelt setting in postgresql.conf, and an unknown method in pg_hba.conf"),
    (
        "postgres-config-loaded",
        "a rule of pg_hba.conf is changed, a setting by ALTER SYSTEM, and the server is not told",
    ),
    ("postgres-durability", "a server with `fsync` and `full_page_writes` off"),
    ("postgres-end-of-life", "the limit is set to ten years before the end of the version of the server"),
    ("postgres-extensions-outdated", "an extension is created in an older version than its files have"),
    ("postgres-hba-trust", "rules with `trust` and with `password` for a private network in pg_hba.conf"),
    ("postgres-logging", "a server as initdb makes it, which logs no locks and no temporary files"),
    ("postgres-memory-settings", "a server with the memory of a small virtual machine"),
    ("postgres-minor-version", "the server of the tests is asked how far it is behind the list"),
    (
        "postgres-overrides-risky",
        "a role with `session_replication_role = replica`, a database with `zero_damaged_pages = on`",
    ),
    ("postgres-password-encryption", "a server with `password_encryption = md5`"),
    ("postgres-password-md5", "a role whose password was set while md5 was chosen"),
    ("postgres-public-create", "a schema in which PUBLIC may create, as in `public` before version 15"),
    (
        "postgres-public-grants",
        "a table that PUBLIC may read and write, a sequence, and default privileges for what will be made",
    ),
    (
        "postgres-risky-settings",
        "a server that hides damage, does not wait for commits, and has `wal_level = minimal`",
    ),
    ("postgres-role-bypass-rls", "a role with BYPASSRLS, and one with REPLICATION"),
    (
        "postgres-role-expiry",
        "a role whose password ended yesterday, and one whose password ends in three days",
    ),
    (
        "postgres-role-timeouts",
        "a role that switched its limit off for itself, and one whose statements may take for ever",
    ),
    ("postgres-role-not-superuser", "muster looks as the superuser `postgres`"),
    (
        "postgres-role-reserved-grants",
        "a role that may run programs of the server, and one that holds it through another role",
    ),
    ("postgres-role-superusers", "an application that is superuser, and a person who may become one"),
    ("postgres-roles-reviewed", "a role that nobody reviewed logs in, a reviewed one cannot any more"),
    ("postgres-settings-changed", "`fsync` and `work_mem` are changed between two runs"),
    ("postgres-settings-declared", "a server with other settings than the project declares"),
    ("postgres-settings-pending-restart", "`max_connections` is changed and the server only reloaded"),
    ("postgres-ssl-off", "a server that listens on every address, without TLS"),
    ("postgres-timeouts", "a server as initdb makes it, which ends no forgotten transaction"),
];

/// What is not a pass, by subject.
fn verdicts(run: &Run, policy: &str) -> BTreeMap<String, String> {
    let text = |json: &serde_json::Value| json.as_str().unwrap().to_owned();
    run.findings_of(policy)
        .iter()
        .map(|one| (text(&one["subject"]["shown"]), text(&one["verdict"])))
        .collect()
}

/// A policy on a system, where it does not matter how many subjects pass.
struct Proof {
    policy: &'static str,
    trial: Trial,
}

impl Proof {
    fn on(server: &Server, policy: &'static str) -> Self {
        Self { policy, trial: server.trial(policy) }
    }

    fn of(database: &Database, policy: &'static str) -> Self {
        Self { policy, trial: database.trial(policy) }
    }

    fn set(self, params: &str) -> Self {
        Self { trial: self.trial.set(params), ..self }
    }

    /// It finds exactly this besides passes, maybe after a moment; something is judged.
    #[track_caller]
    fn finds(&self, wanted: &[(&str, &str)]) -> Run {
        let wanted: BTreeMap<String, String> =
            wanted.iter().map(|(subject, verdict)| ((*subject).into(), (*verdict).into())).collect();
        let mut run = self.trial.run();
        for _ in 0..40 {
            if verdicts(&run, self.policy) == wanted {
                break;
            }
            std::thread::sleep(Duration::from_millis(250));
            run = self.trial.run();
        }
        assert_eq!(verdicts(&run, self.policy), wanted, "{}", run.stdout);
        assert_ne!(run.code, 4, "nothing was judged: {}", run.stdout);
        run
    }

    /// Carries out the remedies of these subjects.
    #[track_caller]
    fn mend(&self, run: &Run, subjects: &[&str], sql: impl Fn(&str)) {
        for subject in subjects {
            carry_out(&self.trial.steps(run, subject), &sql, none);
        }
    }

    /// Gives the grant that the only finding asks for.
    #[track_caller]
    fn grant(&self, run: &Run, sql: impl Fn(&str)) {
        assert_eq!(run.cause(self.policy), "denied");
        sql(run.finding(self.policy)["cause"]["fix"].as_str().unwrap());
    }
}

#[test]
fn a_setting_that_waits_for_a_restart_is_taken_back() {
    let server = Server::new("");
    let proof = Proof::on(&server, "postgres-settings-pending-restart");
    proof.finds(&[]);
    server.sql("ALTER SYSTEM SET max_connections = 55");
    server.sql("SELECT pg_reload_conf()");
    let run = proof.finds(&[("max_connections", "fail")]);
    proof.mend(&run, &["max_connections"], |text| server.sql(text));
    proof.finds(&[]);
}

#[test]
fn settings_become_what_was_declared() {
    let server = Server::new("work_mem = 2MB");
    let proof = Proof::on(&server, "postgres-settings-declared")
        .set("settings: [work_mem = 65536kB, fsync = on, 'log_min_duration_statement = 250ms', random_page_cost = 4.0]");
    let run = proof.finds(&[("work_mem", "fail"), ("log_min_duration_statement", "fail")]);
    proof.mend(&run, &["work_mem", "log_min_duration_statement"], |text| server.sql(text));
    proof.finds(&[]);
    // What a role has for itself is told as such.
    server.sql("ALTER ROLE watcher SET random_page_cost = 1.1");
    let run = proof.finds(&[("random_page_cost", "fail")]);
    assert!(run.stdout.contains("or all roles (ALTER ROLE ALL) have it set"), "{}", run.stdout);
}

fn append(path: &Path, text: &str) {
    let before = std::fs::read_to_string(path).unwrap();
    std::fs::write(path, before + text).unwrap();
}

#[test]
fn errors_of_the_configuration_are_mended() {
    let server = Server::new("");
    let proof = Proof::on(&server, "postgres-config-errors");
    let run = proof.trial.run();
    proof.grant(&run, |text| server.sql(text));
    proof.finds(&[]);
    let (settings, rules) = (server.data().join("postgresql.conf"), server.data().join("pg_hba.conf"));
    let before = [&settings, &rules].map(|path| std::fs::read_to_string(path).unwrap());
    append(&settings, "shared_bufers = 1GB\n");
    append(&rules, "host all all 10.0.0.0/8 md6\n");
    let method = "invalid authentication method \"md6\"";
    let run = proof.finds(&[("shared_bufers", "fail"), (method, "fail")]);
    assert!(run.stdout.contains("unrecognized configuration parameter"), "{}", run.stdout);
    // do: mend the lines
    std::fs::write(&settings, &before[0]).unwrap();
    std::fs::write(&rules, &before[1]).unwrap();
    proof.mend(&run, &["shared_bufers", method], |text| server.sql(text));
    proof.finds(&[]);
}

#[test]
fn what_stands_in_the_files_is_read() {
    let server = Server::new("");
    let proof = Proof::on(&server, "postgres-config-loaded");
    let run = proof.trial.run();
    proof.grant(&run, |text| server.sql(text));
    proof.finds(&[]);
    // Times of files are whole seconds.
    std::thread::sleep(Duration::from_millis(1100));
    let rules = server.data().join("pg_hba.conf");
    append(&rules, "host all all 10.0.0.0/8 scram-sha-256\n");
    server.sql("ALTER SYSTEM SET work_mem = '5MB'");
    let bad = [rules, server.data().join("postgresql.auto.conf")].map(|path| path.display().to_string());
    let run = proof.finds(&bad.each_ref().map(|subject| (&**subject, "fail")));
    proof.mend(&run, &bad.each_ref().map(|subject| &**subject), |text| server.sql(text));
    proof.finds(&[]);
    // A file of an old day is put in the place of another.
    std::thread::sleep(Duration::from_millis(1100));
    let (rules, settings) = (server.data().join("pg_hba.conf"), server.data().join("extra.conf"));
    server.shell(
        "cp $PGDATA/pg_hba.conf $PGDATA/old; touch -d 2023-01-01 $PGDATA/old; mv $PGDATA/old $PGDATA/pg_hba.conf",
    );
    let subject = rules.display().to_string();
    let run = proof.finds(&[(&subject, "fail")]);
    proof.mend(&run, &[&subject], |text| server.sql(text));
    proof.finds(&[]);
    // One with an error is left out by a reload.
    let before = std::fs::read_to_string(&rules).unwrap();
    append(&rules, "host all all 10.0.0.0/8 md6\n");
    server.sql("SELECT pg_reload_conf()");
    let run = proof.finds(&[(&subject, "fail")]);
    assert!(run.stdout.contains("invalid authentication method"), "{}", run.stdout);
    // do: mend the error
    std::fs::write(&rules, before).unwrap();
    proof.mend(&run, &[&subject], |text| server.sql(text));
    proof.finds(&[]);
    // One that is gone, and from which the server has a setting.
    append(&server.data().join("postgresql.conf"), "include_if_exists = 'extra.conf'\n");
    std::fs::write(&settings, "maintenance_work_mem = 66MB\n").unwrap();
    server.sql("SELECT pg_reload_conf()");
    proof.finds(&[]);
    std::fs::remove_file(&settings).unwrap();
    let gone = settings.display().to_string();
    let run = proof.finds(&[(&gone, "fail")]);
    proof.mend(&run, &[&gone], |text| server.sql(text));
    proof.finds(&[]);
}

#[test]
fn nobody_is_believed_without_proof() {
    let server = Server::new("");
    let proof = Proof::on(&server, "postgres-hba-trust");
    let run = proof.trial.run();
    proof.grant(&run, |text| server.sql(text));
    // initdb was asked for trust on the machine itself.
    assert_eq!(verdicts(&proof.trial.run(), proof.policy).len(), 6);
    let proof = proof.set("allow_local: true");
    proof.finds(&[]);
    let rules = server.data().join("pg_hba.conf");
    append(
        &rules,
        "host all all 10.0.0.0/8 trust\nhost shop ada 10.9.0.0/16 password\nhostssl all all 0.0.0.0/0 scram-sha-256\n",
    );
    let (trust, password) = ("host all all 10.0.0.0/8 trust", "host shop ada 10.9.0.0/16 password");
    let run = proof.finds(&[(trust, "fail"), (password, "fail")]);
    // do: write scram-sha-256
    let text = std::fs::read_to_string(&rules).unwrap();
    let text = text
        .replace("10.0.0.0/8 trust", "10.0.0.0/8 scram-sha-256")
        .replace("/16 password", "/16 scram-sha-256");
    std::fs::write(&rules, text).unwrap();
    // The last step looks at the view, for which only a superuser has the right.
    proof.mend(&run, &[trust, password], |text| server.sql(text));
    proof.finds(&[]);
}

#[test]
fn settings_that_hide_damage_are_switched_back() {
    let server = Server::new(
        "zero_damaged_pages = on\nsynchronous_commit = off\nwal_level = minimal\nmax_wal_senders = 0",
    );
    let proof = Proof::on(&server, "postgres-risky-settings");
    let wanted = [("zero_damaged_pages", "fail"), ("wal_level", "fail"), ("synchronous_commit", "warn")];
    let run = proof.finds(&wanted);
    proof.mend(&run, &wanted.map(|(subject, _)| subject), |text| server.sql(text));
    // do: restart the server
    server.control(&["restart", "-m", "fast"]);
    proof.finds(&[]);
}

#[test]
fn overrides_that_switch_checks_off_are_reset() {
    let server = Server::new("");
    let proof = Proof::on(&server, "postgres-overrides-risky");
    server.sql("CREATE ROLE \"Loader\" LOGIN; ALTER ROLE \"Loader\" SET work_mem = '64MB'");
    proof.finds(&[]);
    server.sql("ALTER ROLE \"Loader\" SET session_replication_role = replica");
    server.sql("ALTER ROLE \"Loader\" IN DATABASE postgres SET synchronous_commit = off");
    server.sql("ALTER DATABASE template1 SET zero_damaged_pages = on");
    server.sql("ALTER ROLE ALL SET ignore_checksum_failure = on");
    let wanted = [
        ("session_replication_role of \"Loader\"", "fail"),
        ("synchronous_commit of \"Loader\" in postgres", "warn"),
        ("zero_damaged_pages in template1", "fail"),
        ("ignore_checksum_failure", "fail"),
    ];
    let run = proof.finds(&wanted);
    proof.mend(&run, &wanted.map(|(subject, _)| subject), |text| server.sql(text));
    proof.finds(&[]);
}

#[test]
fn memory_of_a_laptop_is_raised() {
    let server = Server::new(
        "shared_buffers = 16MB\nwork_mem = 1MB\nmaintenance_work_mem = 8MB\neffective_cache_size = 64MB",
    );
    let proof = Proof::on(&server, "postgres-memory-settings");
    let all = ["shared_buffers", "work_mem", "maintenance_work_mem", "effective_cache_size"];
    let run = proof.finds(&all.map(|name| (name, "fail")));
    proof.mend(&run, &all, |text| server.sql(text));
    // do: restart the server
    server.control(&["restart", "-m", "fast"]);
    proof.finds(&[]);
}

#[test]
fn passwords_are_kept_as_scram() {
    let server = Server::new("password_encryption = md5");
    let proof = Proof::on(&server, "postgres-password-encryption");
    server.sql("CREATE ROLE old LOGIN PASSWORD 'hunter2hunter2'");
    let run = proof.finds(&[("db", "fail")]);
    proof.mend(&run, &["db"], |text| server.sql(text));
    proof.finds(&[]);
    server.sql("CREATE ROLE new LOGIN PASSWORD 'hunter2hunter2'");

    server.sql("CREATE ROLE auditor LOGIN; GRANT SELECT ON pg_authid TO auditor");
    let policy = "postgres-password-md5";
    let proof = Proof { policy, trial: server.trial_as("watcher", policy) }.set("readable: true");
    let unseen = ["auditor", "new", "old", "postgres", "watcher"].map(|role| (role, "unknown"));
    proof.finds(&unseen);
    let proof = Proof { policy, trial: server.trial_as("auditor", policy) }.set("readable: true");
    let run = proof.finds(&[("old", "fail")]);
    assert!(!run.stdout.contains("md5") || !run.stdout.contains("hunter2"), "{}", run.stdout);
    // do: nobody uses it any more
    proof.mend(&run, &["old"], |text| server.sql(text));
    proof.finds(&[]);
}

#[test]
fn extensions_follow_their_files() {
    let database = Database::new(&["CREATE EXTENSION pgstattuple VERSION '1.4'", "CREATE EXTENSION amcheck"]);
    let proof = Proof::of(&database, "postgres-extensions-outdated");
    let run = proof.finds(&[("pgstattuple", "fail")]);
    proof.mend(&run, &["pgstattuple"], |text| database.sql(text));
    proof.finds(&[]);
    // As after an upgrade of the server without the package of the extension.
    database.sql("UPDATE pg_extension SET extname = 'Gone' WHERE extname = 'amcheck'");
    let run = proof.finds(&[("\"Gone\"", "fail")]);
    assert!(run.stdout.contains("has no files of it"), "{}", run.stdout);
    // do: install the package, whose files have the name of before
    database.sql("UPDATE pg_extension SET extname = 'amcheck' WHERE extname = 'Gone'");
    proof.finds(&[]);
}

#[test]
fn superusers_that_nobody_named_are_ordinary_again() {
    let server = Server::new("");
    let proof = Proof::on(&server, "postgres-role-superusers");
    proof.finds(&[]);
    server.sql("CREATE ROLE \"Shop App\" LOGIN SUPERUSER; CREATE ROLE ada LOGIN IN ROLE postgres");
    let run = proof.finds(&[("\"Shop App\"", "fail"), ("ada", "fail")]);
    proof.mend(&run, &["\"Shop App\"", "ada"], |text| server.sql(text));
    // do: the line that the last statement printed
    server.sql("REVOKE postgres FROM ada");
    proof.finds(&[]);
}

#[test]
fn passwords_that_end_are_seen_before() {
    let server = Server::new("");
    let proof = Proof::on(&server, "postgres-role-expiry");
    server.sql(
        "CREATE ROLE always LOGIN VALID UNTIL 'infinity'; CREATE ROLE late LOGIN VALID UNTIL '2200-01-01'",
    );
    proof.finds(&[]);
    let role = |name: &str, days: i64| {
        format!(
            "DO $$BEGIN EXECUTE format('CREATE ROLE {name} LOGIN VALID UNTIL %L', now() + interval '{days} days'); END$$"
        )
    };
    server.sql(&role("gone", -1));
    server.sql(&role("shop", 3));
    server.sql(&role("report", 20));
    let run = proof.finds(&[("gone", "fail"), ("shop", "fail"), ("report", "warn")]);
    proof.mend(&run, &["gone"], |text| server.sql(text));
    // do: a new password and a new end
    server.sql("ALTER ROLE shop VALID UNTIL '2200-01-01'; ALTER ROLE report VALID UNTIL '2200-01-01'");
    proof.finds(&[]);
}

#[test]
fn row_level_security_holds_again() {
    let server = Server::new("");
    let proof = Proof::on(&server, "postgres-role-bypass-rls");
    server.sql("CREATE ROLE shop LOGIN; CREATE ROLE replicator LOGIN REPLICATION");
    proof.finds(&[]);
    server.sql("CREATE ROLE dumper LOGIN BYPASSRLS; CREATE ROLE copier LOGIN REPLICATION");
    let run = proof.finds(&[("dumper", "fail"), ("copier", "warn")]);
    proof.mend(&run, &["dumper", "copier"], |text| server.sql(text));
    proof.finds(&[]);
}

#[test]
fn rights_beyond_the_database_are_revoked() {
    let server = Server::new("");
    let proof = Proof::on(&server, "postgres-role-reserved-grants");
    proof.finds(&[]);
    server.sql("CREATE ROLE shop LOGIN IN ROLE pg_execute_server_program, pg_signal_backend");
    server.sql("CREATE ROLE loaders IN ROLE pg_write_server_files; CREATE ROLE ada LOGIN IN ROLE loaders");
    server.sql("CREATE ROLE reader LOGIN IN ROLE pg_read_all_data; CREATE ROLE maker LOGIN CREATEROLE");
    let wanted =
        [("shop", "fail"), ("loaders", "fail"), ("ada", "fail"), ("reader", "warn"), ("maker", "fail")];
    let run = proof.finds(&wanted);
    // What ada holds through loaders is revoked there.
    proof.mend(&run, &["shop", "loaders", "reader", "maker"], |text| server.sql(text));
    proof.finds(&[]);
}

#[test]
fn not_everybody_creates_objects() {
    let database = Database::new(&["REVOKE CREATE ON SCHEMA public FROM PUBLIC"]);
    let proof = Proof::of(&database, "postgres-public-create");
    proof.finds(&[]);
    database.sql("GRANT CREATE ON SCHEMA public TO PUBLIC");
    database.sql("CREATE SCHEMA \"My Tools\"; GRANT ALL ON SCHEMA \"My Tools\" TO PUBLIC");
    let wanted = ["CREATE on schema public", "CREATE on schema \"My Tools\""];
    let run = proof.finds(&wanted.map(|grant| (grant, "fail")));
    proof.mend(&run, &wanted, |text| database.sql(text));
    proof.finds(&[]);
}

#[test]
fn not_everybody_changes_tables() {
    let database =
        Database::new(&["CREATE TABLE \"Order Lines\" (id serial); CREATE VIEW lines AS SELECT 1 AS id"]);
    let proof = Proof::of(&database, "postgres-public-grants");
    proof.finds(&[]);
    database.sql("GRANT SELECT, INSERT ON \"Order Lines\" TO PUBLIC; GRANT SELECT ON lines TO PUBLIC");
    database.sql("GRANT UPDATE ON SEQUENCE \"Order Lines_id_seq\" TO PUBLIC");
    database.sql("ALTER TABLE \"Order Lines\" ADD \"Price\" int; GRANT UPDATE (\"Price\") ON \"Order Lines\" TO PUBLIC");
    database.sql("CREATE SCHEMA \"To Come\"; ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC");
    database.sql("ALTER DEFAULT PRIVILEGES IN SCHEMA \"To Come\" GRANT INSERT ON TABLES TO PUBLIC");
    database.sql("ALTER DEFAULT PRIVILEGES IN SCHEMA \"To Come\" GRANT UPDATE ON SEQUENCES TO PUBLIC");
    database.sql("ALTER DEFAULT PRIVILEGES GRANT UPDATE ON SEQUENCES TO PUBLIC");
    database.sql("ALTER DEFAULT PRIVILEGES GRANT CREATE ON SCHEMAS TO PUBLIC");
    let wanted = [
        ("SELECT on future tables postgres", "warn"),
        ("INSERT on future tables postgres in \"To Come\"", "fail"),
        ("UPDATE on future sequences postgres in \"To Come\"", "fail"),
        ("UPDATE on future sequences postgres", "fail"),
        ("CREATE on future schemas postgres", "fail"),
        ("INSERT on table public.\"Order Lines\"", "fail"),
        ("SELECT on table public.\"Order Lines\"", "warn"),
        ("UPDATE on column public.\"Order Lines\".\"Price\"", "fail"),
        ("SELECT on view public.lines", "warn"),
        ("UPDATE on sequence public.\"Order Lines_id_seq\"", "fail"),
    ];
    let run = proof.finds(&wanted);
    proof.mend(&run, &wanted.map(|(grant, _)| grant), |text| database.sql(text));
    proof.finds(&[]);
    // Of the system's own what came to it, and nothing else of it is revoked.
    database.sql("GRANT UPDATE ON pg_class TO PUBLIC");
    let run = proof.finds(&[("UPDATE on table pg_catalog.pg_class", "fail")]);
    proof.mend(&run, &["UPDATE on table pg_catalog.pg_class"], |text| database.sql(text));
    database.sql("SET ROLE muster_plain; SELECT count(*) FROM pg_class");
    // And what is somebody else's to revoke.
    database
        .sql("GRANT SELECT ON pg_authid TO PUBLIC; GRANT SELECT ON lines TO muster_full WITH GRANT OPTION");
    database.sql("SET ROLE muster_full; GRANT SELECT ON lines TO PUBLIC");
    let wanted = ["SELECT on table pg_catalog.pg_authid", "SELECT on view public.lines by muster_full"];
    let run = proof.finds(&wanted.map(|grant| (grant, "warn")));
    proof.mend(&run, &wanted[..1], |text| database.sql(text));
    // do: as the role that granted it
    proof.mend(&run, &wanted[1..], |text| database.sql(&format!("SET ROLE muster_full; {text}")));
    proof.finds(&[]);
    let proof = proof.set("closed: true");
    let connect = format!("CONNECT on database {}", database.name());
    let run = proof.finds(&[(&connect, "fail")]);
    // do: grant it first to the roles that need it
    database.sql(&format!("GRANT CONNECT ON DATABASE {} TO muster_full", database.name()));
    proof.mend(&run, &[&connect], |text| database.sql(text));
    proof.finds(&[]);
}

#[test]
fn a_version_without_fixes_is_told() {
    let server = Server::new("");
    let policy = "postgres-end-of-life";
    server.sql("CREATE ROLE watcher LOGIN IN ROLE pg_monitor");
    let with = |params| Proof { policy, trial: server.trial_as("watcher", policy) }.set(params);
    // The server of the tests is 15, which has fixes until 2027-11-11.
    with("warn_before: 0d, fail_before: 0d").finds(&[]);
    with("warn_before: 3650d, fail_before: 0d").finds(&[("db", "warn")]);
    let proof = with("fail_before: 3650d");
    let run = proof.finds(&[("db", "fail")]);
    // do: plan the upgrade; its statement tells which extensions come along.
    proof.mend(&run, &["db"], |text| server.sql(text));
}

#[test]
fn a_server_behind_the_newest_minor_is_told() {
    let server = Server::new("");
    let policy = "postgres-minor-version";
    server.sql("CREATE ROLE watcher LOGIN IN ROLE pg_monitor");
    let number = done(server.psql("postgres").args(["-c", "SHOW server_version_num"]));
    let minor: i64 = number.trim()[2..].parse().unwrap();
    let with = |params| Proof { policy, trial: server.trial_as("watcher", policy) }.set(params).trial.run();
    let run = with("looked_up_within: 400d");
    // The list has 15.20; its age is another matter.
    assert_eq!(run.verdict(policy) == "fail", minor < 20, "{}", run.stdout);
    assert_eq!(run.stdout.contains("releases behind 15.20"), minor < 20, "{}", run.stdout);
    if minor >= 18 {
        assert_ne!(with("behind: 2, looked_up_within: 400d").verdict(policy), "fail");
    }
}

#[test]
fn a_server_on_the_network_encrypts() {
    let server = Server::new("listen_addresses = '0.0.0.0'");
    let proof = Proof::on(&server, "postgres-ssl-off");
    let run = proof.finds(&[("db", "fail")]);
    // do: a certificate and its key in the data directory
    let tls = Path::new(&env("MUSTER_TEST_PG_CA")).parent().unwrap().to_owned();
    for (from, to) in [("server.pem", "server.crt"), ("server.key", "server.key")] {
        let to = server.data().join(to);
        std::fs::copy(tls.join(from), &to).unwrap();
        done(Command::new("chmod").arg("600").arg(&to));
        if rustix::process::geteuid().is_root() {
            done(Command::new("chown").arg("postgres").arg(&to));
        }
    }
    proof.mend(&run, &["db"], |text| server.sql(text));
    proof.finds(&[]);
    let local = Server::new("");
    Proof::on(&local, "postgres-ssl-off").finds(&[]);
}

#[test]
fn forgotten_transactions_get_a_limit() {
    let server = Server::new("deadlock_timeout = 1min");
    let proof = Proof::on(&server, "postgres-timeouts");
    let wanted = [("idle_in_transaction_session_timeout", "fail"), ("deadlock_timeout", "warn")];
    let run = proof.finds(&wanted);
    proof.mend(&run, &wanted.map(|(subject, _)| subject), |text| server.sql(text));
    proof.finds(&[]);
}

#[test]
fn a_role_without_limits_gets_them() {
    let server = Server::new("idle_in_transaction_session_timeout = 15min\nstatement_timeout = 10min");
    let proof = Proof::on(&server, "postgres-role-timeouts").set("patient: [dumper]");
    server.sql("CREATE ROLE app LOGIN; CREATE ROLE \"Report\" LOGIN; CREATE ROLE dumper LOGIN; CREATE ROLE own LOGIN");
    server.sql("ALTER ROLE own SET statement_timeout = '90s'");
    server.sql("ALTER ROLE dumper SET statement_timeout = 0");
    proof.finds(&[]);
    server.sql("ALTER ROLE app SET idle_in_transaction_session_timeout = 0");
    server.sql("ALTER ROLE \"Report\" SET statement_timeout = '1s'");
    server.sql("ALTER ROLE \"Report\" IN DATABASE postgres SET statement_timeout = 0");
    let run = proof.finds(&[("app", "fail"), ("\"Report\"", "warn")]);
    proof.mend(&run, &["app"], |text| server.sql(text));
    proof.finds(&[("\"Report\"", "warn")]);
    // What it has in this database goes before what it has anywhere.
    server.sql("ALTER ROLE \"Report\" IN DATABASE postgres RESET statement_timeout");
    proof.mend(&run, &["\"Report\""], |text| server.sql(text));
    proof.finds(&[]);
    // A limit of the role that looks hides that of the server.
    server.sql("ALTER ROLE watcher SET statement_timeout = '2min'");
    let run = proof.finds(&[("app", "unknown")]);
    assert_eq!(run.cause("postgres-role-timeouts"), "undecidable");
    server.sql(run.finding("postgres-role-timeouts")["cause"]["fix"].as_str().unwrap());
    proof.finds(&[]);
}

#[test]
fn a_limit_that_only_our_connection_has_is_no_limit() {
    let server = Server::new("");
    let id = "postgres-role-timeouts";
    server.sql("CREATE ROLE app LOGIN");
    let proof = Proof { policy: id, trial: server.trial(id).set("patient: [watcher]") };
    proof.finds(&[("app", "fail")]);
    let limits = "-c statement_timeout=5min -c idle_in_transaction_session_timeout=5min";
    let proof = Proof { policy: id, trial: proof.trial.env("PGOPTIONS", limits) };
    let run = proof.finds(&[("app", "unknown")]);
    assert_eq!(run.cause(id), "undecidable");
    assert!(run.finding(id)["cause"]["fix"].as_str().unwrap().contains("PGOPTIONS"), "{}", run.stdout);
}

#[test]
fn the_log_tells_what_an_incident_needs() {
    let server =
        Server::new("log_min_messages = panic\nlog_autovacuum_min_duration = -1\nlog_checkpoints = off");
    let proof = Proof::on(&server, "postgres-logging");
    let wanted = [
        ("log_lock_waits", "fail"),
        ("log_checkpoints", "fail"),
        ("log_temp_files", "fail"),
        ("log_autovacuum_min_duration", "fail"),
        ("log_min_messages", "warn"),
    ];
    let run = proof.finds(&wanted);
    proof.mend(&run, &wanted.map(|(subject, _)| subject), |text| server.sql(text));
    proof.finds(&[]);
}
