//! Policies of the library that relate systems to each other and to the past: several repositories, a store with
//! runs of several days, a primary with standbys. A defect, a healthy counterpart, the remedy carried out.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use rcgen::{CertificateParams, date_time_ymd};
use serde_json::{Value as Json, json};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Connection, SqliteConnection};

use crate::harness::{Run, Shop};
use crate::http::{Http, Reply};
use crate::policies_postgres::{Database, Server, as_postgres, folder, shared};
use crate::remedy::{Mounts, about, carry_out, judge, rank, shell_steps, shop, words};
use crate::tls::{Cert, authority};
use crate::trial::{done, env};

const STORE: &str = "store: { path: .muster/store.db }\n";

/// Makes everything that the store knows so much older: the clock of the next run is as far ahead.
fn older(shop: &Shop, by: SignedDuration) {
    // Whoever opens the store takes in the runs that wait beside it.
    shop.run(&["history"]).exits(0);
    let micros = i64::try_from(by.as_micros()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let options = SqliteConnectOptions::new().filename(shop.at(".muster/store.db"));
        let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
        for sql in [
            "UPDATE run SET started = started - ?",
            "UPDATE observation SET seen = seen - ?",
            "UPDATE batch SET seen = seen - ?1, last = last - ?1",
        ] {
            sqlx::query(sql).bind(micros).execute(&mut connection).await.unwrap();
        }
        connection.close().await.unwrap();
    });
}

fn hours(hours: i64) -> SignedDuration {
    SignedDuration::from_hours(hours)
}

fn ago(past: SignedDuration) -> Timestamp {
    Timestamp::now().checked_sub(past).unwrap()
}

/// The only finding of a policy about a subject, and that nothing else was found.
#[track_caller]
fn only(run: &Run, policy: &str, subject: &str) -> Json {
    let finding = run.finding(policy).clone();
    assert_eq!(finding["subject"]["shown"], subject, "{finding:#}");
    finding
}

// Several repositories.

/// A folder that is served, as a repository of backups is.
struct Repository {
    name: &'static str,
    server: Http,
}

impl Repository {
    fn new(shop: &Shop, name: &'static str) -> Self {
        let folder = shop.at(name);
        let server = Http::start(move |asked| match std::fs::read(folder.join(&asked.path[1..])) {
            Ok(body) => Reply::new(200, "application/json", body),
            Err(_) => Reply::new(404, "text/plain", "not here"),
        });
        Self { name, server: server.unwrap() }
    }

    fn target(&self) -> String {
        let url = self.server.url("");
        format!("  {}: {{ type: service, url: '{url}', labels: {{ backups: repository }} }}\n", self.name)
    }
}

/// Writes the newest copy of `main` into a repository, and what the repository says of it.
fn copy(shop: &Shop, place: &str, medium: &str, offsite: bool, finished: SignedDuration) {
    shop.file(&format!("{place}/main.dump"), "the data");
    let size = std::fs::metadata(shop.at(&format!("{place}/main.dump"))).unwrap().len();
    let at = ago(finished).to_string();
    let row =
        json!({ "dataset": "main", "medium": medium, "offsite": offsite, "finished_at": at, "size": size });
    shop.file(&format!("{place}/manifest.json"), &json!([row]).to_string());
}

