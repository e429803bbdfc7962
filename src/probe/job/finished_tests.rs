use std::sync::Arc;

use serde_json::{Value as Json, json};
use url::Url;

use super::*;
use crate::fact::Cause;
use crate::http::{Http, Reply};
use crate::probe::testing::{Question, as_nobody, ask, open_dir, value};

fn prints(script: &str, mut args: Json) -> Question {
    args["command"] = json!("last");
    let words = vec!["sh".to_owned(), "-c".to_owned(), script.to_owned()];
    let commands = Arc::new([("last".to_owned(), words)].into_iter().collect());
    ask("job.finished", args).target(|target| target.commands = commands)
}

fn at(text: &str) -> Value {
    Value::time(text.parse().unwrap())
}

#[test]
fn a_command_tells_when_it_last_finished() {
    let told = |script: &str| value(&prints(script, json!({})).run().unwrap(), 0, "finished_at");
    assert_eq!(told("echo 2026-11-01T03:00:00Z"), at("2026-11-01T03:00:00Z"));
    assert_eq!(told("echo 1793502000"), at("2026-11-01T03:00:00Z"));
    assert_eq!(told("echo never"), Value::Null);
    let answer = prints("echo never", json!({})).run().unwrap();
    assert_eq!(value(&answer, 0, "ran"), Value::Bool(false));
}

#[test]
fn the_next_run_is_seen_to_finish() {
    let dir = open_dir();
    let script = format!(
        "cd '{}'; echo x >> asked; [ $(wc -l < asked) -ge 4 ] && echo 2026-11-01T04:00:00Z || echo 2026-11-01T03:00:00Z",
        dir.path().display()
    );
    let answer = prints(&script, json!({"wait": "8s", "interval": "20ms"})).run().unwrap();
    assert_eq!(value(&answer, 0, "ran"), Value::Bool(true));
    assert_eq!(value(&answer, 0, "finished_at"), at("2026-11-01T04:00:00Z"));
    let still = prints("echo 2026-11-01T03:00:00Z", json!({"wait": "200ms", "interval": "20ms"}));
    let answer = still.run().unwrap();
    assert_eq!(value(&answer, 0, "ran"), Value::Bool(false));
    assert!(value(&answer, 0, "waited").as_int().unwrap() >= 200_000);
    let back = format!(
        "cd '{}'; [ -e back ] && echo 2026-11-01T02:00:00Z || {{ touch back; echo 2026-11-01T03:00:00Z; }}",
        dir.path().display()
    );
    let answer = prints(&back, json!({"wait": "200ms", "interval": "20ms"})).run().unwrap();
    assert_eq!(value(&answer, 0, "ran"), Value::Bool(false), "a time that goes back is no run");
}

#[test]
fn what_cannot_be_waited_for_is_not_known() {
    let short = |question: Question| question.deadline(Duration::from_secs(1)).run().unwrap_err().cause;
    assert_eq!(short(prints("echo never", json!({"wait": "1h", "interval": "50ms"}))), Cause::Timeout);
    assert_eq!(short(prints("sleep 600", json!({}))), Cause::Timeout);
}

#[test]
fn a_command_that_says_no_time_says_nothing() {
    let cause = |script: &str| prints(script, json!({})).run().unwrap_err().cause;
    for script in ["", "echo", "echo yesterday", "echo 2026-11-01", "exit 3", "echo 99999999999999999999"] {
        assert_eq!(cause(script), Cause::Malformed, "{script:?}");
    }
    assert_eq!(cause("yes"), Cause::Timeout);
    assert_eq!(cause("head -c 9000 /dev/zero"), Cause::Incomplete);
    let unknown = ask("job.finished", json!({"command": "gone"})).run().unwrap_err();
    assert_eq!(unknown.cause, Cause::Absent);
}

#[test]
fn exactly_one_must_tell_it() {
    let cause = |args: Json| {
        let question = ask("job.finished", args).target(|target| target.kind = Arc::from("host"));
        question.run().unwrap_err().cause
    };
    assert_eq!(cause(json!({})), Cause::Empty);
    assert_eq!(cause(json!({"file": "/etc/passwd", "command": "last"})), Cause::Malformed);
    assert_eq!(cause(json!({"path": "/jobs"})), Cause::Malformed, "a host has no address");
    assert_eq!(cause(json!({"file": "relative"})), Cause::Malformed);
    assert_eq!(cause(json!({"file": "/no/such/directory/file"})), Cause::Absent);
}

#[test]
fn a_file_tells_it_by_its_last_change() {
    let dir = open_dir();
    let file = dir.path().join("report.done");
    let told = || value(&ask("job.finished", json!({"file": file})).run().unwrap(), 0, "finished_at");
    assert_eq!(told(), Value::Null);
    std::fs::write(&file, "").unwrap();
    let then = std::time::UNIX_EPOCH + Duration::from_secs(1_793_502_000);
    std::fs::File::options().write(true).open(&file).unwrap().set_modified(then).unwrap();
    assert_eq!(told(), at("2026-11-01T03:00:00Z"));
    as_nobody("probe::job::finished::tests::a_file_tells_it_by_its_last_change", |dir| {
        let why = ask("job.finished", json!({"file": dir.join("closed/there")})).run().unwrap_err();
        assert_eq!(why.cause, Cause::Denied);
    });
}

#[test]
fn a_service_tells_it_in_json() {
    let run = |status: u16, body: &'static str| {
        let server = Http::always(Reply::new(status, "application/json", body)).unwrap();
        let url = Url::parse(&server.url("/")).unwrap();
        let question = ask("job.finished", json!({"path": "/jobs/report"})).target(|target| {
            target.kind = Arc::from("service");
            target.url = Some(url);
        });
        question.run().map(|answer| value(&answer, 0, "finished_at")).map_err(|why| why.cause)
    };
    assert_eq!(run(200, r#"{"finished_at": "2026-11-01T03:00:00Z"}"#), Ok(at("2026-11-01T03:00:00Z")));
    assert_eq!(run(200, r#"{"finished_at": null}"#), Ok(Value::Null));
    assert_eq!(run(200, r#"{}"#), Err(Cause::Absent));
    assert_eq!(run(200, r#"{"finished_at": true}"#), Err(Cause::WrongType));
    assert_eq!(run(200, "<html>"), Err(Cause::Malformed));
    assert_eq!(run(403, "{}"), Err(Cause::Denied));
    assert_eq!(run(503, "{}"), Err(Cause::Malformed));
}
