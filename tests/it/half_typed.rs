//! A file that is being typed hides nothing of the others.

use passmuster::lint::{Edited, Given, Levels, Workspace};
use passmuster::policy::Project;
use passmuster::policy::load::Origin;

use crate::harness::{Shop, policy};

const TYPED: &str = "# muster: allow slow-page -- es wäre zu früh
target: { type: host, labels: { app: shop } }
observe:
  usage: { probe: disk.usage, max_age: 1h }   # and more
where: total > 1.GiB && filesystem != \"tmp fs\"
params:
  fail_at: { default: 95%, at_most: 98%, why: \"it is the füllstand\" }
let: { share: used_ratio }
severity: { critical: free < 1.MiB, high: otherwise }
fail:
  - if: share > params.fail_at
    message: |
      {{ filesystem }} is full:
      {{ free }} left
  - free < 1.MiB
alert: { urgency: page, for: 10m, context: [free] }
remedy:
  steps:
    - shell: df -h {{ filesystem }}
    - do: 'Find what grew.'
tags: [a, a]
";

const BROKEN: &str = "target: { type: host }\nobserve: { usage: { probe: disk.usage } }\nfail: fre < 1.GiB\n";
const SLOW: &str = "tier: weekly\ntarget: { type: host }\nobserve: { usage: { probe: disk.usage } }\nfail: free < 1.MiB\nalert: { urgency: page, context: [free] }\nremedy: { steps: [{ shell: df }] }\n";

#[test]
fn a_file_cut_at_every_byte_hides_nothing_of_the_others() {
    let shop = Shop::new();
    shop.policy("a-slow", SLOW).policy("c-broken", BROKEN);
    let whole = policy("b-typed", TYPED);
    let origins = [(Origin::Path(shop.at("policies")), None)];
    let levels = Levels::default();
    let mut workspace = Workspace::default();
    for end in 0..=whole.len() {
        // Half of a letter is no UTF-8.
        shop.bytes("policies/b-typed.yaml", &whole.as_bytes()[..end]);
        let now = jiff::Timestamp::now();
        let given = Given {
            origins: &origins,
            known: None,
            levels: &levels,
            tests: false,
            edited: Edited::Unknown,
            now,
        };
        let mut looked = workspace.look(&given);
        looked.finish(&Project::default(), false, true, now.as_second() / 86_400);
        let ids: Vec<&str> = looked.loaded.policies.iter().map(|policy| &*policy.id).collect();
        assert!(ids.contains(&"a-slow"), "cut at {end}");
        let slow =
            looked.said.iter().filter(|said| said.allowed.is_none() && said.diag.code.id == "slow-page");
        assert!(slow.count() >= 1, "cut at {end}");
        let of = |name: &str| {
            looked
                .loaded
                .diags
                .iter()
                .filter(|diag| {
                    diag.message.contains(name)
                        || diag.labels.iter().any(|label| label.loc.source.name.contains(name))
                })
                .count()
        };
        assert_eq!(of("c-broken"), 1, "cut at {end}");
        assert!(of("b-typed") > 0 || ids.contains(&"b-typed"), "nothing is said of the file cut at {end}");
    }
}

#[test]
fn the_built_command_ends_in_order_whatever_is_typed() {
    let shop = Shop::new();
    shop.project("policies: [policies/]\ntargets: { here: { type: host } }\n");
    shop.policy("a-slow", SLOW).policy("c-broken", BROKEN);
    let whole = policy("b-typed", TYPED);
    for end in (0..whole.len()).step_by(61) {
        shop.bytes("policies/b-typed.yaml", &whole.as_bytes()[..end]);
        for arguments in [&["lint"][..], &["lint", "--fix"], &["fmt", "--check"]] {
            let run = shop.run(arguments);
            assert!(run.code == 2 || (run.code >= 0 && arguments[0] == "fmt"), "cut at {end}: {run:?}");
            assert!(!run.stderr.contains("panicked"), "cut at {end}: {}", run.stderr);
        }
    }
}

#[test]
fn a_project_file_that_is_half_typed_hides_no_policy() {
    let shop = Shop::new();
    shop.policy("a-slow", SLOW).policy("c-broken", BROKEN);
    shop.project("policies: [policies/]\ntargets: { here: { type: host }, there: { typ: host } }\n");
    let run = shop.run(&["lint"]).exits(2);
    for said in ["unknown-key", "unknown-fact", "slow-page"] {
        assert!(run.stdout.contains(said), "{said}: {}", run.stdout);
    }
    shop.file("muster.yaml", "muster: 1\npolicies: [policies/");
    let run = shop.run(&["lint", "policies/"]).exits(2);
    for said in ["yaml-syntax", "unknown-fact", "slow-page"] {
        assert!(run.stdout.contains(said), "{said}: {}", run.stdout);
    }
}
