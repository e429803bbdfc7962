use super::*;

fn yaml(text: &str) -> Result<Framework, Vec<Diag>> {
    from_yaml(&Source::new("f.yaml", text))
}

fn oscal(text: &str) -> Result<Framework, Vec<Diag>> {
    oscal::read(&Source::new("nist.json", text), Path::new("/srv/NIST 800-53.json"))
}

/// What is wrong: the code, the place and the message of each fault.
fn wrong(read: Result<Framework, Vec<Diag>>) -> Vec<String> {
    let diags = read.unwrap_err();
    assert!(!diags.is_empty());
    let one = |diag: &Diag| {
        let label = diag.labels.first();
        let place = label.map(|label| format!("{} {}", label.loc, label.text));
        format!("{} {}: {}", diag.code.id, place.unwrap_or_default().trim(), diag.message)
    };
    diags.iter().map(one).collect()
}

fn declared(files: &[&str]) -> Frameworks {
    Frameworks::new(files.iter().map(|text| Arc::new(yaml(text).unwrap())).collect())
}

fn help(frameworks: &Frameworks, word: &str) -> (String, String) {
    let fault = frameworks.find(word).unwrap_err();
    (fault.message, fault.help)
}

const SOC2: &str =
    "framework: soc2\ntitle: SOC 2\ncontrols: [{ id: A1.2, title: Backups }, { id: CC6.1, title: Access }]\n";
const ISO: &str = "framework: iso\ntitle: ISO\ngroups: [{ title: A, groups: [{ title: B, controls: [{ id: A.5.15, title: Access }, { id: CC6.1, title: Other }] }] }]\n";

#[test]
fn the_playbook_can_be_read() {
    let playbook = playbook().unwrap();
    assert_eq!((&*playbook.id, &*playbook.source), (PLAYBOOK, BUILTIN));
    assert!(playbook.controls.len() > 40);
    assert!(playbook.controls.iter().all(|control| control.groups.len() == 1), "each has its group");
}

#[test]
fn groups_are_read_whole() {
    let iso = yaml(ISO).unwrap();
    let ids: Vec<&str> = iso.controls.iter().map(|control| &*control.id).collect();
    assert_eq!(ids, ["A.5.15", "CC6.1"]);
    assert_eq!(iso.controls[0].groups, ["A".into(), "B".into()]);
    assert_eq!(&*iso.controls[0].at, "f.yaml:3:60");
}

#[test]
fn a_framework_that_is_wrong_is_refused_at_its_place() {
    let head = "framework: f\ntitle: F\n";
    let mut others = Vec::new();
    for (text, expected) in [
        ("", "empty-input : the framework file `f.yaml` is empty"),
        ("# nothing\n", "empty-input : the framework file `f.yaml` is empty"),
        ("framework: f\ntitle: F\n", "framework f.yaml:1:1: there is no control in it"),
        ("[]", "wrong-type f.yaml:1:1: expected a framework, found a list"),
        ("policy: p", "unknown-key f.yaml:1:1 unknown key: a framework has no key `policy`"),
        (&format!("{head}controls: []"), "bad-value f.yaml:3:11 nothing stands in it: the list is empty"),
        (&format!("{head}groups: [{{ title: A }}]"), "framework f.yaml:3:12: there is no control in it"),
        (
            &format!(
                "{head}controls: [{{ id: a, title: A }}]\ngroups: [{{ title: G, controls: [{{ id: a, title: B }}] }}]"
            ),
            "framework f.yaml:4:39 the second: two controls have the id `a`",
        ),
        (&format!("{head}controls: [{{ id: \"\", title: A }}]"), "bad-value f.yaml:3:18: the text is empty"),
        (
            &format!("{head}controls: [{{ id: 5.10, title: A }}]"),
            "wrong-type f.yaml:3:18: expected a text, found a number",
        ),
        (
            &format!("{head}controls: [{{ id: \"soc2:a\", title: A }}]"),
            "framework f.yaml:3:18: the id of a control has a colon",
        ),
        (
            &format!("{head}controls: [{{ id: a }}]"),
            "missing-key f.yaml:3:14 `title` is missing here: a control needs `title`",
        ),
        (
            &format!("{head}controls: [{{ id: a, title: A, link: \"javascript:alert(1)\" }}]"),
            "bad-value f.yaml:3:37: `javascript:alert(1)` is no link",
        ),
        (
            &format!("{head}title: G\ncontrols: [{{ id: a, title: A }}]"),
            "duplicate-key f.yaml:3:1 again here: the key `title` stands twice in one map",
        ),
        (
            &format!("{SOC2}---\n{ISO}"),
            "bad-value f.yaml:5:1 here a second one begins: a framework file is one document",
        ),
    ] {
        let found = wrong(yaml(text)).remove(0);
        if found != expected {
            others.push((text.to_owned(), found));
        }
    }
    assert_eq!(others, Vec::new());
    let deep = "groups: [{ title: A, ".repeat(40);
    assert!(
        wrong(yaml(&format!("{head}{deep}")))[0].starts_with("yaml-limit"),
        "{:?}",
        wrong(yaml(&format!("{head}{deep}")))
    );
}

