//! `muster list`: policies, controls, targets, probes, libraries, functions, lints, codes.

use std::sync::Arc;

use clap::{Args, ValueEnum};

use crate::fact::catalogue;
use crate::lint;
use crate::policy::{Policy, library};
use crate::rule::functions;

use super::output::{Done, Form, Problem, say};
use super::setup::{Select, Sources, setup};
use super::{controls, due, exit};

/// Lists policies, controls, targets, probes, libraries, functions, lints or codes
#[derive(Args)]
#[command(after_help = "Examples:
  muster list policies
  muster list probes
  muster list controls                                     which controls a policy answers, and how they stand
  muster list controls --framework playbook --uncovered    what nobody asks yet
  muster list controls --format json
  muster list --due                                        what is overdue, and when the rest is to be judged")]
pub(super) struct Arguments {
    /// What to list
    #[arg(required_unless_present = "due")]
    what: Option<What>,
    #[command(flatten)]
    sources: Sources,
    /// With `controls`: only those of this framework; `playbook` also where the project does not declare it
    #[arg(long, value_name = "FRAMEWORK")]
    framework: Option<String>,
    /// With `controls`: only those that no policy answers at any target
    #[arg(long)]
    uncovered: bool,
    /// Every check with when it is to be judged, what is overdue first
    #[arg(long, conflicts_with = "what")]
    due: bool,
    /// With `--due`: only of this environment
    #[arg(long, value_name = "NAME", requires = "due")]
    env: Option<String>,
    /// How controls, and checks that are due, are printed
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

/// Names with what there is to say about each.
type Rows = Vec<(String, String)>;

pub(super) fn run(arguments: &Arguments) -> Done {
    let Some(what) = arguments.what else {
        return due::run(&arguments.sources, arguments.env.as_deref(), arguments.format);
    };
    if !matches!(what, What::Controls) {
        only_of_controls(arguments)?;
    }
    let rows = match what {
        What::Controls => return controls::run(&wanted(arguments)),
        What::Policies => policies(arguments)?,
        What::Targets => targets(arguments)?,
        What::Probes => {
            catalogue::PROBES.iter().map(|probe| (probe.name.to_owned(), probe.doc.to_owned())).collect()
        }
        What::Libraries => libraries(),
        What::Functions => functions::FUNCTIONS
            .iter()
            .map(|function| (function.shape.to_owned(), function.doc.to_owned()))
            .collect(),
        What::Lints => lints(),
        What::Codes => {
            crate::diag::ALL.iter().map(|code| (code.id.to_owned(), code.explain.to_owned())).collect()
        }
    };
    let width = rows.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    let lines: String = rows.iter().map(|(name, doc)| format!("{name:width$}  {doc}\n")).collect();
    say(&lines)?;
    Ok(exit::GOOD)
}

fn wanted(arguments: &Arguments) -> controls::Wanted<'_> {
    controls::Wanted {
        sources: &arguments.sources,
        framework: arguments.framework.as_deref(),
        only_open: arguments.uncovered,
        format: arguments.format,
    }
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

fn policies(arguments: &Arguments) -> Result<Rows, Problem> {
    let setup = setup(&arguments.sources, &Select::default(), false, false)?;
    let about = |policy: &Arc<Policy>| {
        let about = format!("{} · {} · {}", policy.tier.word(), policy.target.types(), policy.title);
        (policy.id.to_string(), about)
    };
    Ok(setup.policies().iter().map(about).collect())
}

fn targets(arguments: &Arguments) -> Result<Rows, Problem> {
    let project = super::setup::project(&arguments.sources)?.unwrap_or_default();
    Ok(project.targets.iter().map(|target| (target.name.to_string(), described(target))).collect())
}

fn libraries() -> Rows {
    library::areas()
        .into_iter()
        .map(|area| (format!("builtin:{area}"), format!("{} policies", library::policies(area).len())))
        .collect()
}

fn lints() -> Rows {
    let about = |lint: &lint::Lint| {
        let (category, level) = (lint.category.word(), lint::word(lint.level));
        (lint.name().to_owned(), format!("{category} · {level} · {}", lint.doc))
    };
    lint::LINTS.iter().map(about).collect()
}

fn described(target: &crate::policy::TargetEntry) -> String {
    let labels =
        target.labels.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" ");
    format!("{} {labels}", target.kind)
}
