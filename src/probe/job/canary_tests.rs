use std::path::Path;
use std::time::Duration;

use serde_json::{Value as Json, json};
use url::Url;

use super::*;
use crate::http::{Http, Reply};
use crate::probe::testing::{Question, ask, cause, open_dir, value};

/// A queue of files below a folder, with a worker that is there or not.
fn commands(dir: &Path, scripts: &[(&str, &str)]) -> Arc<std::collections::BTreeMap<String, Vec<String>>> {
    let words = |script: &str| {
        let text = format!("cd '{}'; {script}", dir.display());
        vec!["sh".to_owned(), "-c".to_owned(), text]
    };
    Arc::new(scripts.iter().map(|(name, script)| ((*name).to_owned(), words(script))).collect())
}

const ENQUEUE: &str = "echo job > \"$MUSTER_CANARY\"; echo \"$MUSTER_TARGET\" > target";
const FINISHED: &str = "test -e \"$MUSTER_CANARY.done\"";
const CLEAN: &str = "rm -f \"$MUSTER_CANARY\" \"$MUSTER_CANARY.done\"; echo \"$MUSTER_CANARY\" >> cleaned";
/// Finishes what it finds.
const WORKER: &str =
    "for job in muster-canary-*; do case \"$job\" in *.done|*'*') ;; *) touch \"$job.done\" ;; esac; done";

fn canary(dir: &Path, scripts: &[(&str, &str)], mut args: Json) -> Question {
    args["enqueue"] = json!("enqueue");
    args["finished"] = json!("finished");
    args["interval"] = json!("30ms");
    let commands = commands(dir, scripts);
    ask("job.canary", args).target(move |target| target.commands = commands)
}

/// Files of canaries that are still there.
fn left(dir: &Path) -> usize {
    let names = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name());
    names.filter(|name| name.to_string_lossy().starts_with("muster-canary-")).count()
}

#[test]
fn a_job_that_a_worker_finishes_has_finished() {
    let dir = open_dir();
    let finished = format!("{FINISHED} && {{ echo well; exit 0; }}; {WORKER}; exit 1");
    let scripts = [("enqueue", ENQUEUE), ("finished", &finished), ("clean", CLEAN)];
    let answer = canary(dir.path(), &scripts, json!({"clean": "clean"})).run().unwrap();
    assert_eq!(value(&answer, 0, "enqueued"), Value::Bool(true));
    assert_eq!(value(&answer, 0, "finished"), Value::Bool(true));
    assert_eq!(value(&answer, 0, "failed"), Value::Bool(false));
    assert!(value(&answer, 0, "took").as_int().unwrap() > 0);
    assert_eq!(value(&answer, 0, "said"), Value::text("well"));
    assert_eq!(value(&answer, 0, "cleaned"), Value::Bool(true));
    assert_eq!(value(&answer, 0, "leftovers"), Value::Int(0));
    assert_eq!(left(dir.path()), 0);
    assert_eq!(std::fs::read_to_string(dir.path().join("target")).unwrap(), "test\n");
}

#[test]
fn a_job_that_nobody_takes_has_not_finished_and_is_removed() {
    let dir = open_dir();
    let scripts = [("enqueue", ENQUEUE), ("finished", FINISHED), ("clean", CLEAN)];
    let answer = canary(dir.path(), &scripts, json!({"clean": "clean", "wait": "300ms"})).run().unwrap();
    assert_eq!(value(&answer, 0, "enqueued"), Value::Bool(true));
    assert_eq!(value(&answer, 0, "finished"), Value::Bool(false));
    assert_eq!(value(&answer, 0, "failed"), Value::Bool(false));
    assert_eq!(value(&answer, 0, "took"), Value::Null);
    assert_eq!(value(&answer, 0, "cleaned"), Value::Bool(true));
    assert_eq!(left(dir.path()), 0);
}

