//! What of a statement depends on the version of the server, the rights of the role, and what is asked.

use std::sync::Arc;

use super::Reading;
use crate::fact::{Cause, Level, Missing, Request};
use crate::probe::postgres::options::own_name;
use crate::probe::postgres::session::Who;
use crate::probe::sql::quoted;

/// When a part of a statement can be asked.
#[derive(Clone, Copy, Debug)]
pub(in crate::probe::postgres) enum When {
    /// From this major version on.
    Since(i64),
    /// The role has this predefined role (`pg_monitor`, …).
    Member(&'static str),
    /// The role may execute this function of `pg_catalog`.
    Execute(&'static str),
    /// The role may read this relation of `pg_catalog`.
    Select(&'static str),
    /// The server is no replica.
    Primary,
    /// The server is a replica.
    Replica,
    /// The database has this extension; `{schema}` in the part is where it stands.
    Extension(&'static str),
    /// Somebody wants this fact.
    Wanted(&'static str),
    /// Somebody wants one of these facts.
    AnyWanted(&'static [&'static str]),
}

/// A piece of a statement, written `{name}` there.
#[derive(Clone, Copy, Debug)]
pub(in crate::probe::postgres) struct Part {
    /// Its name in the statement.
    pub(in crate::probe::postgres) name: &'static str,
    /// All of these must hold.
    pub(in crate::probe::postgres) when: &'static [When],
    /// What stands there then.
    pub(in crate::probe::postgres) sql: &'static str,
    /// What stands there otherwise.
    pub(in crate::probe::postgres) otherwise: &'static str,
    /// The facts that are not known otherwise; none if the other text tells the same.
    pub(in crate::probe::postgres) facts: &'static [&'static str],
}

impl Part {
    /// The facts that it loses on a server that is too old, with the version that has them.
    pub(super) fn since(&self) -> Vec<(&'static str, i64)> {
        let major = self.when.iter().find_map(|when| match when {
            When::Since(major) => Some(*major),
            _ => None,
        });
        major.map_or(Vec::new(), |major| self.facts.iter().map(|fact| (*fact, major)).collect())
    }
}

/// Facts that are not known, and why.
pub(super) type Lost = Vec<(&'static [&'static str], Arc<Missing>)>;

/// The statement for this server, and what it cannot tell.
pub(super) fn resolved(reading: &Reading, who: &Who, request: &Request) -> (String, Lost) {
    let mut sql = reading.sql.to_owned();
    let mut lost = Lost::new();
    for part in reading.parts {
        let unmet = part.when.iter().find(|when| !holds(**when, who, request));
        let text = match unmet {
            None => part.when.iter().fold(part.sql.to_owned(), |text, when| placed(text, *when, who)),
            Some(when) => {
                if let Some(why) = why_not(*when, who).filter(|_| !part.facts.is_empty()) {
                    lost.push((part.facts, Arc::new(why.level(Level::Field))));
                }
                part.otherwise.to_owned()
            }
        };
        sql = sql.replace(&format!("{{{}}}", part.name), &text);
    }
    let mut sql = sql.replace("{own}", own_name());
    // Whole numbers only, so that nothing has to be quoted.
    for (name, value, _) in request.args.iter() {
        if let Some(number) = value.as_int() {
            sql = sql.replace(&format!("{{{name}}}"), &number.to_string());
        }
    }
    (sql, lost)
}

/// What of all this does not hold, each as its fault.
pub(super) fn unmet(needs: &[When], who: &Who, request: &Request) -> Vec<Missing> {
    let unmet = needs.iter().filter(|when| !holds(**when, who, request));
    unmet.filter_map(|when| why_not(*when, who)).map(|why| why.level(Level::Probe)).collect()
}

fn holds(when: When, who: &Who, request: &Request) -> bool {
    match when {
        When::Since(major) => who.version_num / 10_000 >= major,
        When::Member(role) => who.roles.iter().any(|known| known == role),
        When::Execute(function) => who.functions.iter().any(|known| known == function),
        When::Select(relation) => who.tables.iter().any(|known| known == relation),
        When::Primary => !who.replica,
        When::Replica => who.replica,
        When::Extension(name) => who.extension(name).is_some(),
        When::Wanted(fact) => request.wants(fact),
        When::AnyWanted(facts) => facts.iter().any(|fact| request.wants(fact)),
    }
}

fn placed(text: String, when: When, who: &Who) -> String {
    match when {
        When::Extension(name) => text.replace("{schema}", who.extension(name).unwrap_or("public")),
        _ => text,
    }
}

/// None if nobody misses it.
fn why_not(when: When, who: &Who) -> Option<Missing> {
    let role = quoted(&who.role);
    let why = match when {
        When::Since(major) => {
            let what = format!("PostgreSQL {} does not tell it; version {major} does", who.version);
            Missing::new(Cause::Unsupported, what)
                .fix(format!("update the server to version {major} or later"))
        }
        When::Member(name) => {
            let what = format!("the role {role} may not see it without {name}");
            Missing::new(Cause::Denied, what).fix(format!("GRANT {name} TO {role};"))
        }
        When::Execute(name) => {
            // With its parameters where there are several of one name.
            let call = if name.ends_with(')') { name.to_owned() } else { format!("{name}()") };
            let what = format!("the role {role} may not execute {call}");
            // Of the functions for files pg_monitor has most; the others need a grant of their own, in each database.
            let monitor = name.starts_with("pg_ls_") || name == "pg_current_logfile";
            Missing::new(Cause::Denied, what).fix(if monitor {
                format!("GRANT pg_monitor TO {role};")
            } else {
                format!("GRANT EXECUTE ON FUNCTION pg_catalog.{call} TO {role};")
            })
        }
        When::Select(name) => {
            let what = format!("the role {role} may not read {name}");
            Missing::new(Cause::Denied, what).fix(format!(
                "GRANT SELECT ON pg_catalog.{name} TO {role}; shows all of it, so give it to a role of its own"
            ))
        }
        When::Primary => {
            Missing::new(Cause::Unsupported, "a replica does not tell it").fix("ask the primary")
        }
        When::Replica => Missing::new(Cause::Unsupported, "the server is no replica").fix("ask the replica"),
        When::Extension(name) => {
            let database = quoted(&who.database);
            // The functions of amcheck are nobody's at first; those of pgstattuple are pg_monitor's.
            let grant = match name {
                "amcheck" => format!(" GRANT EXECUTE ON FUNCTION bt_index_check(regclass) TO {role};"),
                _ => String::new(),
            };
            Missing::new(Cause::Absent, format!("the database {database} has no extension {name}"))
                .fix(format!("CREATE EXTENSION {name};{grant}"))
        }
        When::Wanted(_) | When::AnyWanted(_) => return None,
    };
    Some(why)
}
