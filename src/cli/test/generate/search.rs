//! Which cases are proposed: those at which the judgement turns, and those that show what no case shows yet.
//!
//! Nothing is guessed from the text of a rule: facts are varied and judged, and where the judgement changes between
//! two values it is narrowed down to one step. So limits behind a `let`, a join or a group are found as well.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::fact::Value;
use crate::judge::{Branch, Part, Way, branches, judge};
use crate::policy::Policy;
use crate::policy::cases::Case;
use crate::policy::cases::write::literal;
use crate::verdict::{self, Verdict};

use super::super::cover::{seen, shown};
use super::super::mutate;
use super::super::tried::{Ready, try_one};
use super::base::{self, alike, size};
use super::vary::{self, At, Constants, Field, Variation};

/// Cases from which variations are made, at most.
const BASES: usize = 6;
/// Facts of which two are varied together, at most.
const PAIRED: usize = 6;
/// Values of each of the two, at most.
const VALUES: usize = 10;

/// Proposes cases that are not like those that are there.
pub(super) fn cases(policy: &Arc<Policy>, there: &[&Case]) -> Vec<Case> {
    let mut search = Search::new(policy, there);
    search.run();
    search.kill_mutants(there);
    search.finish()
}

struct Search<'p> {
    policy: &'p Arc<Policy>,
    fields: Vec<Field>,
    constants: Constants,
    all: BTreeSet<Branch>,
    seen: BTreeSet<Branch>,
    bases: Vec<Case>,
    /// Limits that were found.
    turned: BTreeSet<(At, i64)>,
    /// What was tried and is no proposal yet.
    pool: Vec<Variation>,
    chosen: Vec<Variation>,
    /// Facts of the cases that are there, and of those that are chosen.
    known: Vec<Case>,
}

impl<'p> Search<'p> {
    fn new(policy: &'p Arc<Policy>, there: &[&Case]) -> Self {
        let mut search = Self {
            policy,
            fields: vary::fields(policy),
            constants: Constants::of(policy),
            all: branches(policy).into_iter().map(|shown| shown.branch).collect(),
            seen: there.iter().flat_map(|case| shown(policy, case)).collect(),
            bases: Vec::new(),
            turned: BTreeSet::new(),
            pool: Vec::new(),
            chosen: Vec::new(),
            known: there.iter().map(|case| (*case).clone()).collect(),
        };
        search.begin(there);
        search
    }

    /// The judgement in a text; two that differ are two judgements.
    fn judged(&self, case: &Case) -> Option<(String, verdict::Check)> {
        let check = Ready::new(self.policy, case).ok()?.with(judge).check;
        let finding = |one: &verdict::Finding| {
            let cause = one.cause.as_ref().map_or("", |why| why.cause.word());
            let urgency = one.urgency.map_or("", verdict::Urgency::word);
            format!(
                "{}|{}|{}|{}|{urgency}|{cause}",
                one.verdict.word(),
                one.subject.shown,
                one.rule,
                one.severity.word()
            )
        };
        let mut findings: Vec<String> = check.findings.iter().map(finding).collect();
        findings.sort();
        let counts = (check.counts.pass, check.counts.skipped);
        Some((format!("{counts:?} {}", findings.join("\n")), check))
    }

    fn signature(&self, case: &Case) -> String {
        self.judged(case).map_or_else(String::new, |(signature, _)| signature)
    }

    fn passes(&self, case: &Case) -> bool {
        self.judged(case).is_some_and(|(_, check)| check.verdict == Verdict::Pass && check.counts.pass > 0)
    }

    /// What the variations are made of: a case that passes, and one for each condition that another makes true.
    fn begin(&mut self, there: &[&Case]) {
        let sound: Vec<&Case> =
            there.iter().copied().filter(|case| try_one(self.policy, case).faults.is_empty()).collect();
        let passing = sound.iter().copied().filter(|case| self.passes(case)).min_by_key(|case| size(case));
        if let Some(case) = passing {
            self.bases.push(base::trimmed(case, |case| self.passes(case)));
        }
        let mut shown: BTreeSet<Branch> =
            self.bases.first().map(|case| seen(self.policy, case)).unwrap_or_default();
        for case in &sound {
            let new: BTreeSet<Branch> = seen(self.policy, case).into_iter().filter(is_rung).collect();
            if self.bases.len() < BASES && !new.is_subset(&shown) {
                let signature = self.signature(case);
                self.bases.push(base::trimmed(case, |case| self.signature(case) == signature));
                shown.extend(new);
            }
        }
        if self.bases.is_empty() {
            self.bases.extend(base::of_examples(self.policy));
            self.towards_passing();
        }
    }

