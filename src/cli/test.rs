//! `muster test`: the policies' own cases.

mod cover;
mod generate;
mod mutate;
mod report;
mod tried;
mod update;

use std::path::Path;
use std::sync::Arc;

use clap::Args;

use crate::diag::{Diag, code, did_you_mean};
use crate::policy::Policy;
use crate::policy::cases::{Case, CaseFile};

use super::broken::{Broken, case_files};
use super::output::{Done, Problem};
use super::setup::{Select, Setup, Sources, setup_anyway};
use report::Shown;
use tried::{Tried, try_all, try_one};

/// Runs the cases that stand beside the policies
#[derive(Args)]
#[command(
    after_help = "Examples:\n  muster test\n  muster test policies/disk.yaml\n  muster test builtin:host --case 'at the limit*'\n  muster test --format human --format junit=cases.xml\n  muster test --coverage --fail-under 90   what of each policy no case shows\n  muster test --mutate policies/disk.yaml  changes of a policy that no case notices\n  muster test --generate policies/disk.yaml --write   cases at the limits, to be reviewed\n  muster test --update --dry-run           new messages that cases would accept"
)]
#[command(group = clap::ArgGroup::new("mode").args(["mutate", "coverage", "update", "generate"]))]
pub(super) struct Arguments {
    #[command(flatten)]
    sources: Sources,
    /// Only cases of this policy (`*` stands for any characters)
    #[arg(long, value_name = "ID")]
    policy: Vec<String>,
    /// Only cases with this name (`*` stands for any characters)
    #[arg(long, value_name = "NAME")]
    case: Vec<String>,
    /// Change each policy in one place after the other, and show the changes that no case notices
    #[arg(long)]
    mutate: bool,
    /// Show which conditions no case makes true or false, and which facts none makes null or unknown
    #[arg(long)]
    coverage: bool,
    /// With `--coverage`: the share of each policy, in percent, below which the exit code is 1
    #[arg(long, value_name = "PERCENT", value_parser = cover::percent, requires = "coverage", conflicts_with = "case")]
    fail_under: Option<f64>,
    /// Accept new messages and steps of remedies in the case files; never another verdict
    #[arg(long)]
    update: bool,
    /// Propose cases at the limits of each policy, with null and with unknown facts
    #[arg(long)]
    generate: bool,
    /// With `--generate`: add the proposed cases to the case files
    #[arg(long, requires = "generate")]
    write: bool,
    /// With `--update`: show what would be written, as a diff
    #[arg(long, requires = "update")]
    dry_run: bool,
    #[command(flatten)]
    shown: Shown,
}

/// What was asked for: policies, their case files, and those of their cases that are wanted.
struct Asked<'a> {
    /// The folder of the project, from which places are seen.
    root: &'a Path,
    policies: Vec<Arc<Policy>>,
    files: &'a [CaseFile],
    cases: Vec<(&'a Arc<Policy>, &'a Case)>,
    /// What could not be read, so that its cases are not run.
    faults: Vec<Diag>,
}

impl Asked<'_> {
    /// A place, the same on every machine.
    fn place(&self, at: &str) -> String {
        super::places::of(at, self.root)
    }

    /// What could not be read, in one line.
    fn fault(&self, diag: &Diag) -> String {
        match diag.labels.first() {
            Some(label) => format!("{}: {}", self.place(&label.loc.to_string()), diag.message),
            None => diag.message.clone(),
        }
    }

    /// Ids of policies that have no case.
    fn without_cases(&self) -> Vec<&str> {
        let has = |policy: &&Arc<Policy>| {
            self.files.iter().any(|file| file.policy.id == policy.id && !file.cases.is_empty())
        };
        self.policies.iter().filter(|policy| !has(policy)).map(|policy| &*policy.id).collect()
    }
}

pub(super) fn run(arguments: &Arguments) -> Done {
    let json = arguments.shown.json();
    test(arguments).map_err(|problem| Problem { json, ..problem })
}

fn test(arguments: &Arguments) -> Done {
    arguments.shown.one_output()?;
    let select = Select { policy: arguments.policy.clone(), ..Select::default() };
    let (setup, mut faults) = setup_anyway(&arguments.sources, &select)?;
    let (files, wrong) = case_files(&setup.loaded, &Broken::of(&setup.loaded));
    faults.extend(wrong);
    let asked = match asked(arguments, &setup, &files) {
        // What was asked for may be in what could not be read.
        Err(_) if !faults.is_empty() => return Err(Problem::new(faults)),
        asked => Asked { faults, ..asked? },
    };
    let plain = !(arguments.mutate || arguments.coverage || arguments.update || arguments.generate);
    if !plain && !asked.faults.is_empty() {
        return Err(Problem::new(asked.faults));
    }
    if arguments.mutate {
        return mutate::run(&arguments.shown, &asked);
    }
    if arguments.coverage {
        return cover::run(&arguments.shown, &asked, arguments.fail_under);
    }
    if arguments.update {
        return update::run(&arguments.shown, &asked.cases, &setup, arguments.dry_run);
    }
    if arguments.generate {
        return generate::run(&arguments.shown, &asked, &setup, arguments.write);
    }
    arguments.shown.publish(&try_all(&asked.cases), &asked)
}

/// What was asked for; a pattern that matches nothing is wrong input.
fn asked<'a>(arguments: &Arguments, setup: &'a Setup, files: &'a [CaseFile]) -> Result<Asked<'a>, Problem> {
    let wanted = |policy: &Policy| {
        let patterns = &setup.selection.policies;
        patterns.is_empty() || patterns.iter().any(|pattern| pattern.matches(&policy.id))
    };
    let ids = || setup.policies().iter().map(|policy| &*policy.id);
    for pattern in &setup.selection.policies {
        if !ids().any(|id| pattern.matches(id)) {
            let diag = Diag::error(&code::UNKNOWN_NAME, format!("no policy is called `{}`", pattern.text));
            return Err(diag.maybe_help(did_you_mean(&pattern.text, ids())).into());
        }
    }
    let named = patterns(&arguments.case)?;
    let policies: Vec<Arc<Policy>> =
        setup.policies().iter().filter(|policy| wanted(policy)).cloned().collect();
    let of = files.iter().filter(|file| wanted(&file.policy));
    let all = of.flat_map(|file| file.cases.iter().map(|case| (&file.policy, case))).collect::<Vec<_>>();
    if let Some(pattern) =
        named.iter().find(|pattern| !all.iter().any(|(_, case)| pattern.matches(&case.name)))
    {
        let diag = Diag::error(&code::UNKNOWN_NAME, format!("no case is called `{}`", pattern.text));
        return Err(diag
            .maybe_help(did_you_mean(&pattern.text, all.iter().map(|(_, case)| &*case.name)))
            .into());
    }
    let is_named = |case: &Case| named.is_empty() || named.iter().any(|pattern| pattern.matches(&case.name));
    let cases = all.into_iter().filter(|(_, case)| is_named(case)).collect();
    Ok(Asked { root: &setup.project.root, policies, files, cases, faults: Vec::new() })
}

fn patterns(texts: &[String]) -> Result<Vec<crate::fact::Pattern>, Problem> {
    texts
        .iter()
        .map(|text| {
            crate::fact::Pattern::new(text)
                .map_err(|error| Problem::usage(error, "`*` stands for any characters"))
        })
        .collect()
}