#[test]
fn three_copies_on_two_media_one_elsewhere() {
    let shop = Shop::new();
    let places = ["nas", "tape", "cloud"].map(|name| Repository::new(&shop, name));
    let targets: String = places.iter().map(Repository::target).collect();
    shop.project(&format!(
        "owner: team-test\npolicies: [builtin:backup]\nlabels: {{ backups: [judged, repository] }}\n\
         targets:\n  box: {{ type: host, labels: {{ backups: judged }} }}\n{targets}"
    ));
    let id = "backup-three-two-one";
    copy(&shop, "nas", "disk", false, hours(1));
    copy(&shop, "tape", "tape", false, hours(100));
    copy(&shop, "cloud", "s3", true, hours(20));
    assert_eq!(judge(&shop, id).exits(0).verdict(id), "pass");
    // The copy elsewhere has stopped.
    copy(&shop, "cloud", "s3", true, hours(9 * 24));
    let finding = only(&judge(&shop, id).exits(1), id, "main");
    assert_eq!(rank(&finding), ["fail", "critical", ""]);
    let message = finding["message"].as_str().unwrap();
    assert!(
        message.starts_with("main has 2 copies") && message.ends_with("(listed by cloud, nas, tape)"),
        "{message}"
    );
    // The step asks each of the repositories; the next one says to start the copy.
    let bin = Path::new(env!("CARGO_BIN_EXE_muster")).parent().unwrap().display().to_string();
    for step in shell_steps(&finding) {
        let mut shell = Command::new("sh");
        shell
            .args(["-e", "-c", &step])
            .current_dir(shop.path())
            .env("PATH", format!("{bin}:{}", env("PATH")));
        let said = done(&mut shell);
        assert!(said.contains("tape") && said.contains("s3"), "{said}");
    }
    assert!(words(&finding)[0].contains("cloud has the oldest"), "{finding:#}");
    copy(&shop, "cloud", "s3", true, hours(0));
    assert_eq!(judge(&shop, id).exits(0).verdict(id), "pass");
    // Three copies in one room, on one medium, and a newest one that is late.
    copy(&shop, "cloud", "s3", false, hours(0));
    assert!(
        only(&judge(&shop, id).exits(1), id, "main")["message"]
            .as_str()
            .unwrap()
            .starts_with("none of the 3")
    );
    for place in ["nas", "tape", "cloud"] {
        copy(&shop, place, "disk", true, hours(1));
    }
    let finding = only(&judge(&shop, id).exits(1), id, "main");
    assert!(finding["message"].as_str().unwrap().contains("on one kind of medium"), "{finding:#}");
    for (place, medium) in [("nas", "disk"), ("tape", "tape"), ("cloud", "s3")] {
        copy(&shop, place, medium, true, hours(30));
    }
    let finding = only(&judge(&shop, id).exits(1), id, "main");
    assert!(finding["message"].as_str().unwrap().starts_with("the newest copy of main"), "{finding:#}");
}

#[test]
fn a_repository_that_does_not_answer_is_no_pass() {
    let shop = Shop::new();
    let places = ["nas", "tape", "cloud", "old"].map(|name| Repository::new(&shop, name));
    let targets: String = places.iter().map(Repository::target).collect();
    shop.project(&format!(
        "owner: team-test\npolicies: [builtin:backup]\nlabels: {{ backups: [judged, repository] }}\n\
         targets:\n  box: {{ type: host, labels: {{ backups: judged }} }}\n{targets}"
    ));
    let id = "backup-three-two-one";
    for (place, medium) in [("nas", "disk"), ("tape", "tape"), ("cloud", "s3")] {
        copy(&shop, place, medium, true, hours(1));
    }
    // `old` has no manifest: what it answers instead could have held a copy.
    let run = judge(&shop, id).exits(3);
    assert_eq!(run.verdict(id), "unknown", "{}", run.stdout);
    // Nor is an empty list a proof that it holds none.
    shop.file("old/manifest.json", "[]");
    let run = judge(&shop, id).exits(3);
    assert!(run.findings().iter().all(|one| one["cause"]["cause"] == "empty"), "{}", run.stdout);
    assert!(run.findings()[0]["message"].as_str().unwrap().contains("`old`"), "{}", run.stdout);
    copy(&shop, "old", "disk", true, hours(1));
    assert_eq!(judge(&shop, id).exits(0).verdict(id), "pass");
    let [.., cloud, _] = places;
    drop(cloud);
    let run = judge(&shop, id).exits(3);
    assert_eq!(run.verdict(id), "unknown", "{}", run.stdout);
    assert!(run.findings().iter().all(|one| one["cause"]["cause"] == "unreachable"), "{}", run.stdout);
}

#[test]
fn who_has_labelled_nothing_is_not_asked() {
    let shop = shop("backup", "targets: { box: { type: host } }\n");
    let run = judge(&shop, "backup-three-two-one").exits(4);
    assert!(run.checks().iter().all(|check| check["verdict"] == "skipped"), "{}", run.stdout);
}

// A past.