#[test]
fn a_job_that_is_refused_or_fails_says_why() {
    let dir = open_dir();
    let run = |enqueue: &str, finished: &str| {
        let scripts = [("enqueue", enqueue), ("finished", finished)];
        canary(dir.path(), &scripts, json!({"wait": "200ms"})).run().unwrap()
    };
    let refused = run("echo queue is full >&2; exit 4", "exit 0");
    assert_eq!(value(&refused, 0, "enqueued"), Value::Bool(false));
    assert_eq!(value(&refused, 0, "finished"), Value::Bool(false), "it is not even asked");
    assert_eq!(value(&refused, 0, "said"), Value::text("queue is full"));
    assert_eq!(value(&refused, 0, "cleaned"), Value::Null);
    let failed = run(":", "echo no module mail; exit 2");
    assert_eq!(value(&failed, 0, "finished"), Value::Bool(false));
    assert_eq!(value(&failed, 0, "failed"), Value::Bool(true));
    assert_eq!(value(&failed, 0, "said"), Value::text("no module mail"));
    for script in ["no-such-program", "kill -9 $$", "exit 3"] {
        let broken = run(":", script);
        assert_eq!(cause(&broken, 0, "finished"), Cause::Malformed, "{script}");
        assert_eq!(cause(&broken, 0, "took"), Cause::Malformed, "{script}");
        assert_eq!(value(&broken, 0, "enqueued"), Value::Bool(true));
    }
}

#[test]
fn a_command_that_always_says_finished_proves_nothing() {
    let dir = open_dir();
    for finished in ["exit 0", "test ! -e no-such-job", "test -e target"] {
        let scripts = [("enqueue", ENQUEUE), ("finished", finished), ("clean", CLEAN)];
        let answer = canary(dir.path(), &scripts, json!({"clean": "clean"})).run().unwrap();
        assert_eq!(cause(&answer, 0, "finished"), Cause::Malformed, "{finished}");
        assert_eq!(cause(&answer, 0, "took"), Cause::Malformed, "{finished}");
        assert_eq!(value(&answer, 0, "cleaned"), Value::Bool(true));
        assert_eq!(left(dir.path()), 0);
    }
    let always = Http::always(Reply::new(200, "text/plain", "well")).unwrap();
    assert_eq!(cause(&service(&always, calls()).run().unwrap(), 0, "finished"), Cause::Malformed);
}

#[test]
fn what_cannot_be_waited_for_is_not_known() {
    let dir = open_dir();
    let scripts = [("enqueue", ENQUEUE), ("finished", FINISHED), ("clean", CLEAN)];
    let long = canary(dir.path(), &scripts, json!({"clean": "clean", "wait": "1h"}));
    let answer = long.deadline(Duration::from_secs(2)).run().unwrap();
    assert_eq!(cause(&answer, 0, "finished"), Cause::Timeout);
    assert_eq!(value(&answer, 0, "cleaned"), Value::Bool(true), "there is time left for that");
    assert_eq!(left(dir.path()), 0);
    let hangs = [("enqueue", "sleep 600"), ("finished", FINISHED), ("clean", CLEAN)];
    let hanging = canary(dir.path(), &hangs, json!({"clean": "clean"}));
    assert_eq!(hanging.deadline(Duration::from_secs(1)).run().unwrap_err().cause, Cause::Timeout);
    let hangs = [("enqueue", ENQUEUE), ("finished", "sleep 600"), ("clean", CLEAN)];
    let hanging = canary(dir.path(), &hangs, json!({"clean": "clean"}));
    let answer = hanging.deadline(Duration::from_secs(2)).run().unwrap();
    assert_eq!(cause(&answer, 0, "finished"), Cause::Timeout);
    assert_eq!(left(dir.path()), 0);
}

#[test]
fn only_what_the_project_lists_is_run_and_nothing_is_enqueued_before_all_is_known() {
    let dir = open_dir();
    let scripts = [("enqueue", ENQUEUE), ("finished", FINISHED)];
    let why = canary(dir.path(), &scripts, json!({"clean": "clean"})).run().unwrap_err();
    assert_eq!(why.cause, Cause::Absent);
    assert!(why.what.contains("`clean`"), "{}", why.what);
    let call = ask("job.canary", json!({"enqueue": "POST /x", "finished": "finished"}))
        .target(|target| target.kind = Arc::from("host"));
    let call = call.run().unwrap_err();
    assert_eq!(call.cause, Cause::Malformed, "a host has no address");
    assert_eq!(left(dir.path()), 0);
}

