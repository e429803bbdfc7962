//! A policy that runs a command which the project does not allow.

use super::written::value;
use super::{Category, Check, ERROR, Input, Lint, Page};
use crate::diag::{Diag, code, did_you_mean};
use crate::policy::model::Arg;
use crate::policy::{Observe, Policy};

pub(super) const LINT: Lint = Lint {
    code: &code::COMMAND_NOT_ALLOWED,
    category: Category::Safety,
    level: ERROR,
    doc: "every command that a policy runs is in the project's list",
    page: Page {
        why: "A policy names a command, and muster.yaml says what that is; so nobody runs a program on a host by editing \
              a policy. A name that is not in the list runs nothing: every run is unknown.",
        bad: "commands: { smart: [smartctl, --json, -H, /dev/sda] }\n\
              ---\n\
              observe:\n  disk:\n    probe: command.output\n    with: { command: smrt }   # here\nfail: disk.exit_status != 0",
        good: "commands: { smart: [smartctl, --json, -H, /dev/sda] }\n\
               ---\n\
               observe:\n  disk:\n    probe: command.output\n    with: { command: smart }\nfail: disk.exit_status != 0",
    },
    check: Check::Project(check),
};

fn check(input: &Input<'_>, diags: &mut Vec<Diag>) {
    // Without a project file nothing is allowed, and nothing could be.
    if !input.has_project {
        return;
    }
    for policy in input.policies.iter().filter(|policy| policy.library.is_none()) {
        of_policy(input, policy, diags);
    }
}

/// Probes that run commands of the project, with the arguments that name them.
const NAMING: &[(&str, &[&str])] = &[
    ("command.output", &["command"]),
    ("job.canary", &["enqueue", "finished", "clean"]),
    ("job.finished", &["command"]),
];

fn of_policy(input: &Input<'_>, policy: &Policy, diags: &mut Vec<Diag>) {
    for observe in &policy.observe {
        let named = NAMING.iter().find(|(probe, _)| observe.probe.name == *probe);
        for argument in named.map_or(&[][..], |(_, arguments)| arguments) {
            of_argument(input, policy, observe, argument, diags);
        }
    }
}

fn of_argument(input: &Input<'_>, policy: &Policy, observe: &Observe, argument: &str, diags: &mut Vec<Diag>) {
    let commands = &input.project.commands;
    let arg = observe.args.iter().find(|(name, ..)| &**name == argument).map(|(_, arg, _)| arg);
    let (wanted, place) = match arg {
        Some(Arg::Value(given)) => (given.as_text(), None),
        Some(Arg::Param(index)) => match policy.params.get(*index) {
            // What the project sets is judged where it is set: for each target.
            Some(param) if is_set(input, policy, &param.name) => return,
            Some(param) => (param.default.as_text(), Some(param.loc.clone())),
            None => return,
        },
        None => return,
    };
    // A call of a service names no command, and an empty text nothing.
    let is_command = |wanted: &&str| !wanted.is_empty() && !wanted.contains('/');
    let Some(wanted) = wanted.filter(is_command).filter(|wanted| !commands.contains_key(*wanted)) else {
        return;
    };
    let place = place.unwrap_or_else(|| value(policy, &["observe", &observe.name, "with", argument]));
    let names = commands.keys().map(String::as_str);
    let help = did_you_mean(wanted, names.clone()).unwrap_or_else(|| {
        format!("declare it in muster.yaml: `commands: {{ {wanted}: [PROGRAM, ARGUMENT] }}`")
    });
    let message = format!("muster.yaml has no command `{wanted}`, so `{}` runs nothing", policy.id);
    diags.push(Diag::error(&code::COMMAND_NOT_ALLOWED, message).at(&place, "").help(help));
}

fn is_set(input: &Input<'_>, policy: &Policy, name: &str) -> bool {
    let entries = input.project.overrides.iter().filter(|entry| entry.policy.matches(&policy.id));
    entries.flat_map(|entry| &entry.set).any(|(set, _)| **set == *name)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{policy, said_of};
    use super::LINT;

    #[test]
    fn names_outside_the_list_are_refused() {
        let text = "params: { run: verify }\nobserve: { x: { probe: command.output, with: { command: params.run } } }\n\
                    fail: x.exit_status != 0";
        let said = |project: &str| said_of(&LINT, project, &[policy(text)]).len();
        assert_eq!(said("commands: { other: [ls] }"), 1);
        assert_eq!(said(""), 1);
        assert_eq!(said("commands: { verify: [ls] }"), 0);
        assert_eq!(said("overrides: [{ policy: p, set: { run: other } }]"), 0);
        let canary = "observe: { x: { probe: job.canary, with: { enqueue: put, finished: GET /done, clean: '' } } }\n\
                      fail: x.finished == false";
        assert_eq!(said_of(&LINT, "commands: { put: [ls] }", &[policy(canary)]), []);
        assert_eq!(said_of(&LINT, "", &[policy(canary)]).len(), 1);
        assert_eq!(said_of(&LINT, "", &[policy("fail: free < 1.GiB")]), []);
    }
}