#[test]
fn a_backup_that_lost_half_of_its_data() {
    let id = "backup-size-drop";
    let shop = shop(
        "backup",
        &format!(
            "targets: {{ box: {{ type: host }} }}\n{STORE}overrides: [{{ policy: {id}, set: {{ recorded: true, globs: ['@SHOP@/backup/*.dump'] }} }}]\n"
        ),
    );
    let set = shop.at("backup/*.dump").display().to_string();
    let write = |name: &str, size: usize| {
        shop.bytes(&format!("backup/{name}.dump"), &vec![b'x'; size]);
        for entry in std::fs::read_dir(shop.at("backup")).unwrap() {
            let path = entry.unwrap().path();
            if path != shop.at(&format!("backup/{name}.dump")) {
                crate::remedy::aged(&path, 24);
            }
        }
    };
    write("day 0", 90_000);
    assert_eq!(judge(&shop, id).exits(3).cause(id), "no-history");
    for day in 1..7 {
        older(&shop, hours(24));
        write(&format!("day {day}"), 90_000 + day * 1_000);
        judge(&shop, id);
    }
    assert_eq!(judge(&shop, id).exits(0).verdict(id), "pass");
    older(&shop, hours(24));
    write("day 7", 70_000);
    assert_eq!(rank(&only(&judge(&shop, id).exits(0), id, &set))[0], "warn");
    write("day 8", 40_000);
    let finding = only(&judge(&shop, id).exits(1), id, &set);
    assert_eq!(rank(&finding)[..2], ["fail", "critical"]);
    let steps = carry_out(&finding);
    assert!(steps[0].contains("day 8.dump"), "{steps:?}");
    // What the step says: mend the job and make a new one.
    write("day 9", 98_000);
    assert_eq!(judge(&shop, id).exits(0).verdict(id), "pass");
}

/// A shop with a volume of its own, and a store.
fn volume(options: &str) -> (Shop, Mounts, String) {
    let shop = shop(
        "host",
        &format!(
            "targets: {{ box: {{ type: host }} }}\n{STORE}overrides: [{{ policy: disk-full-soon, set: {{ recorded: true }} }}]\n"
        ),
    );
    std::fs::create_dir(shop.at("vol")).unwrap();
    let (mounts, vol) = (Mounts::new(), shop.at("vol").display().to_string());
    mounts.sh(&format!("mount -t tmpfs -o {options} tmpfs {vol}"));
    (shop, mounts, vol)
}

#[test]
fn a_disk_that_will_be_full_in_two_weeks() {
    let (shop, mounts, vol) = volume("size=100m");
    let id = "disk-full-soon";
    let first = mounts.judge(&shop, id);
    assert_eq!(about(&first, id, &vol)["cause"]["cause"], "no-history", "{}", first.stdout);
    for day in 1..5 {
        older(&shop, hours(24));
        mounts.sh(&format!("head -c 1M /dev/zero >{vol}/{day}"));
        mounts.judge(&shop, id);
    }
    // A megabyte per day: 95 of them are left.
    older(&shop, hours(24));
    mounts.sh(&format!("head -c 1M /dev/zero >{vol}/5"));
    assert_eq!(mounts.judge(&shop, id).verdict_of(id, &vol), "pass");
    for day in 6..12 {
        older(&shop, hours(24));
        mounts.sh(&format!("head -c 11M /dev/zero >{vol}/{day}"));
        mounts.judge(&shop, id);
    }
    let soon = about(&mounts.judge(&shop, id).exits(1), id, &vol);
    assert_eq!(rank(&soon)[0], "fail", "{soon:#}");
    assert!(soon["message"].as_str().unwrap().contains("are free, and"), "{soon:#}");
    let steps = mounts.carry_out(&soon);
    assert!(steps[0].contains("71M") && steps[1].contains(&format!("{vol}/11")), "{steps:?}");
    // What the last step says: remove what nobody needs. With as much space as before there is no trend.
    mounts.sh(&format!("rm {vol}/*"));
    older(&shop, hours(24));
    assert_eq!(mounts.judge(&shop, id).verdict_of(id, &vol), "pass");
}

