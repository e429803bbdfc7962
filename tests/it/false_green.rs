//! The twenty ways in which established checkers pass what is broken (F1 to F20), each with cases of our own.
//!
//! A line of policy is wrong in each, or the world is; never may the answer be a pass.

use std::time::Duration;

use crate::faults::Faults;
use crate::harness::{Run, Shop, in_days};
use crate::http::{Http, Reply};
use crate::tls::{Cert, TlsServer};

const HOST: &str = "policies: [policies/]\ntargets:\n  here: { type: host }\n";

/// A policy that holds: the file is there.
const FINE: &str = r"
target: { type: host }
observe: { file: { probe: file.stat, with: { path: @SHOP@/muster.yaml } } }
each: file
fail: exists == false
";

/// A shop with a host and the policy that holds.
fn shop() -> Shop {
    let shop = Shop::new();
    shop.project(HOST).policy("fine", FINE);
    shop
}

/// A shop with one policy about files `a` and `b`, of 1 and 0 bytes.
fn files(rest: &str) -> Shop {
    let shop = Shop::new();
    shop.project(HOST).file("a", "x").file("b", "");
    let observe = "target: { type: host }\nobserve: { files: { probe: file.stat, with: { paths: [@SHOP@/a, @SHOP@/b] } } }\neach: files\n";
    shop.policy("files", &format!("{observe}{rest}"));
    shop
}

/// A shop that asks a service for JSON and judges its `lag`.
fn service(url: &str, fact: &str, rule: &str) -> Shop {
    let shop = Shop::new();
    shop.project(&format!("policies: [policies/]\ntargets:\n  api: {{ type: service, url: {url} }}\n"));
    shop.policy(
        "lag",
        &format!(
            "target: {{ type: service }}\nobserve: {{ api: {{ probe: http.response, facts: {{ lag: {fact} }} }} }}\neach: api\n{rule}\n"
        ),
    );
    shop
}

fn answering(reply: Reply, fact: &str, rule: &str) -> Run {
    let http = Http::always(reply).unwrap();
    service(&http.url("/health"), fact, rule).check(&[])
}

fn json(status: u16, body: &str) -> Reply {
    Reply::new(status, "application/json", body)
}

/// No pass anywhere in the report.
#[track_caller]
fn nothing_passed(run: &Run) {
    assert_eq!(run.json()["subjects"]["pass"], 0, "{}", run.stdout);
}

#[test]
fn f1_a_misspelt_key_is_refused_at_every_level() {
    for (wrong, said) in [
        ("wehre: exists\n", "where"),
        ("fial: exists == false\n", "fail"),
        ("params: { limit: { defualt: 3 } }\n", "default"),
        ("alert: { urgancy: page, context: [size] }\n", "urgency"),
        ("fail: [{ fi: exists == false }]\n", "if"),
    ] {
        let rule = if wrong.starts_with("fail") { "" } else { "fail: exists == false\n" };
        files(&format!("{rule}{wrong}")).check(&[]).exits(2).says("unknown-key").says(&format!("`{said}`"));
    }
    let shop = shop();
    shop.policy("with", &FINE.replace("path:", "pth:")).check(&[]).exits(2).says("`path`");
    shop.policy("with", &FINE.replace("probe:", "prob:")).check(&[]).exits(2).says("`probe`");
}

#[test]
fn f1_a_misspelt_key_of_the_project_is_refused() {
    for (wrong, said) in [
        ("polices: [policies/]\n", "policies"),
        ("waviers: []\n", "waivers"),
        ("store: { pth: x }\n", "path"),
    ] {
        let shop = shop();
        shop.project(&format!("{HOST}{wrong}")).check(&[]).exits(2).says(&format!("`{said}`"));
    }
    let shop = shop();
    shop.project(&HOST.replace("type:", "tpye:")).check(&[]).exits(2).says("`type`");
    shop.project(&HOST.replace("host }", "host, limits: { dedline: 1s } }")).check(&[]).exits(2);
}

#[test]
fn f2_two_policies_with_one_id_are_refused() {
    let shop = shop();
    shop.file("policies/deep/other.yaml", &crate::harness::policy("fine", FINE));
    shop.check(&[]).exits(2).says("duplicate-policy").says("policies/fine.yaml").says("deep/other.yaml");
    let shop = Shop::new();
    let twice = crate::harness::policy("fine", FINE);
    shop.project(HOST).file("policies/both.yaml", &format!("{twice}---\n{twice}"));
    shop.check(&[]).exits(2).says("duplicate-policy");
}

