//! The example of `docs/adding-a-probe.md`, compiled as it stands there, and asked.

#[path = "new_probe/body.rs"]
mod body;
#[path = "new_probe/declaration.rs"]
mod declaration;

use std::sync::Arc;
use std::time::Duration;

use passmuster::fact::{Args, Request, Value};
use passmuster::probe::{Ask, Context, Probe, Target, system_clock};
use passmuster::secret::Redactor;

#[test]
fn the_example_answers() {
    let schema = Arc::new(declaration::LOAD.schema());
    let request = Request::new(declaration::LOAD.name, "here", Args::default(), schema, Vec::new());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let answer = runtime.block_on(async {
        let cx = Context {
            clock: system_clock(),
            deadline: tokio::time::Instant::now() + Duration::from_secs(5),
            target: Arc::new(Target::default()),
            redactor: Redactor::new(),
            idle: Arc::default(),
            meter: Arc::default(),
            others: std::collections::BTreeMap::new(),
            work: None,
            salt: Arc::default(),
            house: None,
        };
        body::Load.observe(&Ask { request: &request, max_rows: 10 }, &cx).await
    });
    let table = answer.unwrap().table;
    assert!(matches!(table.cell(0, "one_minute"), Some(Ok(Value::Float(load))) if *load >= 0.0));
}

/// Lines of code: neither blank nor a comment.
fn lines(code: &str) -> usize {
    code.lines().filter(|line| !line.trim().is_empty() && !line.trim().starts_with("//")).count()
}

#[test]
fn the_page_shows_the_example_as_it_is() {
    let page = include_str!("../../docs/adding-a-probe.md");
    let parts = [include_str!("new_probe/declaration.rs"), include_str!("new_probe/body.rs")];
    for part in parts {
        assert!(page.contains(&format!("```rust\n{part}```")), "the page does not show\n{part}");
    }
    assert!(parts.iter().map(|part| lines(part)).sum::<usize>() <= 40);
}
