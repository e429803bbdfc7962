//! What `benches/lint.py` measures: loading and linting policies, and linting them again after one edit.
//!
//! `lint FILES TIMES` prints figures, a line each. Every policy has a file of its own, in a folder that is made for it.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a bench stops at the first thing that is wrong, and measures by the clock"
)]

use std::path::Path;
use std::time::Instant;

use passmuster::lint::{Edited, Given, Levels, Looked, Workspace};
use passmuster::policy::Project;
use passmuster::policy::load::{Origin, load};

/// As in `muster` itself.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A policy of the length that policies have.
fn policy(number: usize, limit: usize) -> String {
    // No two judge the same, which would be a finding.
    let least = number + 1;
    format!(
        "policy: disk-{number}
title: The volume of service {number} keeps room for a day of growth
tier: daily
severity: {{ critical: free < {limit}.MiB, high: otherwise }}
owner: team-{}
tags: [disk, capacity, service-{number}]
controls: [SOC2-A1.2]
why: |
  A full volume stops the service, and what it writes then is lost. The limit is a day of growth as it was
  measured in spring, and twice that for the warning.
target: {{ type: host }}
observe: {{ usage: {{ probe: disk.usage }} }}
where: total > {least}.MiB
params:
  fail_at: {{ default: 95%, at_most: 98% }}
  warn_at: 90%
let:
  share: used_ratio
fail: share > params.fail_at || free < {limit}0.MiB
warn: share > params.warn_at
message: \"{{{{ filesystem }}}} has {{{{ free }}}} left of {{{{ total }}}}\"
remedy:
  steps:
    - shell: df -h {{{{ filesystem }}}}
    - do: Find what grew, and ask its owner.
  runbook: https://wiki.example.org/disk
",
        number % 50
    )
}

fn write(folder: &Path, number: usize, limit: usize) {
    let path = folder.join(format!("{:02}/disk-{number}.yaml", number % 100));
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, policy(number, limit)).unwrap();
}

fn look(
    workspace: &mut Workspace,
    origins: &[(Origin, Option<passmuster::source::Loc>)],
    edited: Edited<'_>,
) -> Looked {
    let levels = Levels::default();
    let now = jiff::Timestamp::now();
    let given = Given { origins, known: None, levels: &levels, tests: false, edited, now };
    let mut looked = workspace.look(&given);
    looked.finish(&Project::default(), false, true, now.as_second() / 86_400);
    looked
}

fn main() {
    let words: Vec<String> = std::env::args().filter(|word| word != "--bench").collect();
    let [_, files, times] = words.as_slice() else {
        println!("lint FILES TIMES; benches/lint.py calls it");
        return;
    };
    let files: usize = files.parse().unwrap();
    let folder = tempfile::tempdir().unwrap();
    (0..files).for_each(|number| write(folder.path(), number, 1));
    let origins = [(Origin::Path(folder.path().to_owned()), None)];
    // The files are as old as those of a project are, or nobody would believe the file system.
    std::thread::sleep(std::time::Duration::from_millis(3100));
    for turn in 0..times.parse().unwrap() {
        let began = Instant::now();
        let loaded = load(&origins, None, false);
        println!("load_ms {:.2}", began.elapsed().as_secs_f64() * 1000.0);
        assert_eq!((loaded.policies.len(), loaded.diags.len()), (files, 0));
        drop(loaded);
        let mut workspace = Workspace::default();
        let began = Instant::now();
        let looked = look(&mut workspace, &origins, Edited::Unknown);
        println!("lint_ms {:.2}", began.elapsed().as_secs_f64() * 1000.0);
        assert_eq!(
            (looked.loaded.policies.len(), looked.said.len()),
            (files, 0),
            "{:?}",
            looked.said.first()
        );
        drop(looked);
        // A limit that makes the rungs of the ladder say the same: one finding more.
        let edited = files / 2 + turn;
        let path = folder.path().join(format!("{:02}/disk-{edited}.yaml", edited % 100));
        let text = policy(edited, 1).replace("free < 10.MiB", "free < 10.MiB || total > total");
        std::fs::write(&path, text).unwrap();
        // An editor says what was edited; whoever does not know asks the file system about all files.
        let began = Instant::now();
        let looked = look(&mut workspace, &origins, Edited::Unknown);
        println!("asked_ms {:.2}", began.elapsed().as_secs_f64() * 1000.0);
        assert_eq!((looked.loaded.policies.len(), looked.said.len()), (files - 1, 1));
        drop(looked);
        std::fs::write(&path, policy(edited, 2).replace("free < 20.MiB", "free < 20.MiB || total > total"))
            .unwrap();
        let began = Instant::now();
        let looked = look(&mut workspace, &origins, Edited::Only(std::slice::from_ref(&path)));
        println!("again_ms {:.2}", began.elapsed().as_secs_f64() * 1000.0);
        assert_eq!((looked.loaded.policies.len(), looked.said.len()), (files - 1, 1));
        write(folder.path(), edited, 1);
    }
}
