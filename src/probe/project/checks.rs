//! `project.checks`: every check that the project promises.

use super::memory::{each, maybe, since, text, texts, wants};
use crate::fact::{CheckPast, CheckRow, Missing, Records, Request, RowBuilder, Table, TableBuilder, Value};
use crate::probe::stop::Stop;

/// Facts that only the store knows.
const PAST: &[&str] = &[
    "promised",
    "judged",
    "unknown_since",
    "due",
    "late",
    "overdue",
    "verdict",
    "judgements",
    "fired",
    "passed",
    "last_passed",
];

pub(super) fn look(
    request: &Request,
    mut table: TableBuilder,
    stop: &Stop,
    records: &dyn Records,
) -> Result<Table, Missing> {
    let checks = records.checks()?;
    let pasts = wants(request, PAST).then(|| each(checks.len(), records.pasts(since(request)?))).transpose();
    for (place, check) in checks.iter().enumerate() {
        stop.check("reading what is promised")?;
        let row = promised(table.row(), check);
        match &pasts {
            Ok(pasts) => match pasts.as_ref().and_then(|pasts| pasts.get(place)) {
                Some(one) => past(row, one).push(),
                None => row.push(),
            },
            Err(why) => row.missing_all(PAST, why).push(),
        }
    }
    Ok(table.finish())
}

fn promised<'t>(row: RowBuilder<'t>, check: &CheckRow) -> RowBuilder<'t> {
    row.set("policy", text(&check.policy))
        .set("target_name", text(&check.target))
        .set("target_type", text(&check.target_type))
        .set("tier", Value::text(check.tier))
        .set("severity", Value::text(check.severity))
        .set("alert", Value::Bool(check.alert))
        .set("owner", text(&check.owner))
        .set("owner_from", Value::text(check.owner_from))
        .set("known_owner", Value::Bool(check.known_owner))
        .set("probes", texts(&check.probes))
        .set_or_null("every", check.every.map(Value::Int))
        .set("skipped", Value::Bool(check.skipped.is_some()))
        .set_or_null("why_skipped", maybe(check.skipped.as_ref()))
        .set("in_this_run", Value::Bool(check.in_this_run))
}

fn past<'t>(row: RowBuilder<'t>, past: &CheckPast) -> RowBuilder<'t> {
    row.set_or_null("promised", past.promised.map(Value::Int))
        .set_or_null("judged", past.judged.map(Value::Int))
        .set_or_null("unknown_since", past.unknown_since.map(Value::Int))
        .set_or_null("due", past.due.map(Value::Int))
        .set_or_null("late", past.late.map(Value::Int))
        .set("overdue", Value::Bool(past.overdue))
        .set_or_null("verdict", past.verdict.map(Value::text))
        .set("judgements", Value::count(past.judgements))
        .set("fired", Value::count(past.fired))
        .set("passed", Value::count(past.passed))
        .set_or_null("last_passed", past.last_passed.map(Value::Int))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::*;
    use crate::fact::{
        Cause, ControlPast, ControlRow, ExceptionRow, FindingRow, House, Records, RunRow, TargetRow,
    };
    use crate::probe::testing::{ask, cause, value};

    /// A project with one check, of which this is known.
    #[derive(Debug)]
    struct One(Result<Vec<CheckPast>, Missing>);

    impl Records for One {
        fn checks(&self) -> Result<Vec<CheckRow>, Missing> {
            Ok(vec![CheckRow {
                policy: "p".into(),
                target: "db".into(),
                target_type: "postgres".into(),
                tier: "daily",
                severity: "high",
                alert: false,
                owner: "team".into(),
                owner_from: "project",
                known_owner: true,
                probes: vec!["postgres.tables".into()],
                every: Some(86_400_000_000),
                skipped: None,
                in_this_run: false,
            }])
        }

        fn targets(&self) -> Result<Vec<TargetRow>, Missing> {
            Ok(Vec::new())
        }

        fn pasts(&self, since: i64) -> Result<Vec<CheckPast>, Missing> {
            assert_eq!(since, 30 * 86_400_000_000, "the default");
            self.0.clone()
        }

        fn exceptions(&self) -> Result<Vec<ExceptionRow>, Missing> {
            Ok(Vec::new())
        }

        fn hidden(&self, _: i64) -> Result<Vec<u64>, Missing> {
            Ok(Vec::new())
        }

        fn controls(&self) -> Result<Vec<ControlRow>, Missing> {
            Ok(Vec::new())
        }

        fn coverage(&self) -> Result<Vec<ControlPast>, Missing> {
            Ok(Vec::new())
        }

        fn findings(&self, _: i64) -> Result<Vec<FindingRow>, Missing> {
            Ok(Vec::new())
        }

        fn runs(&self, _: i64) -> Result<Vec<RunRow>, Missing> {
            Ok(Vec::new())
        }
    }

    fn house(pasts: Result<Vec<CheckPast>, Missing>) -> House {
        House { records: Some(Arc::new(One(pasts))), ..House::default() }
    }

    #[test]
    fn without_a_project_or_where_nobody_can_tell_nothing_is_said() {
        for probe in [
            "project.checks",
            "project.controls",
            "project.exceptions",
            "project.findings",
            "project.runs",
            "project.targets",
        ] {
            assert_eq!(ask(probe, json!({})).run().unwrap_err().cause, Cause::Unsupported, "{probe}");
            let asked = ask(probe, json!({})).house(House::default());
            assert_eq!(asked.run().unwrap_err().cause, Cause::Unsupported, "{probe}");
        }
    }

    #[test]
    fn what_the_files_say_is_known_without_a_store() {
        let lost = Missing::new(Cause::NoHistory, "there is no store");
        let answer = ask("project.checks", json!({})).house(house(Err(lost))).run().unwrap();
        assert_eq!(value(&answer, 0, "owner"), Value::text("team"));
        for name in PAST {
            assert_eq!(cause(&answer, 0, name), Cause::NoHistory, "{name}");
        }
    }

    #[test]
    fn a_past_too_few_is_nobodys() {
        let answer = ask("project.checks", json!({})).house(house(Ok(Vec::new()))).run().unwrap();
        assert_eq!(cause(&answer, 0, "overdue"), Cause::Internal);
    }

    #[test]
    fn nobody_asks_the_store_for_what_the_files_say() {
        let known = ask("project.checks", json!({})).house(house(Err(Missing::new(Cause::Internal, ""))));
        let answer = known.without(PAST).run().unwrap();
        assert_eq!(value(&answer, 0, "every"), Value::Int(86_400_000_000));
        let past = CheckPast { fired: 2, judgements: 3, overdue: true, ..CheckPast::default() };
        let answer = ask("project.checks", json!({})).house(house(Ok(vec![past]))).run().unwrap();
        assert_eq!(value(&answer, 0, "fired"), Value::Int(2));
        assert_eq!(value(&answer, 0, "judged"), Value::Null);
    }
}
