use std::time::Duration;

use serde_json::{Value as Json, json};

use super::*;
use crate::probe::testing::{Question, as_nobody, ask, cause, open_dir, value};

/// Runs a shell script as the command `it`.
fn script(script: &str, mut args: Json) -> Question {
    args["command"] = json!("it");
    command(&["sh", "-c", script], args)
}

fn command(words: &[&str], args: Json) -> Question {
    let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
    ask("command.output", args)
        .target(|target| target.commands = Arc::new([("it".to_owned(), words)].into_iter().collect()))
}

fn cause_of(words: &[&str]) -> Cause {
    command(words, json!({"command": "it"})).run().unwrap_err().cause
}

/// Is a process alive (and no zombie)?
fn alive(pid: &str) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap_or_default();
    let state = stat.rsplit(") ").next().and_then(|rest| rest.chars().next());
    state.is_some_and(|state| !matches!(state, 'Z' | 'X'))
}

fn ends(pid: &str) -> bool {
    (0..100).any(|_| {
        std::thread::sleep(Duration::from_millis(20));
        !alive(pid)
    })
}

#[test]
fn status_and_texts_are_facts() {
    let answer = script("echo out; echo err >&2; exit 3", json!({})).run().unwrap();
    assert_eq!(value(&answer, 0, "exit_status"), Value::Int(3));
    assert_eq!(value(&answer, 0, "signal"), Value::Null);
    assert_eq!(value(&answer, 0, "stdout"), Value::text("out"));
    assert_eq!(value(&answer, 0, "stderr"), Value::text("err"));
    assert_eq!(value(&answer, 0, "state"), Value::Null);
    assert_eq!(value(&answer, 0, "lines"), Value::Null);
    assert!(value(&answer, 0, "took").as_int().unwrap() > 0);
    let lines = script("printf 'a\\n\\nb\\n'", json!({"format": "lines"})).run().unwrap();
    assert_eq!(value(&lines, 0, "lines"), Value::texts(["a", "b"]));
    let killed = script("kill -9 $$", json!({})).run().unwrap();
    assert_eq!(value(&killed, 0, "exit_status"), Value::Int(137));
    assert_eq!(value(&killed, 0, "signal"), Value::Int(9));
}

#[test]
fn json_becomes_declared_facts() {
    let text = r#"printf '{"lag": 1500, "used": "97%%", "deep": {"n": null}}'"#;
    let answer = script(text, json!({"format": "json"}))
        .fact("lag", "duration", "")
        .fact("used", "ratio", "/used")
        .fact("n", "int?", "/deep/n")
        .fact("gone", "int?", "/deep/gone")
        .run()
        .unwrap();
    assert_eq!(value(&answer, 0, "lag"), Value::Int(1_500_000_000));
    assert_eq!(value(&answer, 0, "used"), Value::Float(0.97));
    assert_eq!(value(&answer, 0, "n"), Value::Null);
    assert_eq!(cause(&answer, 0, "gone"), Cause::Absent);
}

#[test]
fn items_become_rows() {
    let text = r#"echo '{"disks": [{"name": "a", "size": 1}, {"name": "b"}]}'"#;
    let question = |key: &[&str]| {
        script(text, json!({"format": "json", "rows": "/disks"}))
            .fact("name", "text", "")
            .fact("size", "bytes", "")
            .key(key)
    };
    let answer = question(&["name"]).run().unwrap();
    assert_eq!(answer.table.schema.rows, crate::fact::Rows::Many);
    assert_eq!(value(&answer, 1, "name"), Value::text("b"));
    assert_eq!(value(&answer, 0, "size"), Value::Int(1));
    assert_eq!(cause(&answer, 1, "size"), Cause::Absent);
    assert_eq!(value(&answer, 1, "exit_status"), Value::Int(0));
    assert_eq!(question(&[]).run().unwrap_err().cause, Cause::Malformed);
}

#[test]
fn rows_of_a_command_that_ended_with_a_fault_are_incomplete() {
    let run = |end: &str, args: Json| {
        let question = script(&format!("echo '[{{\"a\": 1}}]'; {end}"), args);
        question.fact("a", "int", "").key(&["a"]).run().unwrap()
    };
    let rows = || json!({"format": "json", "rows": "."});
    let accepting = || json!({"format": "json", "rows": ".", "exit_up_to": 1});
    for (end, args, cut) in [
        ("exit 0", rows(), None),
        ("exit 1", rows(), Some("exit status 1")),
        ("exit 1", accepting(), None),
        ("exit 2", accepting(), Some("exit status 2")),
        ("kill -9 $$", accepting(), Some("signal 9")),
    ] {
        let answer = run(end, args);
        let why = answer.table.cut.as_deref();
        assert_eq!(why.map(|why| why.cause), cut.map(|_| Cause::Incomplete), "{end}");
        assert!(cut.is_none_or(|said| why.unwrap().what.contains(said)), "{why:?}");
        assert_eq!(value(&answer, 0, "a"), Value::Int(1), "{end}");
    }
    let none = script("echo '[]'; exit 1", rows()).fact("a", "int", "").key(&["a"]).run().unwrap();
    assert!(none.table.cut.is_some());
}

