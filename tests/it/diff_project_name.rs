//! A project file of another name is called by it wherever a change of it is told.

use crate::harness::Shop;
use crate::repository::Repository;

#[test]
fn a_change_of_a_project_file_is_told_by_the_name_of_that_file() {
    let shop = Shop::new();
    let project = |interval: &str| {
        format!(
            "muster: 1\nowner: team\npolicies: [policies/]\nowners: {{ team: {{}} }}\ntargets: {{ here: {{ type: host }} }}\ntiers: {{ daily: {interval} }}\n"
        )
    };
    shop.file("ops.yaml", &project("12h")).policy(
        "logs",
        "target: { type: host }\nobserve: { file: { probe: file.stat, with: { path: /x } } }\neach: file\nfail: exists == false\n",
    );
    let repository = Repository::of(&shop);
    repository.commit("twelve hours");
    shop.file("ops.yaml", &project("24h"));
    for format in ["human", "markdown", "json", "github", "sarif"] {
        let run = shop.run(&["diff", "HEAD", "--project", "ops.yaml", "--format", format]).exits(0);
        assert!(run.stdout.contains("ops.yaml"), "{format}: {}", run.stdout);
        assert!(!run.stdout.contains("muster.yaml"), "{format}: {}", run.stdout);
    }
}