#[test]
fn f2_a_key_that_stands_twice_is_refused() {
    files("fail: exists == false\nfail: size == null\n").check(&[]).exits(2).says("duplicate-key");
    let shop = shop();
    shop.project(&format!("{HOST}  here: {{ type: host }}\n")).check(&[]).exits(2).says("duplicate-key");
}

#[test]
fn f3_an_empty_list_checks_nothing_and_is_refused() {
    for empty in ["fail: []\n", "fail: exists == false\nwarn: []\n", "expect: []\n"] {
        files(empty).check(&[]).exits(2);
    }
    files("fail: exists == false\ntags: []\n").check(&[]).exits(2).says("empty");
    let shop = shop();
    shop.policy("none", &FINE.replace("path: @SHOP@/muster.yaml", "paths: []")).check(&[]).exits(2);
    shop.project("policies: []\ntargets: { here: { type: host } }\n").check(&[]).exits(2).says("empty");
    let shop = Shop::new();
    shop.project(HOST).file("policies/readme.txt", "no policy here");
    shop.check(&[]).exits(2).says("empty-input");
    shop.file("policies/empty.yaml", "# nothing\n").check(&[]).exits(2).says("empty-input");
}

#[test]
fn f3_a_rule_without_a_value_is_refused() {
    for wrong in ["fail:\n", "fail: ~\n", "fail: null\n", "fail: !reachable\n", "fail: ''\n", "expect: \n"] {
        files(wrong).check(&[]).exits(2);
    }
    files("fail: exists == false # || size == 0.bytes\n").check(&[]).exits(2).says("comment-cuts");
    files("message: It holds.\n").check(&[]).exits(2).says("no-rule");
}

#[test]
fn f4_a_run_in_which_all_was_skipped_is_not_success() {
    let shop = files("fail: exists == false\nwhen: target.name == \"elsewhere\"\n");
    let run = shop.check(&[]).exits(4);
    assert_eq!(run.verdict("files"), "skipped");
    nothing_passed(&run);
    // A second policy that was judged makes it one.
    shop.policy("fine", FINE).check(&[]).exits(0);
}

#[test]
fn f5_the_exit_code_is_the_same_in_every_format() {
    for (rule, code) in [
        ("fail: exists == false\n", 0),
        ("fail: (size ?? 0.bytes) == 0.bytes\n", 1),
        ("fail: exsts == false\n", 2),
        ("expect: some\nfail: exists == false\nwhere: size > 1.GiB\n", 3),
        ("fail: exists == false\nwhere: (size ?? 0.bytes) > 1.GiB\n", 4),
    ] {
        let rule = rule.replace("where: size >", "where: (size ?? 0.bytes) >");
        let shop = files(&rule);
        shop.run(&["check"]).exits(code);
        for format in ["human", "json", "junit", "markdown", "html"] {
            shop.run(&["check", "--format", format]).exits(code);
            shop.run(&["check", "--format", &format!("{format}=out")]).exits(code);
        }
    }
}

/// Is a process there, and not a zombie?
fn lives(pid: &str) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap_or_default();
    status.rsplit(')').next().is_some_and(|rest| !rest.trim().is_empty() && !rest.trim().starts_with('Z'))
}

