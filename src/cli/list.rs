//! `muster list`: policies, targets, probes, libraries, functions, lints, codes.

use clap::{Args, ValueEnum};

use crate::fact::catalogue;
use crate::lint;
use crate::policy::library;
use crate::rule::functions;

use super::exit;
use super::output::{Done, say};
use super::setup::{Select, Sources, setup};

/// Lists policies, targets, probes, libraries, functions, lints or codes
#[derive(Args)]
#[command(after_help = "Examples:\n  muster list policies\n  muster list probes")]
pub(super) struct Arguments {
    /// What to list
    what: What,
    #[command(flatten)]
    sources: Sources,
}

#[derive(Clone, Copy, ValueEnum)]
enum What {
    Policies,
    Targets,
    Probes,
    Libraries,
    Functions,
    Lints,
    Codes,
}

pub(super) fn run(arguments: &Arguments) -> Done {
    let rows: Vec<(String, String)> = match arguments.what {
        What::Probes => {
            catalogue::PROBES.iter().map(|probe| (probe.name.to_owned(), probe.doc.to_owned())).collect()
        }
        What::Libraries => library::areas()
            .into_iter()
            .map(|area| (format!("builtin:{area}"), format!("{} policies", library::policies(area).len())))
            .collect(),
        What::Functions => functions::FUNCTIONS
            .iter()
            .map(|function| (function.shape.to_owned(), function.doc.to_owned()))
            .collect(),
        What::Lints => lint::LINTS
            .iter()
            .map(|lint| {
                let (category, level) = (lint.category.word(), lint::word(lint.level));
                (lint.name().to_owned(), format!("{category} · {level} · {}", lint.doc))
            })
            .collect(),
        What::Codes => {
            crate::diag::ALL.iter().map(|code| (code.id.to_owned(), code.explain.to_owned())).collect()
        }
        What::Policies => {
            let setup = setup(&arguments.sources, &Select::default(), false, false)?;
            setup
                .policies()
                .iter()
                .map(|policy| {
                    (
                        policy.id.to_string(),
                        format!("{} · {} · {}", policy.tier.word(), policy.target.types(), policy.title),
                    )
                })
                .collect()
        }
        What::Targets => {
            let project = super::setup::project(&arguments.sources)?.unwrap_or_default();
            project.targets.iter().map(|target| (target.name.to_string(), described(target))).collect()
        }
    };
    let width = rows.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    let lines: String = rows.iter().map(|(name, doc)| format!("{name:width$}  {doc}\n")).collect();
    say(&lines)?;
    Ok(exit::GOOD)
}

fn described(target: &crate::policy::TargetEntry) -> String {
    let labels =
        target.labels.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" ");
    format!("{} {labels}", target.kind)
}