#[test]
fn an_id_is_known_or_it_is_an_error() {
    let both = declared(&[SOC2, ISO]);
    let found = |word: &str| match both.find(word).unwrap() {
        Found::Control(framework, control) => format!("{}/{}", framework.id, control.title),
        Found::Free => "free".to_owned(),
    };
    assert_eq!(found("A1.2"), "soc2/Backups");
    assert_eq!(found(" soc2:CC6.1 "), "soc2/Access");
    assert_eq!(found("iso:CC6.1"), "iso/Other");
    assert_eq!(found("playbook:backup-recent"), "playbook/Backups are made on schedule");
    for (word, message, advice) in [
        ("CC6.1", "2 frameworks have a control `CC6.1`", "say which is meant: `soc2:CC6.1` or `iso:CC6.1`"),
        ("A1.3", "no framework of the project has a control `A1.3`", "did you mean `A1.2`?"),
        ("a1.2", "no framework of the project has a control `a1.2`", "did you mean `A1.2`?"),
        ("soc2:a1.2", "the framework `soc2` has no control `a1.2`", "did you mean `soc2:A1.2`?"),
        (
            "soc2:",
            "the framework `soc2` has no control ``",
            "`muster list controls --framework soc2` shows its ids",
        ),
        ("SOC2:A1.2", "the project declares no framework `SOC2`", "did you mean `soc2:A1.2`?"),
        (
            "nist:ac-2",
            "the project declares no framework `nist`",
            "it declares soc2, iso: `muster list controls` shows their ids, and `frameworks:` in muster.yaml takes more",
        ),
        (
            "playbook:backup-recnt",
            "the framework `playbook` has no control `backup-recnt`",
            "did you mean `playbook:backup-recent`?",
        ),
        (
            "backup-recent",
            "no framework of the project has a control `backup-recent`",
            "did you mean `playbook:backup-recent`?",
        ),
    ] {
        assert_eq!(help(&both, word), (message.to_owned(), advice.to_owned()), "{word}");
    }
}

#[test]
fn without_a_framework_ids_are_free_but_for_those_of_the_playbook() {
    let none = Frameworks::default();
    assert_eq!(none.find("SOC2-A1.2"), Ok(Found::Free));
    assert_eq!(none.find("soc2:A1.2"), Ok(Found::Free));
    assert!(matches!(none.find("playbook:db-bloat"), Ok(Found::Control(..))));
    assert_eq!(help(&none, "playbook:db-blot").1, "did you mean `playbook:db-bloat`?");
    assert_eq!(help(&none, "Playbook:db-bloat").1, "did you mean `playbook:db-bloat`?");
}