#[test]
fn what_could_not_be_removed_is_removed_by_the_next_run() {
    let dir = open_dir();
    let broken = "test -e mended || { echo no right to delete; exit 1; }";
    let clean = format!("{broken}; {CLEAN}");
    let finished = format!("{FINISHED} && exit 0; {WORKER}; exit 1");
    let scripts = [("enqueue", ENQUEUE), ("finished", &finished), ("clean", &clean)];
    let run = || canary(dir.path(), &scripts, json!({"clean": "clean"})).run().unwrap();
    let first = run();
    assert_eq!(value(&first, 0, "finished"), Value::Bool(true));
    assert_eq!(value(&first, 0, "cleaned"), Value::Bool(false));
    let said = value(&first, 0, "said");
    assert!(said.as_text().unwrap().contains("no right to delete"), "{said:?}");
    let second = run();
    assert_eq!(value(&second, 0, "leftovers"), Value::Int(1));
    assert!(left(dir.path()) > 0);
    std::fs::write(dir.path().join("mended"), "").unwrap();
    let third = run();
    assert_eq!(value(&third, 0, "leftovers"), Value::Int(0));
    assert_eq!(value(&third, 0, "cleaned"), Value::Bool(true));
    assert_eq!(left(dir.path()), 0);
    let cleaned = std::fs::read_to_string(dir.path().join("cleaned")).unwrap();
    let tokens: std::collections::BTreeSet<&str> = cleaned.lines().collect();
    assert_eq!(tokens.len(), 3, "each was removed: {cleaned}");
}

/// The variable that tells the test that it is the run which will be killed, and where.
const KILLED: &str = "MUSTER_TEST_KILLED_CANARY";

fn soon(what: impl Fn() -> bool) -> bool {
    (0..200).any(|_| {
        std::thread::sleep(Duration::from_millis(25));
        what()
    })
}

#[test]
fn a_run_that_is_killed_leaves_no_canary() {
    const NAME: &str = "probe::job::canary::tests::a_run_that_is_killed_leaves_no_canary";
    let scripts = [("enqueue", ENQUEUE), ("finished", FINISHED), ("clean", CLEAN)];
    if let Some(dir) = std::env::var_os(KILLED) {
        let args = json!({"clean": "clean", "wait": "1h"});
        canary(Path::new(&dir), &scripts, args).deadline(Duration::from_mins(10)).run().unwrap();
        return;
    }
    let dir = open_dir();
    let mut child = std::process::Command::new(std::env::current_exe().unwrap())
        .args([NAME, "--exact", "--nocapture"])
        .env(KILLED, dir.path())
        .spawn()
        .unwrap();
    assert!(soon(|| left(dir.path()) == 1), "it is enqueued");
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(soon(|| left(dir.path()) == 0), "nobody removed it");
    // The marker stays, for it was not muster that removed it; the next run does it once more, and forgets it.
    let finished = format!("{FINISHED} && exit 0; {WORKER}; exit 1");
    let scripts = [("enqueue", ENQUEUE), ("finished", &finished), ("clean", CLEAN)];
    let answer = canary(dir.path(), &scripts, json!({"clean": "clean"})).run().unwrap();
    assert_eq!(value(&answer, 0, "leftovers"), Value::Int(0));
    let cleaned = std::fs::read_to_string(dir.path().join("cleaned")).unwrap();
    assert_eq!(cleaned.lines().collect::<std::collections::BTreeSet<_>>().len(), 2, "{cleaned}");
}

#[test]
fn when_nobody_waits_any_more_it_is_removed() {
    let dir = open_dir();
    let scripts = [("enqueue", ENQUEUE), ("finished", FINISHED), ("clean", CLEAN)];
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    runtime.block_on(async {
        let args = json!({"clean": "clean", "wait": "1h"});
        let asked = canary(dir.path(), &scripts, args).deadline(Duration::from_mins(10)).run_async();
        assert!(tokio::time::timeout(Duration::from_millis(800), asked).await.is_err());
    });
    assert!(dir.path().join("target").exists(), "it was enqueued");
    assert!(soon(|| left(dir.path()) == 0), "nobody removed it");
}

fn service(server: &Http, args: Json) -> Question {
    let url = Url::parse(&server.url("/")).unwrap();
    ask("job.canary", args).target(|target| {
        target.kind = Arc::from("service");
        target.url = Some(url);
    })
}

