use super::*;

fn listed(id: &str, controls: &[&str]) -> Listed {
    let asked = |id: &&str| Asked {
        id: Arc::from(*id),
        title: Arc::from(format!("{id} is so")),
        link: None,
        groups: Vec::new(),
    };
    Listed {
        id: Arc::from(id),
        title: Arc::from("Some framework"),
        version: None,
        link: None,
        source: Arc::from("f.yaml"),
        controls: controls.iter().map(asked).collect(),
        withdrawn: 0,
    }
}

fn answer(policy: &str, controls: &[(&str, &str)]) -> Answer {
    Answer {
        policy: Arc::from(policy),
        title: Arc::from("It holds"),
        library: None,
        controls: controls.iter().map(|(of, id)| (Arc::from(*of), Arc::from(*id))).collect(),
        written: controls.iter().map(|(of, id)| Arc::from(format!("{of}:{id}"))).collect(),
    }
}

fn bound(policy: &str, target: &str) -> Bound {
    Bound { policy: Arc::from(policy), target: Arc::from(target), skipped: false }
}

fn judged(all: &[(&str, &str, Verdict)]) -> Judgements {
    let at = |day: usize| format!("2026-11-{:02}T03:00:00Z", day + 1).parse().unwrap();
    let one = |(day, (policy, target, verdict)): (usize, &(&str, &str, Verdict))| {
        ((Arc::from(*policy), Arc::from(*target)), Judged { verdict: *verdict, at: at(day) })
    };
    all.iter().enumerate().map(one).collect()
}

/// The state of one control `a` whose policies `p0`, `p1` … have one check each, judged so; `None` is never.
fn state(verdicts: &[Option<Verdict>]) -> State {
    let names: Vec<String> = (0..verdicts.len()).map(|index| format!("p{index}")).collect();
    let policies: Vec<Answer> = names.iter().map(|name| answer(name, &[("f", "a")])).collect();
    let checks: Vec<Bound> = names.iter().map(|name| bound(name, "t")).collect();
    let known: Vec<(&str, &str, Verdict)> = names
        .iter()
        .zip(verdicts)
        .filter_map(|(name, verdict)| Some((name.as_str(), "t", (*verdict)?)))
        .collect();
    let (frameworks, known) = ([listed("f", &["a"])], judged(&known));
    let given = Given { frameworks: &frameworks, policies: &policies, checks: &checks, judged: Some(&known) };
    Coverage::of(&given).frameworks[0].controls[0].state
}

#[test]
fn nothing_makes_a_control_held_but_a_pass_with_nothing_worse_beside_it() {
    use Verdict::{Fail, Pass, Skipped, Unknown, Waived, Warn};
    let all: Vec<Option<Verdict>> =
        [None].into_iter().chain([Pass, Skipped, Waived, Warn, Unknown, Fail].map(Some)).collect();
    let size = all.len();
    for index in 0..size.pow(3) {
        let set = [index % size, index / size % size, index / size / size].map(|at| all[at]);
        let has = |verdict: Option<Verdict>| set.contains(&verdict);
        let wanted = if has(Some(Fail)) {
            State::Failing
        } else if has(Some(Unknown)) {
            State::Unknown
        } else if has(None) {
            State::Unjudged
        } else if has(Some(Warn)) {
            State::Warning
        } else if has(Some(Pass)) {
            State::Held
        } else if has(Some(Waived)) {
            State::Waived
        } else {
            State::Skipped
        };
        assert_eq!(state(&set), wanted, "{set:?}");
    }
    assert_eq!(state(&[]), State::Uncovered);
}