#[test]
fn rows_that_are_not_there_are_no_empty_answer() {
    let cases = [("{}", Cause::Absent), (r#"{"disks": 1}"#, Cause::WrongType), ("", Cause::Malformed)];
    for (text, wanted) in cases {
        let question = script(&format!("echo '{text}'"), json!({"format": "json", "rows": "/disks"}));
        assert_eq!(question.fact("a", "int", "").key(&["a"]).run().unwrap_err().cause, wanted, "{text}");
    }
}

#[test]
fn what_is_no_json_is_malformed_and_the_status_stays() {
    for text in ["", "garbage", "{\"a\": 1", "{\"a\": NaN}", "{\"a\": 1} x"] {
        let question = script(&format!("echo '{text}'; exit 4"), json!({"format": "json"}));
        let answer = question.fact("a", "int", "").run().unwrap();
        assert_eq!(cause(&answer, 0, "a"), Cause::Malformed, "{text}");
        assert_eq!(value(&answer, 0, "exit_status"), Value::Int(4));
    }
}

#[test]
fn a_plugin_has_a_state_and_data() {
    let question = script("echo 'OK - fine | t=250ms;1;2'; exit 1", json!({"format": "nagios"}));
    let answer = question.fact("t", "duration", "").run().unwrap();
    assert_eq!(value(&answer, 0, "state"), Value::text("warning"));
    assert_eq!(value(&answer, 0, "t"), Value::Int(250_000));
    let absent = script("exit 127", json!({"format": "nagios"})).fact("t", "duration", "").run().unwrap();
    assert_eq!(cause(&absent, 0, "state"), Cause::Malformed);
    assert_eq!(cause(&absent, 0, "t"), Cause::Absent);
}

#[test]
fn a_declared_fact_named_like_a_fixed_one_does_not_replace_it() {
    let question = script("echo '{\"stdout\": 5}'", json!({"format": "json"}));
    let answer = question.fact("stdout", "int", "").run().unwrap();
    assert_eq!(value(&answer, 0, "stdout"), Value::text("{\"stdout\": 5}"));
}

#[test]
fn too_much_and_not_text_are_said() {
    let long = script("head -c 70000 /dev/zero | tr '\\0' x", json!({})).run().unwrap();
    assert_eq!(cause(&long, 0, "stdout"), Cause::Limit);
    let huge = script("head -c 5000000 /dev/zero | tr '\\0' x", json!({"format": "json"}));
    let huge = huge.fact("a", "int", "").run().unwrap();
    assert_eq!(cause(&huge, 0, "stdout"), Cause::Limit);
    assert_eq!(cause(&huge, 0, "a"), Cause::Limit);
    assert_eq!(value(&huge, 0, "exit_status"), Value::Int(0));
    let bytes = script("printf '\\377'", json!({})).run().unwrap();
    assert_eq!(cause(&bytes, 0, "stdout"), Cause::Malformed);
}

#[test]
fn only_listed_commands_run() {
    let why = ask("command.output", json!({"command": "rm"}))
        .target(|target| {
            target.commands = Arc::new([("smart".to_owned(), vec!["true".to_owned()])].into_iter().collect());
        })
        .run()
        .unwrap_err();
    assert_eq!(why.cause, Cause::Absent);
    assert!(why.what.contains("it lists smart"), "{}", why.what);
}

#[test]
fn what_cannot_run_says_why() {
    let dir = open_dir();
    let garbage = dir.path().join("garbage");
    std::fs::write(&garbage, [0u8, 1, 2, 3]).unwrap();
    assert_eq!(cause_of(&["/nowhere/program"]), Cause::Absent);
    assert_eq!(cause_of(&["no-such-program-here"]), Cause::Absent);
    assert_eq!(cause_of(&[garbage.to_str().unwrap()]), Cause::Denied);
    std::fs::set_permissions(&garbage, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    assert_eq!(cause_of(&[garbage.to_str().unwrap()]), Cause::Malformed);
    assert_eq!(cause_of(&["/tmp"]), Cause::Denied);
    assert_eq!(cause_of(&[]), Cause::Malformed);
}

#[test]
fn a_program_in_a_closed_directory_is_denied() {
    as_nobody("probe::command::output::tests::a_program_in_a_closed_directory_is_denied", |dir| {
        assert_eq!(cause_of(&[dir.join("closed/there").to_str().unwrap()]), Cause::Denied);
    });
}

#[test]
fn declared_facts_need_a_structured_format() {
    let why = script("echo 1", json!({})).fact("a", "int", "").run().unwrap_err();
    assert_eq!(why.cause, Cause::Malformed);
    assert!(script("echo 1", json!({"rows": "/a"})).run().is_err());
}

#[test]
fn three_variables_and_a_mark_are_handed_on() {
    let answer = script("env | sed 's/=.*//' | sort", json!({"format": "lines"})).run().unwrap();
    let Value::List(names) = value(&answer, 0, "lines") else { panic!("no list") };
    for name in names.iter() {
        let Ok(Value::Text(name)) = name else { panic!("no name") };
        let known =
            ["HOME", "LANG", "MUSTER_COMMAND", "MUSTER_TARGET", "OLDPWD", "PATH", "PWD", "SHLVL", "_"];
        assert!(known.contains(&&**name), "{name}");
    }
}

#[test]
fn at_the_deadline_the_whole_family_dies() {
    let dir = open_dir();
    let pid = dir.path().join("pid");
    let text = format!("sleep 60 & echo $! > {}; wait", pid.display());
    let why = script(&text, json!({})).deadline(Duration::from_millis(1_500)).run().unwrap_err();
    assert_eq!(why.cause, Cause::Timeout);
    assert!(why.what.contains("was killed"), "{}", why.what);
    assert!(ends(&std::fs::read_to_string(pid).unwrap()));
}

#[test]
fn at_the_deadline_who_left_the_group_dies_too() {
    for text in [
        // A session of its own.
        "setsid sh -c 'echo $$ > PID; sleep 60' & wait",
        // The same without a parent, as daemons are.
        "(setsid sh -c 'echo $$ > PID; sleep 60' &); sleep 60",
        // The same with a cleared environment.
        "env -i setsid sh -c 'echo $$ > PID; sleep 60' & wait",
        // One that goes on forking.
        "setsid sh -c 'echo $$ > PID; while :; do sleep 0.01 & done' & wait",
    ] {
        let dir = open_dir();
        let pid = dir.path().join("pid");
        let text = text.replace("PID", &pid.display().to_string());
        let why = script(&text, json!({})).deadline(Duration::from_millis(1_500)).run().unwrap_err();
        assert_eq!(why.cause, Cause::Timeout);
        assert!(ends(&std::fs::read_to_string(pid).unwrap()), "{text}");
    }
}

#[test]
fn a_daemon_that_a_command_leaves_behind_dies_with_it() {
    let answer = script("setsid sleep 60 >/dev/null 2>&1 & echo $!", json!({})).run().unwrap();
    let Value::Text(pid) = value(&answer, 0, "stdout") else { panic!("no text") };
    assert!(ends(&pid));
}

#[test]
fn when_nobody_waits_the_whole_family_dies() {
    let dir = open_dir();
    let pid = dir.path().join("pid");
    let text = format!("sleep 60 & echo $! > {}; wait", pid.display());
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    runtime.block_on(async {
        let asked = tokio::time::timeout(Duration::from_millis(1_200), script(&text, json!({})).run_async());
        assert!(asked.await.is_err());
    });
    assert!(ends(&std::fs::read_to_string(pid).unwrap()));
}

#[test]
fn what_a_command_leaves_behind_dies_with_it() {
    let answer = script("sleep 60 & echo $!", json!({})).run().unwrap();
    let Value::Text(pid) = value(&answer, 0, "stdout") else { panic!("no text") };
    assert!(ends(&pid));
}

#[test]
fn output_that_something_else_holds_is_not_whole() {
    let answer = script("setsid sleep 3 & sleep 0.3; echo done", json!({})).run().unwrap();
    assert_eq!(cause(&answer, 0, "stdout"), Cause::Incomplete);
    assert_eq!(value(&answer, 0, "exit_status"), Value::Int(0));
}

#[test]
fn a_secret_is_not_repeated() {
    let printed = Printed { bytes: b"token hunter2!".to_vec(), ..Printed::default() };
    let cx = crate::probe::testing::context();
    cx.redactor.learn("hunter2!");
    assert_eq!(text(&printed, "stdout", &cx).unwrap(), "token [secret]");
}