const CATALOG: &str = r##"{ "catalog": { "uuid": "x", "metadata": { "title": "NIST\n SP 800-53", "version": "5.1" },
 "groups": [ { "id": "ac", "title": "Access", "controls": [
  { "id": "ac-1", "title": "Policy", "parts": [ { "name": "statement", "prose": "Write it:", "parts": [ { "name": "item", "prose": "down." } ] }, { "name": "guidance", "prose": "Do." } ],
    "links": [ { "href": "#abc", "rel": "reference" }, { "href": "https://example.org/ac-1" } ],
    "controls": [ { "id": "ac-1.1", "title": "Enhanced" } ] },
  { "id": "ac-13", "title": "Supervision", "props": [ { "name": "status", "value": "withdrawn" } ], "links": [ { "href": "#ac-2", "rel": "incorporated-into" } ] } ] } ],
 "controls": [ { "id": "top", "title": "Top" } ] } }"##;

#[test]
fn a_catalog_is_a_framework() {
    let nist = oscal(CATALOG).unwrap();
    assert_eq!((&*nist.id, &*nist.title), ("nist-800-53", "NIST SP 800-53"));
    assert_eq!(nist.version.as_deref(), Some("5.1"));
    let ids: Vec<&str> = nist.controls.iter().map(|control| &*control.id).collect();
    assert_eq!(ids, ["top", "ac-1", "ac-1.1", "ac-13"]);
    let first = &nist.controls[1];
    assert_eq!(first.text.as_deref(), Some("Write it:\ndown."));
    assert_eq!(first.link.as_deref(), Some("https://example.org/ac-1"));
    assert_eq!(&*first.at, "nist.json#/catalog/groups/0/controls/0");
    assert_eq!(first.groups, ["Access".into()]);
    let frameworks = Frameworks::new(vec![Arc::new(nist)]);
    assert!(matches!(frameworks.find("ac-1.1"), Ok(Found::Control(..))));
    assert_eq!(help(&frameworks, "AC-1").1, "did you mean `ac-1`?");
    let withdrawn =
        ("`nist-800-53` has withdrawn its control `ac-13`", "it became a part of `ac-2`: name that");
    assert_eq!(help(&frameworks, "ac-13"), (withdrawn.0.to_owned(), withdrawn.1.to_owned()));
}

