//! What `--fix` mends.

use crate::harness::Shop;

const POLICY: &str = "target: { type: host }   # all of them\nobserve: { usage: { probe: disk.usage } }\n# the limit\nfail: free < 1.MiB\n";

fn shop() -> Shop {
    let shop = Shop::new();
    shop.project("policies: [policies/]\ntargets: { here: { type: host } }\n");
    shop.policy(
        "a",
        &format!(
            "tags: [ disk,  old, disk ]  # for lists\n# muster: allow slow-page -- it was slow once\n{POLICY}"
        ),
    );
    shop.policy(
        "b",
        &format!(
            "{}tags:\n- disk # muster: allow slow-page -- it was slow once\n- 'disk'\n",
            POLICY.replace("1.MiB", "2.MiB")
        ),
    );
    shop
}

fn read(shop: &Shop, id: &str) -> String {
    std::fs::read_to_string(shop.at(&format!("policies/{id}.yaml"))).unwrap()
}

#[test]
fn what_can_be_mended_is_and_the_rest_of_the_text_stays() {
    let shop = shop();
    let (a, b) = (read(&shop, "a"), read(&shop, "b"));
    let run = shop.run(&["lint", "--fix"]).exits(0).says("3 mended in 2 files");
    assert!(
        run.stdout.contains("the tag `disk` stands twice"),
        "a list in lines is for a person: {}",
        run.stdout
    );
    assert!(run.stdout.ends_with("2 policies: 1 warning\n"), "{}", run.stdout);
    let wanted = a
        .replace("[ disk,  old, disk ]", "[ disk,  old ]")
        .replace("# muster: allow slow-page -- it was slow once\n", "");
    assert_eq!(read(&shop, "a"), wanted);
    assert_eq!(read(&shop, "b"), b.replace(" # muster: allow slow-page -- it was slow once", ""));
    shop.run(&["lint", "--fix"]).exits(0);
    assert_eq!(read(&shop, "a"), wanted, "a second time changes nothing");
}

#[test]
fn a_dry_run_is_a_diff_that_patch_takes() {
    let shop = shop();
    let (a, b) = (read(&shop, "a"), read(&shop, "b"));
    let diff = shop.run(&["lint", "policies/", "--fix", "--dry-run"]).exits(0).stdout;
    assert_eq!((read(&shop, "a"), read(&shop, "b")), (a, b), "nothing is written");
    assert!(diff.starts_with("--- a/policies/a.yaml\n+++ b/policies/a.yaml\n@@ "), "{diff}");
    assert!(diff.contains("\n-tags: [ disk,  old, disk ]  # for lists\n"), "{diff}");
    assert!(diff.contains("\n+tags: [ disk,  old ]  # for lists\n"), "{diff}");
    assert_eq!(
        diff.lines().filter(|line| line.starts_with('-') && !line.starts_with("---")).count(),
        3,
        "{diff}"
    );
}

#[test]
fn what_is_allowed_or_known_is_not_mended() {
    let shop = Shop::new();
    shop.project("policies: [policies/]\ntargets: { here: { type: host } }\n");
    shop.policy(
        "a",
        &format!("# muster: allow repeated-tag -- a tool reads it so\ntags: [disk, disk]\n{POLICY}"),
    );
    let before = read(&shop, "a");
    shop.run(&["lint", "--fix"]).exits(0);
    assert_eq!(read(&shop, "a"), before);
}

#[test]
fn a_broken_file_is_left_and_the_others_are_mended() {
    let shop = shop();
    shop.policy("c", &format!("{POLICY}tags: [disk, disk"));
    let broken = read(&shop, "c");
    shop.run(&["lint", "--fix"]).exits(2).says("3 mended in 2 files");
    assert_eq!(read(&shop, "c"), broken);
    assert!(!read(&shop, "a").contains("allow slow-page"));
}

#[test]
fn edits_are_in_the_json_for_editors() {
    let json = shop().run(&["lint", "--format", "json"]).exits(0).json().clone();
    let edits: Vec<_> =
        json["diagnostics"].as_array().unwrap().iter().filter(|diag| diag.get("edits").is_some()).collect();
    assert_eq!(edits.len(), 3, "{json:#}");
    assert!(edits[0]["edits"][0]["start"].as_u64().unwrap() > 0);
}
