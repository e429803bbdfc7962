//! Two versions of the rules of a policy, compared at every point at which one of them may change its mind.

use std::collections::BTreeSet;

use super::canon::{canon, read_by};
use super::grid::Grid;
use super::lower::{Lowering, Point, Version};
use super::vars::{SAID, Vars, said_by};
use crate::fact::{Cell, Type};
use crate::judge::{climb, decide};
use crate::policy::{Expect, Ladder, Policy, Rung};
use crate::rule::Rule;
use crate::rule::eval::holds;
use crate::rule::node::{Node, Op};
use crate::verdict::{Direction, Example, Severity, Urgency, Verdict, judged_as};

/// Points that are tried at most.
const MOST: usize = 300_000;

const TOO_MANY: &str = "there are too many cases to compare";

/// One version with what is known of it at a target.
#[derive(Clone, Copy)]
pub(super) struct Ruled<'a> {
    pub(super) version: Version<'a>,
    /// The severity of the project, if it sets one.
    pub(super) severity: Option<Severity>,
    /// The urgency of the project, if it sets one.
    pub(super) urgency: Option<Urgency>,
}

/// One thing that two versions say: where the new one says less, and where more.
#[derive(Clone, Debug, Default)]
pub(super) struct Aspect {
    pub(super) looser: Option<Example>,
    pub(super) stricter: Option<Example>,
}

impl Aspect {
    pub(super) fn direction(&self) -> Direction {
        Direction::of(self.looser.is_some(), self.stricter.is_some())
    }

    /// What is looser first.
    pub(super) fn examples(&self) -> Vec<Example> {
        self.looser.iter().chain(&self.stricter).cloned().collect()
    }
}

/// What the comparison of two versions shows.
#[derive(Clone, Debug, Default)]
pub(super) struct Compared {
    pub(super) verdict: Aspect,
    pub(super) severity: Aspect,
    pub(super) urgency: Aspect,
    /// Is every example one that facts can show, as far as rules tell?
    pub(super) exact: bool,
    /// Why they could not be compared.
    pub(super) beyond: Option<&'static str>,
}

/// The lowered rules of a version.
struct Judge {
    /// Asked of a target that was made up only: of any other it is decided.
    when: Option<Rule>,
    filter: Option<Rule>,
    fail: Vec<Rung>,
    warn: Vec<Rung>,
    /// The variable of what the script says.
    script: Option<usize>,
    severity: Ladder<Severity>,
    urgency: Option<Ladder<Urgency>>,
    expects: bool,
}

/// What a version says at a point.
#[derive(Clone, Copy, PartialEq)]
struct Said {
    /// `None` if the row is no subject.
    verdict: Option<Verdict>,
    severity: Severity,
    urgency: Option<Urgency>,
}

/// Compares the rules of two versions.
pub(super) fn compare(old: &Ruled<'_>, new: &Ruled<'_>) -> Compared {
    let none = BTreeSet::new();
    let compared = with(old, new, &none);
    if compared.beyond != Some(TOO_MANY) {
        return compared;
    }
    // What both have in common is taken as one condition each, which may show differences that cannot be, and never
    // hides one.
    with(old, new, &conditions(old, new))
}

fn with(old: &Ruled<'_>, new: &Ruled<'_>, shared: &BTreeSet<String>) -> Compared {
    let mut vars = Vars::default();
    let sides = [judge(old, &mut vars, shared), judge(new, &mut vars, shared)];
    let mut used: BTreeSet<usize> = sides.iter().flat_map(Judge::reads).collect();
    if used.iter().any(|var| vars.parts.contains_key(var)) {
        used.extend(vars.side);
    }
    let grid = Grid::new(&vars, &used);
    let mut compared = Compared { exact: is_exact(&vars, &used), ..Compared::default() };
    compared.beyond = if grid.size > MOST {
        Some(TOO_MANY)
    } else {
        vars.two_clocks(&used).then_some("a time is compared with the clock and with a date")
    };
    if compared.beyond.is_some() {
        return compared;
    }
    let mut best = Best::default();
    grid.walk(&mut |cells, at| {
        let said = [sides[0].says(cells), sides[1].says(cells)];
        best.look(said, grid.plain(cells), at, sides[0].expects || sides[1].expects);
    });
    compared.verdict = best.verdict.told(&grid, &sides);
    compared.severity = best.severity.told(&grid, &sides);
    compared.urgency = best.urgency.told(&grid, &sides);
    compared
}

