//! Servers that speak the protocol and are not PostgreSQL, told by what `version()` says.

use crate::fact::{Cause, Level, Missing};

/// A mark in `version()`, and whose it is.
struct Fork {
    mark: &'static str,
    name: &'static str,
    /// Its catalogue is PostgreSQL's, so that all but its releases is understood.
    alike: bool,
}

const fn fork(mark: &'static str, name: &'static str, alike: bool) -> Fork {
    Fork { mark, name, alike }
}

const FORKS: &[Fork] = &[
    fork("EnterpriseDB", "EnterpriseDB Advanced Server", true),
    fork("EDB Postgres Extended", "EDB Postgres Extended Server", true),
    fork("CockroachDB", "CockroachDB", false),
    fork("-YB-", "YugabyteDB", false),
    fork("Redshift", "Amazon Redshift", false),
    fork("Greenplum", "Greenplum", false),
    fork("Cloudberry", "Apache Cloudberry", false),
    fork("openGauss", "openGauss", false),
    fork("GaussDB", "GaussDB", false),
    fork("RisingWave", "RisingWave", false),
    fork("Materialize", "Materialize", false),
    fork("CrateDB", "CrateDB", false),
    fork("QuestDB", "QuestDB", false),
];

fn known(banner: &str) -> Option<&'static Fork> {
    FORKS.iter().find(|fork| banner.contains(fork.mark))
}

/// Whose server it is, if it is one of the forks that are understood.
pub(super) fn alike(banner: &str) -> Option<&'static str> {
    match known(banner) {
        Some(fork) => fork.alike.then_some(fork.name),
        None => (!banner.starts_with("PostgreSQL ")).then_some("a server that is not PostgreSQL"),
    }
}

/// Why a server is not understood; none if it is PostgreSQL or nearly so.
pub(super) fn refused(banner: &str) -> Option<Missing> {
    let fork = known(banner).filter(|fork| !fork.alike)?;
    let version = banner.split(',').next().unwrap_or(banner);
    let what = format!(
        "the server is {}, not PostgreSQL (`{version}`): its catalogue means other things",
        fork.name
    );
    Some(
        Missing::new(Cause::Unsupported, what)
            .level(Level::Target)
            .fix("ask it by `postgres.query` of its own SQL"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forks_are_told_by_what_they_call_themselves() {
        let refused = |banner| refused(banner).map(|why| why.what);
        let plain = "PostgreSQL 15.18 (Debian 15.18-0+deb12u1) on x86_64-pc-linux-gnu, compiled by gcc 12.2.0, 64-bit";
        assert_eq!((refused(plain), alike(plain)), (None, None));
        for (banner, name) in [
            (
                "CockroachDB CCL v23.1.11 (x86_64-pc-linux-gnu, built 2023/09/27 01:53:43, go1.19.10)",
                "CockroachDB",
            ),
            ("PostgreSQL 11.2-YB-2.18.3.0-b0 on x86_64-pc-linux-gnu, compiled by clang", "YugabyteDB"),
            (
                "PostgreSQL 8.0.2 on i686-pc-linux-gnu, compiled by GCC gcc 3.4.2, Redshift 1.0.56754",
                "Amazon Redshift",
            ),
            ("PostgreSQL 12.12 (Greenplum Database 7.0.0 build commit:0a7a3566) on x86_64", "Greenplum"),
        ] {
            assert!(refused(banner).unwrap().contains(name), "{banner}");
        }
        let edb = "PostgreSQL 15.4 (EnterpriseDB Advanced Server 15.4.0) on x86_64-pc-linux-gnu";
        assert_eq!((refused(edb), alike(edb)), (None, Some("EnterpriseDB Advanced Server")));
        assert_eq!(alike("Frobnicate 1.0"), Some("a server that is not PostgreSQL"));
    }
}