#[test]
fn inodes_that_run_out() {
    let (shop, mounts, vol) = volume("size=8m,nr_inodes=1000");
    let id = "disk-full-soon";
    for day in 0..6 {
        mounts.sh(&format!("mkdir {vol}/{day} && cd {vol}/{day} && touch $(seq 99)"));
        mounts.judge(&shop, id);
        older(&shop, hours(24));
    }
    mounts.sh(&format!("mkdir {vol}/6 && cd {vol}/6 && touch $(seq 99)"));
    let soon = about(&mounts.judge(&shop, id).exits(1), id, &vol);
    assert_eq!(rank(&soon), ["fail", "high", "ticket"]);
    assert!(soon["message"].as_str().unwrap().contains("is out of inodes in 2d"), "{soon:#}");
    mounts.carry_out(&soon);
    // What the last step says: remove them. The trend is over when nothing was added for as many days.
    mounts.sh(&format!("rm -r {vol}/*"));
    older(&shop, hours(24));
    assert_eq!(about(&mounts.judge(&shop, id), id, &vol)["verdict"], "fail");
    for _ in 0..7 {
        older(&shop, hours(24));
        mounts.judge(&shop, id);
    }
    assert_eq!(mounts.judge(&shop, id).verdict_of(id, &vol), "pass");
}

