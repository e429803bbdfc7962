//! `muster list --due`: when every check is to be judged, by what its tier promises.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::json;

use crate::audit::{self, Due};
use crate::fact::{Type, Value, micros_of, show};
use crate::store::Store;

use super::output::{Done, Form, Problem, say};
use super::setup::{Select, Sources, setup};
use super::{exit, memory, promise, run as running};

/// Lists them, what is overdue first.
pub(super) fn run(sources: &Sources, environment: Option<&str>, form: Form) -> Done {
    let json = form == Form::Json;
    list(sources, environment, form).map_err(|problem| Problem { json, ..problem })
}

fn list(sources: &Sources, environment: Option<&str>, form: Form) -> Done {
    let select = Select { env: environment.map(str::to_owned), ..Select::default() };
    let setup = setup(sources, &select, false, false)?;
    let opened = memory::opened(sources, "judgements")?;
    let plan = running::plan(&setup)?;
    let Some(promised) = promise::promised(&setup, &plan) else {
        return Err(Problem::usage(
            "nothing is promised: only some policies were named",
            "leave the names out: all of the project is promised, or nothing",
        ));
    };
    let standing = memory::wait(async {
        let store = Store::open(&opened.path).await?;
        let standing = store.standing().await;
        store.close().await;
        standing
    });
    let standing = standing.map_err(|error| memory::unusable(&error))?;
    let now = Timestamp::now();
    let all = audit::overdue(&promised.checks, &standing, &BTreeSet::new(), now);
    let clockless: Vec<(&Arc<str>, &Arc<str>)> = promised
        .checks
        .iter()
        .filter(|check| check.every.is_none() && check.skip.is_none())
        .map(|check| (&check.policy, &check.target))
        .collect();
    say(&match form {
        Form::Human => human(&all, clockless.len(), now),
        Form::Json => data(&all, now),
    })?;
    Ok(exit::GOOD)
}

fn state(due: &Due, now: Timestamp) -> &'static str {
    match (due.judged, due.is_overdue(now), due.due <= now) {
        (_, true, _) => "overdue",
        (_, _, true) => "due",
        _ if due.unknown.is_some() => "unknown",
        (None, ..) => "new",
        _ => "judged",
    }
}

fn human(all: &[Due], clockless: usize, now: Timestamp) -> String {
    let name = |due: &Due| format!("{}/{}", due.policy, due.target);
    let width = all.iter().map(|due| name(due).chars().count()).max().unwrap_or(0);
    let shown = |micros: i64| show(&Value::Int(micros), &Type::DURATION);
    let mut text = String::new();
    for due in all {
        let away = micros_of(due.due) - micros_of(now);
        let when = if away > 0 { format!("in {}", shown(away)) } else { format!("since {}", shown(-away)) };
        let ago = |at: Timestamp| shown((micros_of(now) - micros_of(at)).max(0));
        let last = due
            .judged
            .map_or_else(|| "never judged".to_owned(), |at| format!("judged {} ago, at {at}", ago(at)));
        let unknown = due.unknown.map_or_else(String::new, |at| format!(", unknown since {}", ago(at)));
        let (tier, owner, state) = (&due.tier, &due.owner, state(due, now));
        text.push_str(&format!(
            "{state:8}{:width$}  {tier}, due {when}, {last}{unknown}, {owner}\n",
            name(due)
        ));
    }
    let late = all.iter().filter(|due| due.is_overdue(now)).count();
    text.push_str(&format!("{late} of {} checks are overdue", all.len()));
    if clockless > 0 {
        text.push_str(&format!("; {clockless} more are not judged by the clock"));
    }
    text.push('\n');
    text
}

fn data(all: &[Due], now: Timestamp) -> String {
    let checks: Vec<_> = all
        .iter()
        .map(|due| {
            json!({
                "policy": due.policy, "target": due.target, "tier": due.tier, "owner": due.owner,
                "state": state(due, now), "judged": due.judged, "unknown_since": due.unknown, "due": due.due, "overdue": due.late,
            })
        })
        .collect();
    format!("{:#}\n", json!({ "due": 1, "now": now, "checks": checks }))
}
