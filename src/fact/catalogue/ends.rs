//! Facts that tell when something ends: certificates, passwords. A report of what lies ahead reads this list and no other.

/// Something that ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ends {
    /// The probe that sees it.
    pub probe: &'static str,
    /// Facts that are times; the earliest counts.
    pub facts: &'static [&'static str],
    /// What it is, in a word.
    pub kind: &'static str,
}

/// All of them.
pub static ENDS: &[Ends] = &[
    // Of a chain any certificate may end first.
    Ends { probe: "tls.chain", facts: &["chain_not_after", "not_after"], kind: "certificate" },
    Ends { probe: "certificate.file", facts: &["not_after"], kind: "certificate" },
    Ends { probe: "postgres.roles", facts: &["valid_until"], kind: "password" },
];

/// What ends of what a probe sees.
pub fn ends(probe: &str) -> impl Iterator<Item = &'static Ends> {
    ENDS.iter().filter(move |ends| ends.probe == probe)
}

#[cfg(test)]
mod tests {
    use super::super::{PROBES, find};
    use super::*;
    use crate::fact::Ty;

    #[test]
    fn everything_that_ends_is_a_time_of_a_probe() {
        for one in ENDS {
            let probe = find(one.probe).unwrap_or_else(|| panic!("there is no {}", one.probe));
            for name in one.facts {
                let fact = probe.facts.iter().find(|fact| fact.name == *name);
                assert!(fact.is_some_and(|fact| matches!(fact.ty, Ty::Time)), "{}: {name}", one.probe);
            }
        }
    }

    #[test]
    fn every_time_at_which_something_ends_by_its_name_is_listed() {
        for probe in PROBES {
            for fact in probe.facts.iter().filter(|fact| matches!(fact.ty, Ty::Time)) {
                let is_end =
                    ["not_after", "valid_until", "expires"].iter().any(|end| fact.name.ends_with(end));
                let is_listed = ends(probe.name).any(|one| one.facts.contains(&fact.name));
                assert_eq!(is_end, is_listed, "{}.{}", probe.name, fact.name);
            }
        }
    }
}