#[test]
fn a_policy_that_fits_no_target_answers_nothing() {
    let (frameworks, policies) = ([listed("f", &["a"])], [answer("p", &[("f", "a")])]);
    // Judged once, and its target is gone.
    let known = judged(&[("p", "gone", Verdict::Pass)]);
    let given = Given { frameworks: &frameworks, policies: &policies, checks: &[], judged: Some(&known) };
    let coverage = Coverage::of(&given);
    let control = &coverage.frameworks[0].controls[0];
    assert_eq!((control.state, control.policies[0].state), (State::Unbound, State::Unbound));
    assert_eq!((control.checks, &control.newest), (Tally::default(), &None));
    // Beside one that is judged, it is shown and changes nothing.
    let policies = [answer("p", &[("f", "a")]), answer("q", &[("f", "a")])];
    let (checks, known) = ([bound("q", "t")], judged(&[("q", "t", Verdict::Pass)]));
    let given = Given { frameworks: &frameworks, policies: &policies, checks: &checks, judged: Some(&known) };
    let control = &Coverage::of(&given).frameworks[0].controls[0];
    assert_eq!(control.state, State::Held);
    assert_eq!(
        control.policies.iter().map(|one| one.state).collect::<Vec<_>>(),
        [State::Unbound, State::Held]
    );
}

#[test]
fn what_is_skipped_now_is_not_held_by_what_was_judged_before() {
    let (frameworks, policies) = ([listed("f", &["a"])], [answer("p", &[("f", "a")])]);
    let checks = [Bound { skipped: true, ..bound("p", "t") }];
    let known = judged(&[("p", "t", Verdict::Pass)]);
    let given = Given { frameworks: &frameworks, policies: &policies, checks: &checks, judged: Some(&known) };
    let control = &Coverage::of(&given).frameworks[0].controls[0];
    assert_eq!((control.state, &control.oldest), (State::Skipped, &None));
}

#[test]
fn without_judgements_nothing_is_held() {
    let (frameworks, policies) = ([listed("f", &["a", "b"])], [answer("p", &[("f", "a")])]);
    let checks = [bound("p", "t")];
    let given = Given { frameworks: &frameworks, policies: &policies, checks: &checks, judged: None };
    let coverage = Coverage::of(&given);
    assert!(!coverage.judged);
    let states: Vec<State> = coverage.frameworks[0].controls.iter().map(|control| control.state).collect();
    assert_eq!(states, [State::Unjudged, State::Uncovered]);
    assert_eq!((coverage.frameworks[0].total, coverage.frameworks[0].with_policy), (2, 1));
    assert_eq!(coverage.frameworks[0].states, [(State::Uncovered, 1), (State::Unjudged, 1)].into());
}

#[test]
fn coverage_is_told_both_ways_and_loses_nothing() {
    let frameworks = [listed("f", &["a", "b"]), listed("g", &["a"])];
    let policies = [
        answer("one", &[("f", "a"), ("f", "a"), ("g", "a")]),
        answer("elsewhere", &[("playbook", "backup-recent")]),
        answer("none", &[]),
        answer("stale", &[("f", "gone")]),
    ];
    let checks = [bound("one", "t"), bound("one", "u"), bound("none", "t")];
    let known =
        judged(&[("one", "t", Verdict::Pass), ("one", "u", Verdict::Warn), ("none", "t", Verdict::Fail)]);
    let given = Given { frameworks: &frameworks, policies: &policies, checks: &checks, judged: Some(&known) };
    let coverage = Coverage::of(&given);
    let [f, g] = &coverage.frameworks[..] else { panic!() };
    // Named twice, counted once.
    assert_eq!((f.controls[0].policies.len(), f.controls[0].checks.bound), (1, 2));
    assert_eq!(
        (f.controls[0].state, f.controls[1].state, g.controls[0].state),
        (State::Warning, State::Uncovered, State::Warning)
    );
    assert_eq!(f.controls[0].oldest.as_deref(), Some("2026-11-01T03:00:00Z"));
    assert_eq!(f.controls[0].newest.as_deref(), Some("2026-11-02T03:00:00Z"));
    let without: Vec<&str> = coverage.without_control.iter().map(|one| &*one.policy).collect();
    assert_eq!(without, ["elsewhere", "none"]);
    let dangling = Dangling { policy: "stale".into(), framework: "f".into(), control: "gone".into() };
    assert_eq!(coverage.dangling, [dangling]);
}

#[test]
fn every_state_has_its_word_and_serde_writes_it() {
    for state in State::ALL {
        assert_eq!(serde_json::to_value(state).unwrap(), state.word());
        assert!(!state.meaning().is_empty());
    }
}
