//! What a pooler between us and the server says. PgBouncer gives nearly all of its own errors one code, so that only its
//! words tell them apart.

use crate::fact::{Cause, Level};

/// The meaning of a message of PgBouncer, with what to do.
pub(super) fn meaning(message: &str) -> Option<(Cause, Level, &'static str)> {
    let known: [(&str, Cause, &'static str); 14] = [
        (
            "invalid command",
            Cause::WrongTarget,
            "name a database in the target's address, or make it a target of type `pgbouncer`",
        ),
        (
            "not allowed",
            Cause::Denied,
            "add the user to `stats_users` in pgbouncer.ini and reload it (to look at its pools; a target of type `postgres` names a database instead)",
        ),
        ("does not exist", Cause::Absent, "correct user and database in the target's address"),
        (
            "no such database",
            Cause::Absent,
            "correct the database in the target's address, or add it to pgbouncer.ini",
        ),
        (
            "database does not allow connections",
            Cause::Denied,
            "the database is disabled in PgBouncer: `ENABLE` it in its console",
        ),
        ("no such user", Cause::Denied, "add the user to `auth_file` or `auth_query` of PgBouncer"),
        (
            "authentication failed",
            Cause::Denied,
            "check user and password of the target, and `auth_file` of PgBouncer",
        ),
        (
            "no more connections allowed",
            Cause::Limit,
            "free connections, or raise `max_client_conn` of PgBouncer",
        ),
        ("client connections exceeded", Cause::Limit, "free connections, or raise the limit of PgBouncer"),
        (
            "query_wait_timeout",
            Cause::Timeout,
            "no server connection was free in time: look at the pools of PgBouncer",
        ),
        ("query_timeout", Cause::Timeout, "raise `query_timeout` of PgBouncer"),
        ("client_login_timeout", Cause::Timeout, "look into the log of PgBouncer: its server may be down"),
        (
            "unsupported startup parameter",
            Cause::Unsupported,
            "add it to `ignore_startup_parameters` of PgBouncer",
        ),
        (
            "server login has been failing",
            Cause::Unreachable,
            "look into the log of PgBouncer: its server is down or refuses it",
        ),
    ];
    let found = known.into_iter().find(|(words, _, _)| message.contains(words));
    found.map(|(_, cause, fix)| (cause, Level::Target, fix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_code_of_the_pooler_has_many_meanings() {
        let cause = |message| meaning(message).map(|(cause, _, _)| cause);
        assert_eq!(cause("invalid command 'BEGIN', use SHOW HELP;"), Some(Cause::WrongTarget));
        assert_eq!(cause("no such database: shop"), Some(Cause::Absent));
        assert_eq!(cause("not allowed"), Some(Cause::Denied));
        assert_eq!(cause("no more connections allowed (max_client_conn)"), Some(Cause::Limit));
        assert_eq!(cause("SASL authentication failed"), Some(Cause::Denied));
        assert_eq!(cause("pgbouncer cannot connect to server"), None);
    }
}