fn judge(ruled: &Ruled<'_>, vars: &mut Vars, shared: &BTreeSet<String>) -> Judge {
    let policy = ruled.version.policy;
    let mut lowering = Lowering { version: ruled.version, vars, shared };
    let severity = ruled.severity.map_or_else(|| lowering.ladder(&policy.severity), Ladder::fixed);
    let urgency = policy
        .alert
        .as_ref()
        .map(|alert| ruled.urgency.map_or_else(|| lowering.ladder(&alert.urgency), Ladder::fixed));
    let when = policy.when.as_ref().filter(|_| ruled.version.made_up);
    Judge {
        when: when.map(|rule| lowering.rule(rule)),
        filter: policy.filter.as_ref().map(|rule| lowering.rule(rule)),
        fail: lowering.rungs(&policy.fail),
        warn: lowering.rungs(&policy.warn),
        script: policy.script.as_ref().map(|script| lowering.vars.enter(said_by(script))),
        severity,
        urgency,
        expects: matches!(policy.expect, Expect::Some | Expect::List(_) | Expect::Param(_) | Expect::Keys(_)),
    }
}

impl Judge {
    fn nodes(&self) -> impl Iterator<Item = &Node> {
        let rungs = self.fail.iter().chain(&self.warn).map(|rung| &rung.rule);
        let severity = self.severity.rungs.iter().map(|(_, rule)| rule);
        let urgency = self.urgency.iter().flat_map(|ladder| &ladder.rungs).map(|(_, rule)| rule);
        self.when
            .iter()
            .chain(&self.filter)
            .chain(rungs)
            .chain(severity)
            .chain(urgency)
            .map(|rule| &rule.node)
    }

    fn reads(&self) -> BTreeSet<usize> {
        self.nodes().flat_map(read_by).chain(self.script).collect()
    }

    /// What the script says at a point.
    fn script_says(&self, cells: &[&Cell]) -> Verdict {
        let Some(cell) = self.script.and_then(|var| cells.get(var)) else { return Verdict::Pass };
        let said = |word: &str| SAID.into_iter().find(|verdict| verdict.word() == word);
        cell.as_ref().ok().and_then(|value| said(value.as_text()?)).unwrap_or(Verdict::Unknown)
    }

    fn says(&self, cells: &[&Cell]) -> Said {
        let point = Point { cells };
        let by_rules =
            || decide(&self.fail, &self.warn, &point).map_or(Verdict::Pass, |decision| decision.verdict);
        let verdict = match self.filter.as_ref().map(|filter| holds(&filter.node, &point)) {
            // A `when` that cannot be decided leaves the check in.
            _ if self.when.as_ref().is_some_and(|when| holds(&when.node, &point) == Ok(false)) => None,
            Some(Ok(false)) => None,
            Some(Err(_)) => Some(Verdict::Unknown),
            Some(Ok(true)) | None => Some(by_rules().max(self.script_says(cells))),
        };
        let severity = climb(&self.severity, &point);
        let urgency = self.urgency.as_ref().map(|ladder| climb(ladder, &point));
        Said { verdict, severity, urgency }
    }
}

/// Do the facts of conditions that are taken as one stand nowhere else? Only then may every point be a row.
fn is_exact(vars: &Vars, used: &BTreeSet<usize>) -> bool {
    let mut seen: BTreeSet<usize> = used.iter().copied().collect();
    let made = used.iter().filter_map(|index| vars.get(*index)).flat_map(|var| &var.made_of);
    let mut apart = true;
    for part in made {
        apart &= seen.insert(*part);
    }
    apart
}

/// Conditions that stand in both versions, as far as they read a fact.
fn conditions(old: &Ruled<'_>, new: &Ruled<'_>) -> BTreeSet<String> {
    let none = BTreeSet::new();
    let mut vars = Vars::default();
    let mut of = |ruled: &Ruled<'_>| {
        let mut found = BTreeSet::new();
        for (_, rule) in deciding(ruled.version) {
            let node = Lowering { version: ruled.version, vars: &mut vars, shared: &none }.plain(&rule.node);
            node.walk(&mut |part| {
                if *part.ty.base() == Type::Bool && !matches!(part.op, Op::Literal(_)) {
                    found.insert(canon(part, &vars));
                }
            });
        }
        found
    };
    let (old, new) = (of(old), of(new));
    old.intersection(&new).cloned().collect()
}

/// The rules that decide about a row, each with what it decides.
pub(super) fn rules(policy: &Policy) -> Vec<(&'static str, &Rule)> {
    let filter = policy.filter.as_deref().into_iter().map(|rule| ("where", rule));
    let fail = policy.fail.iter().map(|rung| ("fail", &rung.rule));
    let warn = policy.warn.iter().map(|rung| ("warn", &rung.rule));
    let severity = policy.severity.rungs.iter().map(|(level, rule)| (level.word(), rule));
    let urgency = policy.alert.iter().flat_map(|alert| &alert.urgency.rungs);
    let urgency = urgency.map(|(level, rule)| (level.word(), rule));
    filter.chain(fail).chain(warn).chain(severity).chain(urgency).collect()
}

/// The same, with `when` where nothing decides it before.
fn deciding(version: Version<'_>) -> Vec<(&'static str, &Rule)> {
    let when =
        version.policy.when.as_deref().filter(|_| version.made_up).into_iter().map(|rule| ("when", rule));
    when.chain(rules(version.policy)).collect()
}