#[test]
fn f6_a_command_that_is_too_late_is_killed_with_all_that_it_started() {
    let shop = Shop::new();
    shop.file(
        "slow.sh",
        "echo $$ > self\n(sleep 600 & echo $! > grandchild; wait) &\necho $! > child\nwait\n",
    );
    shop.project("policies: [policies/]\ncommands: { slow: [sh, slow.sh] }\ntargets:\n  here: { type: host, limits: { deadline: 2s } }\n");
    shop.policy(
        "slow",
        "target: { type: host }\nobserve: { out: { probe: command.output, with: { command: slow } } }\nfail: exit_status != 0\n",
    );
    let run = shop.check(&[]).exits(3);
    assert_eq!(run.cause("slow"), "timeout");
    for name in ["self", "child", "grandchild"] {
        let pid = std::fs::read_to_string(shop.at(name)).unwrap();
        for _ in 0..200 {
            if !lives(&pid) {
                break;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        assert!(!lives(&pid), "{name} {pid} was left running");
    }
}

const SECONDS: &str = "{ type: duration, at: /lag, unit: s }";

#[test]
fn f7_what_is_not_in_the_answer_is_unknown_and_never_zero() {
    let good = answering(json(200, r#"{"lag": 5}"#), SECONDS, "fail: lag > 100.seconds");
    assert_eq!(good.exits(0).verdict("lag"), "pass");
    let html = "<html><head><title>502 Bad Gateway</title></head></html>";
    for (reply, cause) in [
        (json(200, r#"{"lagg": 5}"#), "absent"),
        (json(200, r#"{"lag": null}"#), "wrong-type"),
        (json(200, r#"{"lag": "97%"}"#), "wrong-type"),
        (json(200, r#"{"lag": [5]}"#), "wrong-type"),
        (json(200, r#"{"lag": 5"#), "malformed"),
        (Reply::with(502, &[("Content-Type", "text/html")], html), "malformed"),
        (json(200, ""), "malformed"),
        (json(204, ""), "malformed"),
    ] {
        for rule in ["fail: lag > 100.seconds", "fail: \"!(lag < 100.seconds)\"", "fail: lag != 5.seconds"] {
            let run = answering(reply.clone(), SECONDS, rule).exits(3);
            assert_eq!(run.cause("lag"), cause, "{reply:?}");
            nothing_passed(&run);
        }
    }
}

#[test]
fn f7_a_percentage_in_quotes_is_not_a_number() {
    for fact in ["{ type: float, at: /lag }", "{ type: ratio, at: /lag }", "{ type: int, at: /lag }"] {
        let limit = if fact.contains("ratio") { "90.percent" } else { "90" };
        let limit = if fact.contains("float") { "90.0" } else { limit };
        let run = answering(json(200, r#"{"lag": "97%"}"#), fact, &format!("fail: \"!(lag < {limit})\""));
        assert_ne!((run.code, run.verdict("lag")), (0, "pass"), "{fact}");
    }
}

#[test]
fn f8_a_refused_connection_is_unreachable_and_has_no_number() {
    let url = format!("http://{}/health", Faults::refused().unwrap());
    for rule in [
        "fail: status >= 500",
        "fail: status == 500",
        "fail: latency > 500.milliseconds",
        "fail: \"!(status < 500)\"",
        "fail: lag > 1.seconds",
        "warn: status == 404",
    ] {
        let run = service(&url, SECONDS, rule).check(&[]).exits(3);
        assert_eq!(run.cause("lag"), "unreachable");
        nothing_passed(&run);
    }
}

#[test]
fn f8_a_server_that_breaks_off_is_unknown() {
    use crate::faults::Mode;
    let answer = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{\"lag\": 5}";
    for mode in [Mode::EMPTY, Mode::RESET, Mode::Garbage, Mode::Cut { after: 40 }, Mode::Reset { after: 40 }]
    {
        let server = Faults::answering(answer, mode).unwrap();
        let run = service(&format!("http://{}/", server.addr()), SECONDS, "fail: lag > 9.seconds").check(&[]);
        let run = run.exits(3);
        assert_eq!(run.verdict("lag"), "unknown", "{mode:?}");
        nothing_passed(&run);
    }
    for mode in [Mode::HANG, Mode::Hang { after: 40 }, Mode::Drip { every: Duration::from_millis(500) }] {
        let server = Faults::answering(answer, mode).unwrap();
        let shop = service(&format!("http://{}/", server.addr()), SECONDS, "fail: lag > 9.seconds");
        let run = shop.check(&["--deadline", "700ms"]).exits(3);
        assert_eq!(run.cause("lag"), "timeout", "{mode:?}");
    }
}

#[test]
fn f9_floats_are_not_cut_to_integers() {
    let float = "{ type: float, at: /lag }";
    let ratio = "{ type: ratio, at: /lag }";
    for (body, fact, rule, code) in [
        (r#"{"lag": 0.9}"#, float, "fail: lag > 0.5", 1),
        (r#"{"lag": 0.4}"#, float, "fail: lag > 0.5", 0),
        (r#"{"lag": 0.5}"#, float, "fail: lag > 0.5", 0),
        (r#"{"lag": 0.5000001}"#, float, "fail: lag > 0.5", 1),
        (r#"{"lag": 1}"#, float, "fail: lag > 0.5", 1),
        (r#"{"lag": 0.9}"#, ratio, "fail: lag > 50.5.percent", 1),
        (r#"{"lag": 0.504}"#, ratio, "fail: lag > 50.5.percent", 0),
        (r#"{"lag": 0.9}"#, "{ type: duration, at: /lag, unit: s }", "fail: lag > 500.milliseconds", 1),
        (r#"{"lag": 0.9}"#, "{ type: int, at: /lag }", "fail: lag > 0", 3),
    ] {
        let run = answering(json(200, body), fact, rule);
        assert_eq!(run.code, code, "{body} {fact} {rule}\n{}{}", run.stdout, run.stderr);
    }
}

#[test]
fn f10_a_misspelt_name_is_refused_wherever_it_stands() {
    let lines = [
        ("fail: exsts == false\n", "exists"),
        ("fail: exists == false\nmessage: '{{ pth }}'\n", "path"),
        (
            "fail: exists == false\nparams: { most: 3 }\nwarn: (size ?? 0.bytes) > 3.bytes * params.mst\n",
            "most",
        ),
        ("fail: exists == false\nremedy: { steps: [{ shell: 'rm {{ paht }}' }] }\n", "path"),
        ("let: { big: (size ?? 0.bytes) > 3.bytes }\nfail: bgi\n", "big"),
        ("fail: type == \"fiel\"\n", "file"),
        ("fail: lenn(path) > 3\n", "len"),
        ("fail: target.labels.rol == \"x\"\n", ""),
        ("fail: files2.size == 3.bytes\n", ""),
    ];
    for (line, said) in lines {
        files(line).check(&[]).exits(2).says(said);
    }
    let shop = shop();
    shop.policy("probe", &FINE.replace("file.stat", "file.stats")).check(&[]).exits(2).says("file.stat");
    let shop = Shop::new();
    shop.project(HOST).policy("each", &FINE.replace("each: file", "each: fiel")).check(&[]).exits(2);
}

#[test]
fn f11_a_policy_that_does_not_compile_stops_the_check() {
    let shop = shop();
    shop.policy("broken", "target: { type: host }\nobserve: { file: { probe: file.stat, with: { path: /x } } }\neach: file\nfail: exists == 3\n");
    let run = shop.check(&[]).exits(2).says("type-mismatch");
    assert!(!run.stdout.contains("\"checks\""), "{}", run.stdout);
    let run = shop.check(&["--keep-going"]).exits(3);
    assert_eq!((run.verdict("fine"), run.verdict("broken")), ("pass", "unknown"));
    for format in ["human", "junit", "markdown", "html"] {
        let run = shop.run(&["check", "--keep-going", "--format", format]).exits(3);
        assert!(run.stdout.contains("broken"), "{format}: {}", run.stdout);
    }
    // Unknown counts as `--fail-on` says, whatever made it so.
    shop.check(&["--keep-going", "--fail-on", "unknown"]).exits(1);
    shop.check(&["--keep-going", "--fail-on", "warn"]).exits(1);
}

#[test]
fn f11_with_keep_going_a_file_that_is_no_yaml_is_not_absent() {
    let shop = shop();
    shop.file("policies/torn.yaml", "policy: torn\nfail: \"exists\n");
    shop.check(&[]).exits(2).says("yaml-syntax");
    shop.check(&["--keep-going"]).exits(2).says("yaml-syntax");
    // Nor beside one that is only broken: nobody knows how many policies it holds.
    shop.policy("broken", "target: { type: host }\nobserve: { file: { probe: file.stat, with: { path: /x } } }\neach: file\nfail: exists == 3\n");
    shop.check(&["--keep-going"]).exits(2).says("yaml-syntax");
}

#[test]
fn f12_unknown_is_an_exit_code_of_its_own() {
    let shop = shop();
    shop.policy("loop", "target: { type: host }\nobserve: { file: { probe: file.stat, with: { path: @SHOP@/loop/x } } }\neach: file\nfail: exists == false\n");
    std::os::unix::fs::symlink("loop", shop.at("loop")).unwrap();
    let run = shop.check(&[]).exits(3);
    assert_eq!((run.verdict("fine"), run.verdict("loop")), ("pass", "unknown"));
    shop.check(&["--fail-on", "unknown"]).exits(1);
    shop.check(&["--fail-on", "fail"]).exits(3);
    // An unknown `fail` is unknown also where `warn` is true.
    let text = "target: { type: host }\nobserve: { file: { probe: file.stat, with: { path: @SHOP@/loop/x } } }\neach: file\nfail: exists == false\nwarn: path != \"\"\n";
    assert_eq!(shop.policy("loop", text).check(&[]).exits(3).verdict("loop"), "unknown");
}

#[test]
fn f13_a_failure_is_an_error_without_any_option() {
    let shop = files("fail: (size ?? 0.bytes) == 0.bytes\n");
    let run = shop.run(&["check"]).exits(1);
    assert!(run.stdout.contains("files") && run.stdout.contains('b'), "{}", run.stdout);
    assert_eq!(shop.check(&[]).exits(1).verdict("files"), "fail");
}

#[test]
fn f14_a_filter_that_leaves_nothing_is_skipped_and_says_so() {
    let narrow = "where: (size ?? 0.bytes) > 5.GiB\n";
    let shop = files(&format!("fail: exists == false\n{narrow}"));
    let run = shop.check(&[]).exits(4);
    assert_eq!(run.verdict("files"), "skipped");
    assert_eq!(run.check_of("files")["note"], "none of 2 qualified");
    let human = shop.run(&["check", "--verbose"]).exits(4);
    assert!(human.stdout.contains("none of 2 qualified"), "{}", human.stdout);
    // Beside another check that was judged it is shown and does not count as a pass.
    shop.policy("fine", FINE);
    let run = shop.check(&[]).exits(0);
    assert_eq!(run.json()["checks_by_verdict"]["skipped"], 1);
    assert_eq!(run.json()["checks_by_verdict"]["pass"], 1);

    let run = files(&format!("fail: exists == false\nexpect: some\n{narrow}")).check(&[]).exits(3);
    assert_eq!(run.cause("files"), "empty");
    let run = files(&format!("fail: exists == false\nexpect: any\n{narrow}")).check(&[]).exits(0);
    assert!(run.check_of("files")["note"].as_str().unwrap().contains("none of 2 qualified"));
}

#[test]
fn f14_a_filter_that_cannot_be_read_keeps_the_row() {
    let rule = "fail: size == null\nwhere: sha256 != null && starts_with(sha256, \"e3b0\")\n";
    let shop = files(rule);
    std::fs::remove_file(shop.at("b")).unwrap();
    std::os::unix::fs::symlink("b", shop.at("b")).unwrap();
    let run = shop.check(&[]).exits(3);
    assert_eq!(run.verdict_of("files", &shop.at("b").display().to_string()), "unknown");
}

#[test]
fn f14_an_expected_name_that_is_not_there_fails() {
    let run = files("expect: [\"@SHOP@/a\", \"@SHOP@/c\"]\n").check(&[]).exits(1);
    let missing = run.finding("files")["subject"]["shown"].as_str().unwrap().to_owned();
    assert!(missing.ends_with("/c"), "{missing}");
}

/// Runs `muster` as a user without rights, also when the tests run as root.
fn as_nobody(shop: &Shop, arguments: &[&str]) -> Run {
    use std::os::unix::fs::PermissionsExt as _;
    if !rustix::process::geteuid().is_root() {
        return shop.run(arguments);
    }
    std::fs::set_permissions(shop.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let own = shop.at("muster");
    std::fs::copy(env!("CARGO_BIN_EXE_muster"), &own).unwrap();
    let mut command = std::process::Command::new("setpriv");
    command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(own).args(arguments);
    command.current_dir(shop.path()).env_clear().env("HOME", "/").env("TERM", "dumb");
    command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    Run::of(command.spawn().unwrap())
}

#[test]
fn f15_a_file_that_may_not_be_read_is_unknown() {
    use std::os::unix::fs::PermissionsExt as _;
    let shop = Shop::new();
    shop.project(HOST).file("closed/key", "x").file("key.pem", "x");
    let close = |path: &str| {
        std::fs::set_permissions(shop.at(path), std::fs::Permissions::from_mode(0o000)).unwrap();
    };
    let observe = |probe: &str, with: &str, rule: &str| {
        format!(
            "target: {{ type: host }}\nobserve: {{ x: {{ probe: {probe}, with: {{ {with} }} }} }}\neach: x\n{rule}\n"
        )
    };
    // Each of these rules is false, or true of an empty answer, where the error is taken for "not there".
    for (id, probe, with, rule) in [
        ("there", "file.stat", "path: @SHOP@/closed/key", "fail: exists == true"),
        ("mode", "file.stat", "path: @SHOP@/closed/key", "fail: mode != null && mode == \"0644\""),
        ("sum", "file.stat", "path: @SHOP@/key.pem", "fail: sha256 == null"),
        ("count", "file.set", "root: @SHOP@/closed", "fail: count > 0"),
        ("certificate", "certificate.file", "path: @SHOP@/key.pem", "fail: not_after < now"),
    ] {
        shop.policy(id, &observe(probe, with, rule));
    }
    close("closed");
    close("key.pem");
    let run = as_nobody(&shop, &["check", "--format", "json"]).exits(3);
    nothing_passed(&run);
    for id in ["there", "mode", "sum", "count", "certificate"] {
        assert_eq!(run.cause(id), "denied", "{id}");
    }
    std::fs::set_permissions(shop.at("closed"), std::fs::Permissions::from_mode(0o700)).unwrap();
}

#[test]
fn f15_policies_that_may_not_be_read_are_wrong_input() {
    use std::os::unix::fs::PermissionsExt as _;
    let shop = shop();
    shop.policy("secret", FINE);
    std::fs::set_permissions(shop.at("policies/secret.yaml"), std::fs::Permissions::from_mode(0o000))
        .unwrap();
    as_nobody(&shop, &["check"]).exits(2).says("unreadable").says("secret.yaml");
    as_nobody(&shop, &["check", "--keep-going"]).exits(2);
}

#[test]
fn f16_a_low_severity_still_fails() {
    for severity in ["low", "medium", "high", "critical"] {
        let rule = format!("severity: {severity}\nfail: (size ?? 0.bytes) == 0.bytes\n");
        let run = files(&rule).check(&[]).exits(1);
        assert_eq!(run.finding("files")["severity"], severity);
    }
    files("severity: none\nfail: exists == false\n").check(&[]).exits(2);
    files("severity: { low: exists }\nfail: exists == false\n").check(&[]).exits(2).says("otherwise");
}

fn waiver(policy: &str, rest: &str) -> String {
    format!(
        "{HOST}waivers:\n  - {{ policy: {policy}, reason: known, owner: team, ticket: T-1, expires: {}{rest} }}\n",
        in_days(100)
    )
}

#[test]
fn f17_a_waiver_that_covers_nothing_is_told() {
    let shop = shop();
    let run = shop.project(&waiver("fine", ", subject: \"*/nowhere\"")).check(&[]).exits(0);
    assert_eq!(run.notices().len(), 1);
    assert_eq!(run.notices()[0]["verdict"], "warn");
    assert!(run.notices()[0]["message"].as_str().unwrap().contains("covers nothing"), "{}", run.stdout);
    let human = shop.run(&["check"]).exits(0);
    assert!(human.stdout.contains("covers nothing"), "{}", human.stdout);
    shop.check(&["--fail-on", "warn"]).exits(1);
}

#[test]
fn f17_a_waiver_of_an_unknown_policy_or_target_is_wrong_input() {
    let shop = shop();
    shop.project(&waiver("fien", "")).check(&[]).exits(2).says("unknown-name").says("`fine`");
    shop.project(&waiver("fine", ", target: heer")).check(&[]).exits(2).says("`here`");
    shop.project(&waiver("\"nothing-*\"", "")).check(&[]).exits(2);
    shop.project(&waiver("fine", "").replace("expires", "expiers")).check(&[]).exits(2);
    shop.project(&waiver("fine", "").replace(&in_days(100), "2027-02-30")).check(&[]).exits(2);
    shop.project(&waiver("fine", "").replace(&in_days(100), &in_days(500)))
        .check(&[])
        .exits(2)
        .says("400 days");
}

#[test]
fn f18_a_warning_is_seen_and_can_fail_the_run() {
    let shop = files("warn: (size ?? 0.bytes) == 0.bytes\nmessage: \"{{ path }} is empty\"\n");
    for format in ["human", "json", "junit", "markdown", "html"] {
        let run = shop.run(&["check", "--format", format]).exits(0);
        assert!(run.stdout.contains("is empty"), "{format}: {}", run.stdout);
    }
    assert_eq!(shop.check(&["--fail-on", "warn"]).exits(1).verdict("files"), "warn");
    assert_eq!(shop.check(&["--fail-on", "unknown"]).exits(0).verdict("files"), "warn");
}

#[test]
fn f19_an_answer_that_outgrows_its_limit_is_unknown() {
    let shop = Shop::new();
    for number in 0..20 {
        shop.file(&format!("many/{number}"), "x");
    }
    let body = "x".repeat(5_000);
    let http = Http::always(Reply::with(200, &[], &body)).unwrap();
    shop.project(&format!("policies: [policies/]\ncommands: {{ loud: [sh, -c, 'yes | head -c 200000'] }}\ntargets:\n  here: {{ type: host }}\n  api: {{ type: service, url: {} }}\n", http.url("/")));
    let policy = |id: &str, kind: &str, observe: &str, rule: &str| {
        shop.policy(
            id,
            &format!(
                "target: {{ type: {kind} }}\nobserve: {{ x: {{ {observe} }} }}\neach: x\nfail: {rule}\n"
            ),
        );
    };
    policy("entries", "host", "probe: file.set, with: { root: @SHOP@/many, max_entries: 5 }", "count > 100");
    policy("body", "service", "probe: http.response, with: { max_body: 1KiB }", "contains(body, \"error\")");
    policy("output", "host", "probe: command.output, with: { command: loud }", "contains(stdout, \"n\")");
    let run = shop.check(&[]).exits(3);
    for id in ["entries", "body", "output"] {
        assert_eq!(run.verdict(id), "unknown", "{id}\n{}", run.stdout);
    }
    nothing_passed(&run);
}

#[test]
fn f19_a_source_that_cannot_be_opened_is_unknown() {
    let shop = Shop::new();
    shop.file("text.db", "this is not a database, and long enough to be taken for one by its size alone\n");
    shop.file("empty.db", "");
    shop.project("policies: [policies/]\ncommands: { gone: [/nowhere/at-all] }\ntargets:\n  here: { type: host }\n  text: { type: sqlite, path: text.db }\n  empty: { type: sqlite, path: empty.db }\n  none: { type: sqlite, path: none.db }\n");
    shop.policy("tables", "target: { type: sqlite }\nobserve: { tables: { probe: sqlite.tables } }\neach: tables\nfail: rows > 100\n");
    shop.policy("rows", "target: { type: sqlite }\nobserve: { q: { probe: sqlite.query, with: { sql: SELECT count(*) AS open FROM orders }, facts: { open: int } } }\nfail: open > 0\n");
    shop.policy("command", "target: { type: host }\nobserve: { out: { probe: command.output, with: { command: gone } } }\nfail: exit_status == 2\n");
    let run = shop.check(&[]).exits(3);
    assert!(run.checks().iter().all(|check| check["verdict"] == "unknown"), "{}", run.stdout);
    nothing_passed(&run);
    assert!(!shop.at("none.db").exists(), "looking made a database");
}

/// Asks a server for its chain and judges the date only.
fn chain(server: &TlsServer, rule: &str) -> Run {
    let shop = Shop::new();
    shop.project(&format!(
        "policies: [policies/]\ntargets:\n  web: {{ type: service, url: \"tls://localhost:{}\" }}\n",
        server.port()
    ));
    shop.policy(
        "chain",
        &format!(
            "target: {{ type: service }}\nobserve: {{ chain: {{ probe: tls.chain }} }}\neach: chain\n{rule}\n"
        ),
    );
    shop.check(&[])
}

#[test]
fn f20_a_certificate_that_cannot_be_verified_still_shows_its_dates() {
    let expired = Cert::own("localhost", |params| {
        params.not_before = rcgen::date_time_ymd(2020, 1, 1);
        params.not_after = rcgen::date_time_ymd(2021, 2, 3);
    });
    let server = TlsServer::start(expired.unwrap().serving(&[]).unwrap()).unwrap();
    let run = chain(&server, "fail: chain_not_after - now < 7.days\nmessage: \"ends {{ chain_not_after }}\"")
        .exits(1);
    assert_eq!(run.verdict("chain"), "fail");
    assert!(run.finding("chain")["message"].as_str().unwrap().contains("2021-02-03"), "{}", run.stdout);
    let run = chain(&server, "fail: date_valid == false || trusted == false").exits(1);
    assert_eq!(run.verdict("chain"), "fail");

    let untrusted = Cert::own("other.test", |_| {}).unwrap();
    let server = TlsServer::start(untrusted.serving(&[]).unwrap()).unwrap();
    chain(&server, "fail: chain_not_after - now < 7.days").exits(0);
    chain(&server, "fail: trusted == false").exits(1);
    chain(&server, "fail: name_matches == false").exits(1);
}