    /// Examples need not pass: with one or two other facts they may.
    fn towards_passing(&mut self) {
        let Some(base) = self.bases.first().cloned() else { return };
        if self.passes(&base) {
            self.take(Variation { name: "the examples of the probes".to_owned(), case: base });
            return;
        }
        let tried = self.singles(&base);
        let found = tried
            .into_iter()
            .find(|one| self.passes(&one.case))
            .or_else(|| self.pairs(&base).into_iter().find(|one| self.passes(&one.case)));
        if let Some(found) = found {
            self.bases.insert(0, found.case.clone());
            self.take(found);
        }
    }

    fn run(&mut self) {
        let mut next = 0;
        while let Some(base) = self.bases.get(next).cloned() {
            next += 1;
            self.limits(&base);
            let others = vary::answers(self.policy, &base).into_iter().chain(vary::held(self.policy, &base));
            for one in self.singles(&base).into_iter().chain(others) {
                self.offer(one);
            }
            if next == self.bases.len() && self.is_blind() {
                for one in self.pairs(&base) {
                    self.offer(one);
                }
            }
        }
        // A failure that is proposed only now may have held as well.
        let proposed: Vec<Case> = self.chosen.iter().map(|one| one.case.clone()).collect();
        for one in
            proposed.iter().filter(|case| case.held.is_none()).flat_map(|case| vary::held(self.policy, case))
        {
            self.offer(one);
        }
    }

    /// Is there a condition that no case makes true, or false?
    fn is_blind(&self) -> bool {
        self.all.difference(&self.seen).any(is_rung)
    }

    /// Proposes the values around every one at which the judgement turns.
    fn limits(&mut self, base: &Case) {
        let fine = self.constants.fine;
        let fields: Vec<usize> = (0..self.fields.len()).collect();
        for index in fields {
            let Some(field) = self.fields.get(index) else { continue };
            let limits = self.constants.limits(&field.ty, crate::fact::micros_of(base.now));
            let at = |count: i64, remark: &str| vary::at_steps(field, base, count, fine, remark);
            let signature = |count: i64| at(count, "").map(|one| self.signature(&one.case));
            let ladder = vary::ladder(&self.constants, field, base);
            let judged: Vec<(i64, String)> =
                ladder.into_iter().filter_map(|count| Some((count, signature(count)?))).collect();
            let at_turn = |turn: i64| {
                let limit = [turn, turn.saturating_add(1)].into_iter().find(|at| limits.contains(at));
                let around = match limit {
                    Some(limit) => vec![
                        at(limit.saturating_sub(1), ", just below the limit"),
                        at(limit, ", at the limit"),
                        at(limit.saturating_add(1), ", just above the limit"),
                    ],
                    None => {
                        vec![at(turn, ", before it turns"), at(turn.saturating_add(1), ", where it turns")]
                    }
                };
                ((field.at, limit.unwrap_or(turn)), around.into_iter().flatten().collect())
            };
            let turns = judged.windows(2).filter_map(|pair| match pair {
                [(low, first), (high, second)] if first != second => {
                    Some(narrow(*low, *high, first, &signature))
                }
                _ => None,
            });
            let found: Vec<((At, i64), Vec<Variation>)> = turns.map(at_turn).collect();
            for (turn, around) in found {
                self.take_limit(turn, around);
            }
        }
    }

    /// Takes the cases around a limit. From other facts the same limit is seen again, which says nothing new.
    fn take_limit(&mut self, turn: (At, i64), around: Vec<Variation>) {
        if !self.turned.insert(turn) {
            return around.into_iter().for_each(|one| self.offer(one));
        }
        for one in around {
            let (value, signature) = (vary::cell(&one.case, turn.0), self.signature(&one.case));
            let same =
                |known: &&Case| vary::cell(known, turn.0) == value && self.signature(known) == signature;
            if self.known.iter().find(same).is_none() {
                self.take(one);
            } else {
                self.offer(one);
            }
        }
    }

    /// Other values of one fact.
    fn singles(&self, base: &Case) -> Vec<Variation> {
        let mut found = Vec::new();
        for field in &self.fields {
            found.extend(vary::gaps(field, base));
            found.extend(self.values(field, base).into_iter().filter_map(|value| {
                let shown = literal(&value, &field.ty)?;
                Some(Variation {
                    name: format!("{} {shown}", field.name),
                    case: vary::with(base, field.at, Ok(value))?,
                })
            }));
        }
        found
    }

    /// Values that may make a difference.
    fn values(&self, field: &Field, base: &Case) -> Vec<Value> {
        let fine = self.constants.fine;
        let ladder = vary::ladder(&self.constants, field, base).into_iter();
        let ordered = ladder.filter_map(|count| crate::policy::cases::write::step(count, &field.ty, fine));
        vary::words(&self.constants, field).into_iter().chain(ordered).collect()
    }

