//! The promise of the gate: two commands around a migration in which twelve defects were planted give twelve findings,
//! each with its remedy, and no thirteenth.

use super::{Gate, Postgres, a_shop, mend};
use crate::faults::Faults;
use crate::harness::Run;
use crate::http::{Http, Reply};
use crate::trial::done;

/// A shop with its database, its uploads, a payment service and a queue, which moves.
struct Migration {
    gate: Gate,
    old: Postgres,
    new: Postgres,
}

const FILES: usize = 40;

impl Migration {
    fn new() -> Self {
        let (old, new) = (Postgres::new(), Postgres::new());
        a_shop(&old, 20_000);
        old.sql(&format!(
            "INSERT INTO uploads SELECT n, 'u/' || n || '.jpg', 100 + n FROM generate_series(1, {FILES}) n; ANALYZE"
        ));
        let gate = Gate::new("targets: { nobody: { type: host } }\n");
        for n in 1..=FILES {
            gate.shop.bytes(&format!("old/u/{n}.jpg"), &vec![b'x'; 100 + n]);
        }
        Self { gate, old, new }
    }

    /// The project, with where the payment service is.
    fn project(&self, pay: &str, volume: &str) {
        self.gate.project(&format!(
            "targets:
  old: {}
  new: {}
  app: {{ type: host, scratch: true }}
  pay: {{ type: service, url: '{pay}' }}
gate: {{ moves: {{ new: {{ from: old }} }} }}
commands:
  enqueue: [sh, -c, 'touch @SHOP@/$MUSTER_CANARY']
  finished: [sh, -c, 'cd @SHOP@; [ -e worker ] && [ -e $MUSTER_CANARY ] && touch $MUSTER_CANARY.done; [ -e $MUSTER_CANARY.done ]']
  clean: [sh, -c, 'rm -f @SHOP@/$MUSTER_CANARY*']
overrides:
  - {{ policy: release-jobs, set: {{ enqueue: enqueue, finished: finished, clean: clean, wait: 1s }} }}
  - {{ policy: release-volumes, set: {{ paths: ['{volume}'] }} }}
  - {{ policy: 'release-files*', set: {{ root: '@SHOP@/new' }} }}
",
            self.old.target(),
            self.new.target()
        ));
    }

    /// Carries out what the findings say.
    fn mend(&self, run: &Run, pay: &Http) {
        let (gate, new) = (&self.gate, &self.new);
        for file in ["u/7.jpg", "u/8.jpg"] {
            let (from, to) = (format!("old/{file}"), format!("new/{file}"));
            std::fs::copy(gate.shop.at(&from), gate.shop.at(&to)).unwrap();
        }
        // The right volume is named, for a test cannot mount one where others see it; and the service is started.
        self.project(&format!("http://{}/", pay.addr()), "/dev/shm");
        gate.shop.file("worker", "");
        mend(run, "release-sequences", "public.customers_id_seq", |sql| new.sql(sql));
        mend(run, "release-time-zone", "TimeZone", |sql| new.sql(sql));
        // do: what differs is copied again, and what is missing is made as the old database has it
        for (id, column) in [(77, "customer"), (12_345, "total")] {
            let value =
                self.old.shell(&format!("psql -qXAtc 'SELECT {column} FROM orders WHERE id = {id}' \"$DB\""));
            new.sql(&format!("UPDATE orders SET {column} = {} WHERE id = {id}", value.trim()));
        }
        new.sql("CREATE INDEX orders_placed ON orders (placed)");
        new.sql("ALTER TABLE customers ALTER country SET DEFAULT 'DE'");
        new.sql("GRANT SELECT ON orders TO muster_plain; ANALYZE");
    }

    fn migrate(&self) {
        self.new.restore(&self.old);
        let (from, to) = (self.gate.shop.at("old"), self.gate.shop.at("new"));
        done(std::process::Command::new("cp").arg("-a").arg(from).arg(to));
        self.gate.shop.file("worker", "");
    }
}

#[test]
fn twelve_defects_are_twelve_findings_with_their_remedies_and_no_thirteenth() {
    let it = Migration::new();
    let pay = Http::always(Reply::new(200, "text/plain", "well")).unwrap();
    it.project(&format!("http://{}/", pay.addr()), "/dev/shm");
    it.gate.snapshot();
    it.migrate();
    it.gate.opens();
    // A lost file, and a truncated one.
    std::fs::remove_file(it.gate.shop.at("new/u/7.jpg")).unwrap();
    std::fs::write(it.gate.shop.at("new/u/8.jpg"), "x").unwrap();
    // A volume that is not mounted, and a dependency that is dead.
    let volume = it.gate.shop.at("new").display().to_string();
    let dead = Faults::refused().unwrap();
    it.project(&format!("http://{dead}/"), &volume);
    let new = &it.new;
    // A sequence behind; a row that refers to nothing, and one changed among many, in one table.
    new.sql("ALTER SEQUENCE customers_id_seq RESTART");
    new.sql("SET session_replication_role = replica; UPDATE orders SET customer = 9999 WHERE id = 77");
    new.sql("UPDATE orders SET total = total + 1 WHERE id = 12345");
    // An index, a default, a grant, the time zone.
    new.sql("DROP INDEX orders_placed");
    new.sql("ALTER TABLE customers ALTER country SET DEFAULT 'AT'");
    new.sql("REVOKE SELECT ON orders FROM muster_plain");
    new.sql(&format!("ALTER DATABASE {} SET TimeZone = 'UTC'", new.0));
    // A job that cannot start.
    std::fs::remove_file(it.gate.shop.at("worker")).unwrap();
    let run = it.gate.verify();
    let found = Gate::found(&run);
    assert_eq!(found.len(), 12, "{found:#?}\n{}{}", run.stdout, run.stderr);
    assert!(found.iter().all(|(_, _, verdict)| verdict == "fail"), "{found:#?}");
    for finding in run.findings().into_iter().filter(|one| one["verdict"] != "skipped") {
        assert!(!finding["remedy"].as_array().unwrap().is_empty(), "{finding:#}");
    }
    let run = run.exits(1);
    it.mend(&run, &pay);
    it.gate.opens();
}