fn calls() -> Json {
    json!({
        "enqueue": "POST /canary?id={token}",
        "finished": "/canary?id={token}",
        "clean": "/canary?id={token}",
        "interval": "20ms",
        "wait": "400ms",
    })
}

/// Answers a canary: the status of `POST`, those of `GET` one after the other, the one of `DELETE`.
fn queue(post: u16, get: &'static [u16], delete: u16) -> Http {
    let asked = std::sync::atomic::AtomicUsize::new(0);
    let enqueued = std::sync::Mutex::new(String::new());
    Http::start(move |request| {
        let token = request.header("x-muster-canary").unwrap_or_default();
        assert!(request.path.ends_with(&format!("id={token}")) && token.len() > 20, "{request:?}");
        if request.method == "POST" {
            token.clone_into(&mut enqueued.lock().unwrap());
        }
        let status = match &*request.method {
            "POST" => post,
            "DELETE" => delete,
            _ if *enqueued.lock().unwrap() != token => 404,
            _ => get[asked.fetch_add(1, std::sync::atomic::Ordering::Relaxed).min(get.len() - 1)],
        };
        Reply::new(status, "text/plain", format!("{} {status}", request.method))
    })
    .unwrap()
}

#[test]
fn a_service_is_called_until_it_has_finished() {
    let server = queue(202, &[404, 202, 200], 204);
    let answer = service(&server, calls()).run().unwrap();
    assert_eq!(value(&answer, 0, "finished"), Value::Bool(true));
    assert_eq!(value(&answer, 0, "cleaned"), Value::Bool(true));
    assert_eq!(value(&answer, 0, "said"), Value::text("GET 200"));
    let (ours, others): (Vec<_>, Vec<_>) = {
        let asked = server.asked();
        let path = asked[0].path.clone();
        asked.into_iter().partition(|asked| asked.path == path)
    };
    assert_eq!(others.len(), 1, "one that nobody enqueued is asked about once");
    let methods: Vec<String> = ours.into_iter().map(|asked| asked.method).collect();
    assert_eq!(methods, ["POST", "GET", "GET", "GET", "DELETE"]);
}

#[test]
fn every_status_of_a_service_has_its_meaning() {
    let run = |post, get, delete| service(&queue(post, get, delete), calls()).run();
    let facts = |post, get, delete| {
        let answer = run(post, get, delete).unwrap();
        let is = |name: &str| value(&answer, 0, name).as_bool().unwrap();
        [is("enqueued"), is("finished"), is("failed"), is("cleaned")]
    };
    assert_eq!(facts(201, &[404], 404), [true, false, false, true]);
    assert_eq!(facts(200, &[409], 500), [true, false, true, false]);
    assert_eq!(facts(503, &[200], 204), [false, false, false, true]);
    assert_eq!(facts(302, &[200], 204), [false, false, false, true], "a redirect is no acceptance");
    assert_eq!(run(403, &[200], 204).unwrap_err().cause, Cause::Denied);
    assert_eq!(cause(&run(200, &[401], 204).unwrap(), 0, "finished"), Cause::Denied);
    assert_eq!(cause(&run(200, &[500], 204).unwrap(), 0, "finished"), Cause::Malformed);
}

#[test]
fn a_dead_service_is_not_a_job_that_failed() {
    let server = queue(200, &[200], 204);
    let url = server.url("/");
    drop(server);
    let answer = ask("job.canary", calls()).target(|target| {
        target.kind = Arc::from("service");
        target.url = Some(Url::parse(&url).unwrap());
    });
    assert_eq!(answer.run().unwrap_err().cause, Cause::Unreachable);
}

#[test]
fn a_secret_is_not_repeated() {
    let dir = open_dir();
    let redactor = crate::secret::Redactor::new();
    redactor.learn("hunter2!");
    let scripts = [("enqueue", "echo token hunter2!; exit 1"), ("finished", "exit 0")];
    let answer = canary(dir.path(), &scripts, json!({})).redactor(redactor).run().unwrap();
    assert_eq!(value(&answer, 0, "said"), Value::text("token [secret]"));
    let scripts = [("enqueue", "yes | head -c 100000; exit 1"), ("finished", "exit 0")];
    let answer = canary(dir.path(), &scripts, json!({})).run().unwrap();
    let said = value(&answer, 0, "said");
    assert!(said.as_text().unwrap().len() <= 2048, "it is cut");
}
