//! Where a grant has to be given, if an answer is about several databases.

use crate::fact::{Missing, in_database};

/// The same, with statements that hold in one database only naming it.
pub(super) fn placed(why: Missing, database: &str) -> Missing {
    let fix = why.fix.map(|fix| if is_of_one(&fix) { in_database(database, &fix) } else { fix });
    Missing { fix, ..why }
}

/// Statements of which one holds in the database in which it is run. Memberships and roles are the server's.
fn is_of_one(fix: &str) -> bool {
    let of_server = |statement: &str| {
        statement.starts_with("ALTER ROLE ")
            || statement.starts_with("GRANT ") && !statement.contains(" ON ")
            || statement.is_empty()
    };
    fix.ends_with(';') && !fix.split("; ").all(of_server)
}

#[cfg(test)]
mod tests {
    use super::placed;
    use crate::fact::{Cause, Missing};

    #[test]
    fn a_grant_names_its_database() {
        let of = |fix: &str| placed(Missing::new(Cause::Denied, "").fix(fix), "\"my shop\"").fix.unwrap();
        assert_eq!(
            of("GRANT SELECT ON public.t TO \"w\";"),
            "\\connect \"my shop\" \\\\ GRANT SELECT ON public.t TO \"w\";"
        );
        assert_eq!(
            of("CREATE EXTENSION amcheck; GRANT pg_monitor TO w;"),
            "\\connect \"my shop\" \\\\ CREATE EXTENSION amcheck; GRANT pg_monitor TO w;"
        );
        for server in ["GRANT pg_monitor TO w;", "ALTER ROLE w BYPASSRLS;", "ask the primary"] {
            assert_eq!(of(server), server);
        }
    }
}
