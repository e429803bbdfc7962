//! A policy about targets of several types.

use std::process::Command;

use crate::harness::Shop;
use crate::trial::done;

const ROWS: &str = "observe: { t: { probe: data.row_counts } }\neach: t\nfail: rows == 0\nmessage: \"{{ table }} has no row\"\nremedy: { steps: [{ sql: \"SELECT count(*) FROM {{ table }};\" }] }\n";

fn shop(kinds: &str) -> Shop {
    let shop = Shop::new();
    shop.project("owner: team\npolicies: [policies/]\ntargets:\n  a: { type: sqlite, path: a.db }\n");
    shop.file(
        "policies/rows.yaml",
        &format!("policy: rows\ntitle: Every table has rows\ntier: daily\nseverity: high\nowner: team\nwhy: An empty table was never loaded.\ntarget: {{ type: {kinds} }}\n{ROWS}"),
    );
    done(Command::new("sqlite3").arg(shop.at("a.db")).arg("CREATE TABLE \"Odd one\" (id)"));
    shop
}

#[test]
fn types_that_are_misspelt_doubled_none_or_not_asked_by_the_probe_are_refused() {
    for (kinds, said) in [
        ("[sqlite, mysqll]", "did you mean `mysql`"),
        ("[sqlite, sqlite]", "named twice"),
        ("[sqlite, host]", "cannot ask a target of type `host`"),
        ("[host, sqlite]", "cannot ask a target of type `host`"),
        ("[]", "empty"),
        ("{ a: b }", "type"),
    ] {
        let run = shop(kinds).check(&[]).exits(2);
        assert!(run.stderr.contains(said), "{kinds}: {}", run.stderr);
    }
}

#[test]
fn targets_of_each_type_are_judged_and_of_no_other() {
    for kinds in ["[postgres, sqlite]", "[sqlite, mysql]", "[sqlite]", "sqlite"] {
        let run = shop(kinds).check(&[]).exits(1);
        let finding = run.finding("rows");
        assert_eq!(finding["message"], "\"Odd one\" has no row", "{kinds}");
        assert_eq!(finding["remedy"][0]["text"], "SELECT count(*) FROM \"Odd one\";", "{kinds}");
    }
    let other = shop("[postgres, mysql]");
    other.check(&[]).exits(2).says("type `postgres, mysql`");
    let run = shop("[postgres, sqlite]").run(&["explain", "rows"]).exits(0);
    assert!(run.stdout.contains("type postgres, sqlite"), "{}", run.stdout);
}

#[test]
fn what_a_version_forgets_of_the_types_is_told() {
    let shop = shop("[postgres, sqlite]");
    let text = std::fs::read_to_string(shop.at("policies/rows.yaml")).unwrap();
    shop.file("was/rows.yaml", &text);
    shop.file("is/rows.yaml", &text.replace("[postgres, sqlite]", "postgres"));
    std::fs::remove_file(shop.at("muster.yaml")).unwrap();
    let run = shop.run(&["diff", "was", "is", "--fail-on", "looser"]);
    assert!(
        run.code == 1 && run.stdout.contains("not judged at the targets of before"),
        "{} {}",
        run.code,
        run.stdout
    );
}