    /// Other values of two facts together.
    fn pairs(&self, base: &Case) -> Vec<Variation> {
        let mut found = Vec::new();
        let fields: Vec<&Field> = self.fields.iter().take(PAIRED).collect();
        for (index, first) in fields.iter().enumerate() {
            for value in few(self.values(first, base)) {
                let Some(shown) = literal(&value, &first.ty) else { continue };
                let Some(half) = vary::with(base, first.at, Ok(value)) else { continue };
                for second in fields.iter().skip(index + 1) {
                    found.extend(few(self.values(second, base)).into_iter().filter_map(|value| {
                        let other = literal(&value, &second.ty)?;
                        let name = format!("{} {shown}, {} {other}", first.name, second.name);
                        Some(Variation { name, case: vary::with(&half, second.at, Ok(value))? })
                    }));
                }
            }
        }
        found
    }

    /// Takes a variation if it shows what nothing shows yet; the others are kept for what changes may tell.
    fn offer(&mut self, one: Variation) {
        let shows = seen(self.policy, &one.case);
        let new: Vec<&Branch> =
            shows.iter().filter(|way| self.all.contains(*way) && !self.seen.contains(*way)).collect();
        if new.is_empty() {
            return self.pool.push(one);
        }
        if new.iter().any(|way| is_rung(way)) && self.bases.len() < BASES {
            self.bases.push(one.case.clone());
        }
        self.take(one);
    }

    /// Makes a variation a proposal, unless there is one with its facts.
    fn take(&mut self, one: Variation) {
        if self.known.iter().any(|known| alike(known, &one.case)) {
            return;
        }
        self.seen.extend(seen(self.policy, &one.case));
        self.known.push(one.case.clone());
        self.chosen.push(one);
    }

    /// Makes a variation a proposal although a case that is there may have its facts: that one expects less, and notices less.
    fn take_for_more(&mut self, one: Variation) {
        if !self.chosen.iter().any(|chosen| alike(&chosen.case, &one.case)) {
            self.known.push(one.case.clone());
            self.chosen.push(one);
        }
    }

    /// Takes what tells changes of the policy apart that nothing tells apart yet.
    fn kill_mutants(&mut self, there: &[&Case]) {
        let mutants = mutate::changes(self.policy);
        let tells = |changed: &Arc<Policy>, case: &Case| {
            let other = Ready::new(changed, case).ok().map(|ready| said(&ready));
            other.is_some() && other != Ready::new(self.policy, case).ok().map(|ready| said(&ready))
        };
        let sound: Vec<&Case> =
            there.iter().copied().filter(|case| try_one(self.policy, case).faults.is_empty()).collect();
        let mut wanted = Vec::new();
        for mutant in &mutants {
            // A case that is there tells what it expects, and not all that is found.
            let notices = |case: &&Case| !try_one(&mutant.policy, case).faults.is_empty();
            let mut chosen = self.chosen.iter().map(|one| &one.case).chain(&wanted);
            if sound.iter().any(notices) || chosen.any(|case: &Case| tells(&mutant.policy, case)) {
                continue;
            }
            if let Some(one) = self.pool.iter().find(|one| tells(&mutant.policy, &one.case)) {
                wanted.push(one.case.clone());
            }
        }
        for case in wanted {
            if let Some(index) = self.pool.iter().position(|one| alike(&one.case, &case)) {
                let one = self.pool.swap_remove(index);
                self.take_for_more(one);
            }
        }
    }

    /// The proposals with names that no other has.
    fn finish(self) -> Vec<Case> {
        let mut names: BTreeSet<Arc<str>> = self.known.iter().map(|case| Arc::clone(&case.name)).collect();
        let mut all = Vec::new();
        for Variation { name, case } in self.chosen {
            let first = format!("proposed: {name}");
            let others = (2..).map(|number| format!("{first} ({number})"));
            let name = std::iter::once(first.clone())
                .chain(others)
                .map(Arc::from)
                .find(|name| !names.contains(name));
            let Some(name) = name else { continue };
            names.insert(Arc::clone(&name));
            all.push(Case { name, findings: Vec::new(), ..case });
        }
        all
    }
}

/// What a case can say of a judgement.
fn said(ready: &Ready) -> Vec<crate::policy::cases::write::Said> {
    super::said(&ready.check.policy, &ready.with(judge).check)
}

fn is_rung(branch: &Branch) -> bool {
    let (part, way) = branch;
    let condition = matches!(
        part,
        Part::Where
            | Part::Fail(_)
            | Part::Warn(_)
            | Part::Severity(_)
            | Part::Urgency(_)
            | Part::Step(_)
            | Part::Script
            | Part::Side
    );
    condition && matches!(way, Way::True | Way::False | Way::Side(_))
}

fn few(values: Vec<Value>) -> Vec<Value> {
    let stride = values.len().div_ceil(VALUES).max(1);
    values.into_iter().step_by(stride).collect()
}

/// The last number of steps with the judgement of the lower end.
fn narrow(low: i64, high: i64, first: &str, signature: &dyn Fn(i64) -> Option<String>) -> i64 {
    let (mut low, mut high) = (low, high);
    while high.saturating_sub(low) > 1 {
        let middle = low + (high - low) / 2;
        if signature(middle).as_deref() == Some(first) {
            low = middle;
        } else {
            high = middle;
        }
    }
    low
}