/// The command that the parameter of memory-sustained tells to declare, for a copy of the file.
fn meminfo() -> String {
    let file = format!("{}/policies/host/memory-sustained.yaml", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(file).unwrap();
    let line = text.lines().find(|line| line.trim().starts_with("[awk,")).unwrap();
    line.trim().replace("/proc/meminfo", "@SHOP@/meminfo")
}

#[test]
fn memory_that_stays_short_and_a_peak_that_does_not() {
    let id = "memory-sustained";
    let shop = shop(
        "host",
        &format!(
            "targets: {{ box: {{ type: host }} }}\n{STORE}commands: {{ meminfo: {} }}\noverrides: [{{ policy: {id}, set: {{ command: meminfo }} }}]\n",
            meminfo()
        ),
    );
    let real = std::fs::read_to_string("/proc/meminfo").unwrap();
    let total: u64 = real.split_whitespace().nth(1).unwrap().parse().unwrap();
    // The kernel's own file, with so many percent available.
    let available = |percent: u64| {
        let lines = real.lines().map(|line| {
            if line.starts_with("MemAvailable:") {
                format!("MemAvailable: {} kB\n", total * percent / 100)
            } else {
                format!("{line}\n")
            }
        });
        shop.file("meminfo", &lines.collect::<String>());
        judge(&shop, id)
    };
    let after = |minutes: i64| older(&shop, SignedDuration::from_mins(minutes));
    assert_eq!(available(50).exits(0).verdict(id), "pass");
    // A peak that is over in five minutes.
    after(10);
    let pending = only(&available(4).exits(0), id, "box");
    assert_eq!(rank(&pending)[0], "warn", "{pending:#}");
    after(5);
    assert_eq!(available(50).exits(0).verdict(id), "pass");
    // A shortage in every sample of a quarter of an hour.
    for minutes in [5, 5] {
        after(minutes);
        assert_eq!(rank(&only(&available(4).exits(0), id, "box"))[0], "warn");
    }
    after(6);
    let short = only(&available(4).exits(1), id, "box");
    assert_eq!(rank(&short), ["fail", "critical", "page"]);
    let steps = carry_out(&short);
    assert!(steps[0].contains("RSS"), "{steps:?}");
    // What the last step says: restart the process that grows.
    after(1);
    assert_eq!(available(50).exits(0).verdict(id), "pass");
    shop.file("meminfo", "");
    assert_eq!(judge(&shop, id).exits(3).verdict(id), "unknown");
}

// Certificates.

/// A certificate that is valid for so many days and has so many left.
fn lasts(all: i64, left: i64) -> impl FnOnce(&mut CertificateParams) {
    let day = |from_now: i64| {
        let at = Timestamp::now().checked_add(hours(24 * from_now)).unwrap();
        let date = at.to_zoned(TimeZone::UTC).date();
        let number = |part: i8| u8::try_from(part).unwrap();
        date_time_ymd(i32::from(date.year()), number(date.month()), number(date.day()))
    };
    let (begin, end) = (day(left - all), day(left));
    move |params| {
        params.not_before = begin;
        params.not_after = end;
    }
}

#[test]
fn forty_certificates_with_two_exceptions() {
    let id = "certificate-fleet";
    let project = |overrides: &str| {
        format!(
            "targets: {{ box: {{ type: host }} }}\noverrides:\n  - {{ policy: {id}, set: {{ glob: '@SHOP@/fleet/*.pem' }} }}\n{overrides}"
        )
    };
    let shop = shop("tls", &project(""));
    let root = Cert::root("Test CA").unwrap();
    let write = |name: &str, all: i64, left: i64| {
        let cert = root.sign(&format!("{name}.example.org"), lasts(all, left)).unwrap();
        shop.file(&format!("fleet/{name}.pem"), &cert.pem());
    };
    let subject = |name: &str| shop.at(&format!("fleet/{name}.pem.0")).display().to_string();
    for number in 0..37 {
        write(&format!("shop-{number:02}"), 90, 40 + number);
    }
    // Two that are renewed by hand, late, and one that nobody knows of.
    write("partner", 365, 30);
    write("legacy", 3650, 500);
    write("forgotten", 90, 10);
    let run = judge(&shop, id).exits(1);
    assert_eq!(run.findings().len(), 3, "{}", run.stdout);
    assert_eq!(run.verdict_of(id, &subject("partner")), "fail");
    assert_eq!(run.verdict_of(id, &subject("legacy")), "fail");
    let both = format!(
        "  - {{ policy: {id}, subject: '*/partner.pem.0', set: {{ warn_below: 7%, fail_below: 5%, page_below: 2% }}, why: renewed by the partner in its last month }}\n\
         \u{20} - {{ policy: {id}, subject: '*/legacy.pem.0', set: {{ warn_below: 15%, fail_below: 5%, severity: low }}, why: the device is replaced next year }}\n"
    );
    crate::remedy::project(&shop, "tls", &project(&both));
    let run = judge(&shop, id).exits(1);
    // The partner's is within its own limit, the legacy one warns with its own severity, and nobody else is let off.
    assert_eq!(run.findings().len(), 2, "{}", run.stdout);
    assert_eq!(run.check_of(id)["counts"]["pass"], 38);
    assert_eq!(rank(&about(&run, id, &subject("legacy")))[..2], ["warn", "low"]);
    let forgotten = about(&run, id, &subject("forgotten"));
    assert_eq!(rank(&forgotten), ["fail", "high", "ticket"]);
    let message = forgotten["message"].as_str().unwrap();
    assert!(message.contains("first of 40 to end") && message.contains("forgotten.pem"), "{message}");
    let looser: Vec<&str> =
        run.check_of(id)["looser"].as_array().unwrap().iter().map(|one| one.as_str().unwrap()).collect();
    for name in ["warn_below", "fail_below"] {
        assert!(looser.iter().filter(|one| one.contains(name)).count() >= 1, "{looser:?}");
    }
    for name in ["partner", "legacy"] {
        assert!(looser.iter().any(|one| one.contains(name)), "{looser:?}");
    }
    assert!(run.notices().is_empty(), "{:?}", run.notices());
    let steps = carry_out(&forgotten);
    assert!(steps[0].contains("forgotten.example.org") && steps[0].contains("notAfter="), "{steps:?}");
    // What the step says: renew it.
    write("forgotten", 90, 90);
    let run = judge(&shop, id).exits(0);
    assert_eq!(run.findings().len(), 1, "{}", run.stdout);
    // The exception holds for its own limit and no further.
    write("partner", 365, 16);
    assert_eq!(judge(&shop, id).exits(1).verdict_of(id, &subject("partner")), "fail");
    // An exception for what is gone is told.
    std::fs::remove_file(shop.at("fleet/legacy.pem")).unwrap();
    assert_eq!(judge(&shop, id).notices().len(), 1);
}

#[test]
fn an_authority_in_the_fleet_is_counted_too() {
    let id = "certificate-fleet";
    let shop = shop(
        "tls",
        &format!(
            "targets: {{ box: {{ type: host }} }}\noverrides: [{{ policy: {id}, set: {{ glob: '@SHOP@/fleet/*.pem' }} }}]\n"
        ),
    );
    let ended = lasts(100, -1);
    let root = Cert::own("Old CA", |params| {
        authority(params);
        ended(params);
    })
    .unwrap();
    let leaf = root.sign("shop.example.org", lasts(90, 80)).unwrap();
    shop.file("fleet/chain.pem", &(leaf.pem() + &root.pem()));
    let subject = shop.at("fleet/chain.pem.1").display().to_string();
    let finding = only(&judge(&shop, id).exits(1), id, &subject);
    assert_eq!(rank(&finding), ["fail", "critical", "page"]);
    assert!(
        finding["message"].as_str().unwrap().ends_with("(1 of 2 certificates here have ended)"),
        "{finding:#}"
    );
}

// Two databases.

fn runs(shell: &mut Command, step: &str) {
    let bin = env("MUSTER_TEST_PG_BIN");
    done(shell.args(["-e", "-c", step]).env("PATH", format!("{bin}:{}", env("PATH"))));
}

#[test]
fn a_copy_that_lacks_rows_is_made_again() {
    let id = "postgres-copy-rows";
    let orders = "CREATE TABLE orders AS SELECT generate_series(1, 5000) AS id";
    let lines = "CREATE TABLE \"Order Lines\" AS SELECT generate_series(1, 20000) AS id";
    let (source, copy) = (Database::new(&[orders, lines]), Database::new(&[orders, lines]));
    let mut shop = Shop::new();
    shop.env("SECRET", &env("MUSTER_TEST_PG_PASSWORD"));
    let port = env("MUSTER_TEST_PG_PORT");
    let target = |name: &str, database: &Database, role: &str| {
        format!(
            "  {name}: {{ type: postgres, url: 'postgres://muster_full@127.0.0.1:{port}/{}', password: {{ env: SECRET }}, labels: {{ app: shop, copy: {role} }} }}\n",
            database.name()
        )
    };
    let targets = target("shop", &source, "source") + &target("shop-copy", &copy, "target");
    let counts = "SELECT 'public.orders' AS \"table\", count(*) AS number FROM public.orders UNION ALL SELECT 'public.\"Order Lines\"', count(*) FROM public.\"Order Lines\"";
    let project = |targets: &str| {
        shop.project(&format!(
            "owner: team-test\npolicies: [builtin:postgres]\nlabels: {{ app: any, copy: [source, target] }}\ntargets:\n{targets}\
             overrides:\n  - policy: {id}\n    set:\n      sql: |\n        {counts}\n"
        ));
    };
    project(&targets);
    assert_eq!(judge(&shop, id).exits(0).verdict(id), "pass");
    shared(copy.name(), "DELETE FROM \"Order Lines\" WHERE id > 19990");
    let subject = "public.\"Order Lines\"";
    let finding = only(&judge(&shop, id).exits(1), id, subject);
    assert_eq!(rank(&finding), ["fail", "critical", ""]);
    assert!(finding["message"].as_str().unwrap().ends_with("10 did not arrive"), "{finding:#}");
    // do: nothing writes here, and these are the addresses
    let address =
        |database: &Database| format!("host=127.0.0.1 port={port} user=postgres dbname={}", database.name());
    for step in shell_steps(&finding) {
        let mut shell = Command::new("sh");
        shell.env("PGPASSWORD", env("MUSTER_TEST_PG_PASSWORD"));
        runs(shell.env("SOURCE", address(&source)).env("COPY", address(&copy)), &step);
    }
    assert_eq!(judge(&shop, id).exits(0).verdict(id), "pass");
    // Rows that are only in the copy, a second copy, and none.
    shared(source.name(), "DELETE FROM orders WHERE id = 1");
    let finding = only(&judge(&shop, id).exits(1), id, "public.orders");
    assert!(
        finding["message"].as_str().unwrap().contains("1 are there twice, or were deleted here"),
        "{finding:#}"
    );
    project(&(targets.clone() + &target("other", &copy, "target")));
    assert_eq!(judge(&shop, id).exits(3).cause(id), "ambiguous");
    project(&target("shop", &source, "source"));
    assert_eq!(judge(&shop, id).exits(3).cause(id), "absent");
}

// A primary and its standbys.

/// A standby of a server, ended with this value.
pub(crate) struct Standby {
    folder: tempfile::TempDir,
    pub(crate) port: u16,
}

impl Standby {
    /// `slot`: it has one on the primary.
    pub(crate) fn new(primary: &Server, name: &str, slot: bool) -> Self {
        let folder = folder();
        let port = crate::ports::free_port();
        let made = Self { folder, port };
        let (data, from) = (
            made.data(),
            format!("host=127.0.0.1 port={} user=postgres application_name={name}", primary.port()),
        );
        let mut words = vec!["pg_basebackup", "-c", "fast", "-R", "-D", &data, "-d", &from];
        if slot {
            words.extend(["-C", "-S", name]);
        }
        done(&mut as_postgres(&words));
        // The settings of the primary came along; the last one counts.
        let settings = PathBuf::from(&data).join("postgresql.conf");
        let mut text = std::fs::read_to_string(&settings).unwrap();
        text.push_str(&format!("port = {port}\n"));
        std::fs::write(settings, text).unwrap();
        made.start();
        made
    }

    fn data(&self) -> String {
        self.folder.path().join("data").display().to_string()
    }

    fn control(&self, words: &[&str]) {
        let (data, log) = (self.data(), self.folder.path().join("log").display().to_string());
        let mut all = vec!["pg_ctl", "-D", &data, "-l", &log, "-w", "-t", "60"];
        all.extend(words);
        // Not through a pipe, which the server would hold open.
        let mut command = as_postgres(&all);
        let status =
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap();
        assert!(status.success(), "{}", std::fs::read_to_string(&log).unwrap_or_default());
    }

    pub(crate) fn start(&self) {
        self.control(&["start"]);
    }

    pub(crate) fn stop(&self) {
        self.control(&["-m", "fast", "stop"]);
    }

    pub(crate) fn sql(&self, sql: &str) {
        let port = self.port.to_string();
        let words = [
            "psql",
            "-qXAt",
            "-v",
            "ON_ERROR_STOP=1",
            "-h",
            "127.0.0.1",
            "-U",
            "postgres",
            "-p",
            &port,
            "-c",
            sql,
        ];
        done(&mut as_postgres(&words));
    }
}

impl Drop for Standby {
    fn drop(&mut self) {
        let data = self.data();
        let mut command = as_postgres(&["pg_ctl", "-D", &data, "-m", "immediate", "stop"]);
        drop(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status());
    }
}

fn postgres(name: &str, port: u16, labels: &str) -> String {
    format!(
        "  {name}: {{ type: postgres, url: 'postgres://watcher@127.0.0.1:{port}/postgres', labels: {{ {labels} }} }}\n"
    )
}

/// Judges until it is so.
#[track_caller]
fn soon(shop: &Shop, id: &str, wanted: impl Fn(&Run) -> bool) -> Run {
    for _ in 0..60 {
        let run = judge(shop, id);
        if wanted(&run) {
            return run;
        }
        std::thread::sleep(Duration::from_millis(250));
    }
    let run = judge(shop, id);
    assert!(wanted(&run), "{}", run.stdout);
    run
}

/// The SQL steps of a finding.
fn sql_steps(finding: &Json) -> Vec<&str> {
    let steps = finding["remedy"].as_array().unwrap().iter().filter(|step| step["kind"] == "sql");
    steps.map(|step| step["text"].as_str().unwrap()).collect()
}

#[test]
fn a_standby_that_vanished_is_missed() {
    let id = "postgres-standby-vanished";
    let primary = Server::new("");
    primary.sql("CREATE ROLE watcher LOGIN IN ROLE pg_monitor");
    let (one, two) = (Standby::new(&primary, "one", false), Standby::new(&primary, "two", true));
    let shop = shop(
        "postgres",
        &format!(
            "labels: {{ role: [primary, replica] }}\n{STORE}targets:\n{}overrides: [{{ policy: {id}, set: {{ recorded: true }} }}]\n",
            postgres("db", primary.port(), "role: primary")
        ),
    );
    assert_eq!(judge(&shop, id).exits(3).cause(id), "no-history");
    // Both are connected after a moment.
    let run = soon(&shop, id, |run| run.check_of(id)["counts"]["pass"] == 2 && run.findings().is_empty());
    assert_eq!(run.verdict(id), "pass");
    one.stop();
    two.stop();
    let run = judge(&shop, id).exits(1);
    let gone = about(&run, id, "one@127.0.0.1");
    assert_eq!(rank(&gone), ["fail", "critical", "page"]);
    assert_eq!(run.verdict_of(id, "slot two"), "fail");
    sql_steps(&gone).into_iter().for_each(|sql| primary.sql(sql));
    // The slot says so for as long as it lasts.
    assert_eq!(judge(&shop, id).exits(1).verdict_of(id, "slot two"), "fail");
    // What the step says: start them.
    one.start();
    two.start();
    let run = soon(&shop, id, |run| run.check_of(id)["counts"]["pass"] == 2 && run.findings().is_empty());
    assert_eq!(run.verdict(id), "pass");
}

#[test]
fn lag_wakes_somebody_at_night_only_beyond_its_own_limit() {
    let id = "postgres-replication-lag";
    let primary = Server::new("");
    primary.sql("CREATE ROLE watcher LOGIN IN ROLE pg_monitor");
    let (near, far) = (Standby::new(&primary, "near", false), Standby::new(&primary, "far", false));
    let targets = postgres("db", primary.port(), "app: shop, role: primary")
        + &postgres("near", near.port, "app: shop, role: replica")
        + &postgres("far", far.port, "app: shop, role: replica");
    let shop = Shop::new();
    let judged = |calendars: &str, more: &str| {
        let rest = format!(
            "labels: {{ app: any, role: [primary, replica] }}\n{calendars}targets:\n{targets}overrides: [{{ policy: {id}, set: {{ warn_above: 100ms, fail_above: 1s, page_by_day: 2s{more} }} }}]\n"
        );
        crate::remedy::project(&shop, "postgres", &rest);
    };
    // The whole week, and a day that is not now.
    let other = ago(hours(-72)).strftime("%a").to_string();
    let day = "calendars: { office: { zone: UTC, hours: 'Mon-Sun 00:00-24:00' } }\n";
    let night = format!("calendars: {{ office: {{ zone: UTC, hours: '{other} 00:00-24:00' }} }}\n");
    judged(day, "");
    soon(&shop, id, |run| run.verdict(id) == "pass");
    far.sql("SELECT pg_wal_replay_pause()");
    primary.sql("CREATE TABLE t AS SELECT repeat('x', 1000) FROM generate_series(1, 3000)");
    std::thread::sleep(Duration::from_secs(3));
    let run = soon(&shop, id, |run| run.findings().len() == 1);
    let by_day = only(&run, id, "far");
    assert_eq!(rank(&by_day), ["fail", "high", "page"], "{by_day:#}");
    assert!(by_day["message"].as_str().unwrap().contains("replay is paused: true"), "{by_day:#}");
    judged(&night, "");
    assert_eq!(rank(&only(&judge(&shop, id).exits(1), id, "far")), ["fail", "high", "ticket"]);
    judged(&night, ", page_at_night: 2s");
    assert_eq!(rank(&only(&judge(&shop, id).exits(1), id, "far")), ["fail", "critical", "page"]);
    // A project without the calendar is woken as by day.
    judged("", "");
    assert_eq!(rank(&only(&judge(&shop, id).exits(1), id, "far")), ["fail", "high", "page"]);
    let steps = sql_steps(&by_day);
    assert!(steps.contains(&"SELECT pg_wal_replay_resume();"), "{steps:?}");
    steps.into_iter().for_each(|sql| far.sql(sql));
    let run = soon(&shop, id, |run| run.verdict(id) == "pass");
    assert_eq!(run.check_of(id)["counts"]["pass"], 2);
    // A standby that does not answer is no pass, though the other one is fine.
    far.stop();
    assert_eq!(judge(&shop, id).exits(3).verdict(id), "unknown");
}