/// The best example that was found.
#[derive(Default)]
struct Best {
    verdict: Found,
    severity: Found,
    urgency: Found,
}

/// How good an example is, and where it is.
type Rated = ((usize, usize), Vec<usize>);

/// Which way an example goes.
#[derive(Clone, Copy)]
enum Way {
    Looser,
    Stricter,
    Unread,
}

impl Way {
    fn of(looser: bool) -> Self {
        if looser { Self::Looser } else { Self::Stricter }
    }
}

#[derive(Default)]
struct Found {
    looser: Option<Rated>,
    stricter: Option<Rated>,
    /// Where the new version cannot judge what the old one could. That a fact may be unreadable makes no looser rule
    /// a stricter one, so it counts only where nothing is looser.
    unread: Option<Rated>,
}

impl Found {
    fn offer(&mut self, way: Way, by: usize, plain: usize, at: &[usize]) {
        let slot = match way {
            Way::Looser => &mut self.looser,
            Way::Stricter => &mut self.stricter,
            Way::Unread => &mut self.unread,
        };
        let rate = (plain, by);
        if slot.as_ref().is_none_or(|(known, _)| rate > *known) {
            *slot = Some((rate, at.to_vec()));
        }
    }

    fn told(&self, grid: &Grid<'_>, sides: &[Judge; 2]) -> Aspect {
        let tell = |rated: &Rated| example(grid, sides, &rated.1);
        let unread = self.unread.as_ref().filter(|_| self.looser.is_none());
        Aspect {
            looser: self.looser.as_ref().map(tell),
            stricter: self.stricter.as_ref().or(unread).map(tell),
        }
    }
}

/// How far one verdict is from another.
fn apart(a: Verdict, b: Verdict) -> usize {
    let place = |verdict| Verdict::ALL.iter().position(|known| *known == verdict).unwrap_or(0);
    place(a).abs_diff(place(b))
}

/// Is there a finding?
fn is_finding(said: Said) -> bool {
    judged_as(said.verdict) != Verdict::Pass
}

impl Best {
    fn look(&mut self, said: [Said; 2], plain: usize, at: &[usize], expects: bool) {
        let [old, new] = said;
        let (was, is) = (judged_as(old.verdict), judged_as(new.verdict));
        if was != is {
            let unread = is > was && is == Verdict::Unknown;
            let way = if unread { Way::Unread } else { Way::of(is < was) };
            self.verdict.offer(way, apart(was, is), plain, at);
        }
        // A row that is no subject is not there for `expect`.
        if expects && old.verdict.is_none() != new.verdict.is_none() {
            self.verdict.offer(Way::Looser, 0, plain, at);
            self.verdict.offer(Way::Stricter, 0, plain, at);
        }
        if !is_finding(old) || !is_finding(new) {
            return;
        }
        if old.severity != new.severity {
            self.severity.offer(Way::of(new.severity < old.severity), 1, plain, at);
        }
        if let (Some(was), Some(is)) = (old.urgency, new.urgency)
            && was != is
        {
            self.urgency.offer(Way::of(is < was), 1, plain, at);
        }
    }
}

fn word(said: Said, beside: Said) -> String {
    let Some(verdict) = said.verdict else { return "not judged".to_owned() };
    let mut text = verdict.word().to_owned();
    if is_finding(said) && is_finding(beside) {
        if said.severity != beside.severity {
            text.push_str(&format!(" ({})", said.severity.word()));
        }
        if let Some(urgency) = said.urgency.filter(|_| said.urgency != beside.urgency) {
            text.push_str(&format!(" ({})", urgency.word()));
        }
    }
    text
}

/// The facts of an example: those on which anything depends there.
fn example(grid: &Grid<'_>, sides: &[Judge; 2], at: &[usize]) -> Example {
    let says = |at: &[usize]| {
        let cells = grid.cells(at);
        [sides[0].says(&cells), sides[1].says(&cells)]
    };
    let said = says(at);
    let mut facts = Vec::new();
    for (number, (var, points)) in grid.used.iter().zip(&grid.points).enumerate() {
        let matters = (0..points.len()).any(|other| {
            let mut beside = at.to_vec();
            if let Some(slot) = beside.get_mut(number) {
                *slot = other;
            }
            says(&beside) != said
        });
        let (Some(var), Some(cell)) = (grid.vars.get(*var), at.get(number).and_then(|at| points.get(*at)))
        else {
            continue;
        };
        if matters {
            facts.push(var.tell(cell));
        }
    }
    Example { facts, before: word(said[0], said[1]), after: word(said[1], said[0]) }
}

/// The canonical text of the rules of a version: the same text says the same.
pub(super) fn text_of(version: Version<'_>) -> Vec<String> {
    let none = BTreeSet::new();
    let mut vars = Vars::default();
    let mut texts = Vec::new();
    for (key, rule) in deciding(version) {
        let node = Lowering { version, vars: &mut vars, shared: &none }.plain(&rule.node);
        texts.push(format!("{key}: {}", canon(&node, &vars)));
    }
    texts
}