#[test]
fn a_catalog_that_is_wrong_is_refused_by_its_pointer() {
    let with =
        |groups: &str| format!("{{\"catalog\": {{ \"metadata\": {{ \"title\": \"T\" }},\n {groups} }} }}");
    let mut others = Vec::new();
    for (text, expected) in [
        ("", "framework nist.json: `nist.json` is not JSON: EOF while parsing a value"),
        ("framework: f", "framework nist.json:1:2: `nist.json` is not JSON: expected ident"),
        ("[]", "framework nist.json:1:1: the file is not as OSCAL says: it is no object"),
        (
            "{\"catalog\": [{\"title\": \"T\"}, [], []]}",
            "framework nist.json:1:13 at `/catalog`: `/catalog` is not as OSCAL says: it is no object",
        ),
        ("{}", "framework nist.json:1:1: `nist.json` is no OSCAL catalog: it has no `catalog`"),
        ("{\"profile\": {}}", "framework nist.json:1:1: `nist.json` is no OSCAL catalog, but a profile"),
        (
            "{\"catalog\": {}}",
            "framework nist.json:1:14 at `/catalog`: `/catalog` is not as OSCAL says: missing field `metadata`",
        ),
        (&with("\"controls\": []"), "framework nist.json:1:13 at `/catalog`: the catalog has no controls"),
        (
            &with("\"controls\": [], \"controls\": [{\"id\": \"a\", \"title\": \"A\"}]"),
            "framework nist.json:2:27 at `/catalog`: `/catalog` is not as OSCAL says: duplicate field `controls`",
        ),
        (
            &with(
                "\"controls\": [{\"id\": \"a\", \"title\": \"A\"}], \"groups\": [{ \"title\": \"G\", \"controls\": [{\"id\": \"b\", \"title\": \"B\", \"controls\": [{\"id\": \"a\", \"title\": \"B\"}]}]}]",
            ),
            "framework nist.json:2:129 at `/catalog/groups/0/controls/0/controls/0/id`: two controls have the id `a`",
        ),
        (
            &with("\"controls\": [{\"id\": \" \", \"title\": \"A\"}]"),
            "framework nist.json:2:22 at `/catalog/controls/0/id`: the id of a control is empty",
        ),
        (
            &with("\"controls\": [{\"title\": \"A\"}]"),
            "framework nist.json:2:28 at `/catalog/controls/0`: `/catalog/controls/0` is not as OSCAL says: missing field `id`",
        ),
        (
            &with("\"controls\": [{\"id\": 5, \"title\": \"A\"}]"),
            "framework nist.json:2:22 at `/catalog/controls/0/id`: `/catalog/controls/0/id` is not as OSCAL says: invalid type: integer `5`, expected a string",
        ),
        (
            &with("\"controls\": [{\"id\": \"a\", \"title\": \"\"}]"),
            "framework nist.json:2:15 at `/catalog/controls/0/title`: a title is empty",
        ),
        (
            &with("\"controls\": {}"),
            "framework nist.json:2:13 at `/catalog`: `/catalog` is not as OSCAL says: invalid type: map, expected a sequence",
        ),
        (
            &with("\"controls\": null"),
            "framework nist.json:2:17 at `/catalog`: `/catalog` is not as OSCAL says: invalid type: null, expected a sequence",
        ),
    ] {
        let found = wrong(oscal(text)).remove(0);
        if found != expected {
            others.push((text.to_owned(), found));
        }
    }
    assert_eq!(others, Vec::new());
}

#[test]
fn a_catalog_that_is_deep_or_of_one_line_ends_in_a_message() {
    let deep = format!(
        "{{\"catalog\": {{\"metadata\": {{\"title\": \"T\"}}, {}\"controls\": [] {} }} }}",
        "\"groups\": [{\"title\": \"G\", ".repeat(5000),
        "}]".repeat(5000)
    );
    let found = wrong(oscal(&deep));
    assert_eq!(found.len(), 1);
    // A line that is so long is not shown.
    assert!(found[0].starts_with("yaml-limit nist.json#/catalog/groups/0/groups/0"), "{found:?}");
    let sentence =
        format!("groups and controls stand more than 32 deep, at `/catalog{}`", "/groups/0".repeat(33));
    assert!(found[0].ends_with(&sentence), "{found:?}");
    let twice = r#"{"id": "a", "title": "A"},"#.repeat(200);
    let many = format!(
        "{{\"catalog\": {{\"metadata\": {{\"title\": \"T\"}}, \"controls\": [{}] }} }}",
        twice.trim_end_matches(',')
    );
    let found = wrong(oscal(&many));
    assert_eq!(found.len(), 51);
    assert!(found[50].ends_with("`nist.json` has 149 more faults of this kind"), "{}", found[50]);
}

#[test]
fn a_catalog_is_called_as_its_file_is() {
    let called = |path: &str| {
        oscal::read(&Source::new("x.json", CATALOG), Path::new(path)).map(|found| found.id.to_string())
    };
    assert_eq!(called("/a/NIST_SP-800-53_rev5_catalog.json").unwrap(), "nist_sp-800-53_rev5_catalog");
    assert_eq!(called("/a/Grundschutz++.json").unwrap(), "grundschutz");
    assert_eq!(
        wrong(called("/a/世界.json").map(|_| panic!()))[0],
        "framework : `x.json` cannot be the name of a framework"
    );
}
