//! `muster list`: policies, controls, targets, probes, libraries, functions, lints, codes.

use clap::{Args, ValueEnum};

use crate::fact::catalogue;
use crate::lint;
use crate::policy::library;
use crate::rule::functions;

use super::output::{Done, Form, Problem, say};
use super::setup::{Select, Sources, setup};
use super::{controls, exit};

/// Lists policies, controls, targets, probes, libraries, functions, lints or codes
#[derive(Args)]
#[command(after_help = "Examples:
  muster list policies
  muster list probes
  muster list controls                                     which controls a policy answers, and how they stand
  muster list controls --framework playbook --uncovered    what nobody asks yet
  muster list controls --format json")]
pub(super) struct Arguments {
    /// What to list
    what: What,
    #[command(flatten)]
    sources: Sources,
    /// With `controls`: only those of this framework; `playbook` also where the project does not declare it
    #[arg(long, value_name = "FRAMEWORK")]
    framework: Option<String>,
    /// With `controls`: only those that no policy answers at any target
    #[arg(long)]
    uncovered: bool,
    /// How controls are printed
    #[arg(long, value_enum, default_value_t = Form::Human)]
    format: Form,
}

#[derive(Clone, Copy, ValueEnum)]
enum What {
    Policies,
    Controls,
    Targets,
    Probes,
    Libraries,
    Functions,
    Lints,
    Codes,
}

pub(super) fn run(arguments: &Arguments) -> Done {
    if matches!(arguments.what, What::Controls) {
        return controls::run(&controls::Wanted {
            sources: &arguments.sources,
            framework: arguments.framework.as_deref(),
            only_open: arguments.uncovered,
            format: arguments.format,
        });
    }
    only_of_controls(arguments)?;
    let rows = rows(arguments)?;
    let width = rows.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    let lines: String = rows.iter().map(|(name, doc)| format!("{name:width$}  {doc}\n")).collect();
    say(&lines)?;
    Ok(exit::GOOD)
}

/// What is for controls only is not passed over without a word.
fn only_of_controls(arguments: &Arguments) -> Result<(), Problem> {
    let given = [
        ("--framework", arguments.framework.is_some()),
        ("--uncovered", arguments.uncovered),
        ("--format json", arguments.format == Form::Json),
    ];
    match given.iter().find(|(_, given)| *given) {
        None => Ok(()),
        Some((option, _)) => Err(Problem::usage(
            format!("`{option}` is for controls only"),
            "write `muster list controls`, or leave it out",
        )),
    }
}

fn rows(arguments: &Arguments) -> Result<Vec<(String, String)>, Problem> {
    Ok(match arguments.what {
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
        // They are more than a line each.
        What::Controls => Vec::new(),
    })
}

fn described(target: &crate::policy::TargetEntry) -> String {
    let labels =
        target.labels.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" ");
    format!("{} {labels}", target.kind)
}
