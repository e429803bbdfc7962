//! Remedies, ladders and alert blocks.

use super::super::literal;
use super::super::model::{Alert, Ladder, Policy, StepTemplate};
use super::{Decoder, each, items, pairs};
use crate::diag::{Diag, code};
use crate::fact::{Before, Type};
use crate::source::yaml::{Kind, Node};
use crate::verdict::{StepKind, Urgency};

impl Decoder<'_> {
    pub(super) fn steps(&mut self, node: Option<&Node>) -> Vec<StepTemplate> {
        each(items(node), |step| self.step(step))
    }

    pub(super) fn step(&mut self, node: &Node) -> Option<StepTemplate> {
        let kinds = [StepKind::Sql, StepKind::Shell, StepKind::Do];
        let found: Vec<(StepKind, &Node)> =
            kinds.into_iter().filter_map(|kind| node.get(kind.word()).map(|text| (kind, text))).collect();
        let [(kind, body)] = found.as_slice() else {
            let help = if found.is_empty() {
                "add `do:` with what a person does, or `shell:` or `sql:` with what can be pasted"
            } else {
                "make a step of each of them"
            };
            let diag = Diag::error(&code::BAD_VALUE, "a step is exactly one of `sql`, `shell` and `do`");
            self.push(diag.at(&node.loc, "").help(help));
            return None;
        };
        let condition = node.get("if").and_then(|condition| self.condition(condition));
        let text = self.template(body, Some(*kind))?;
        Some(StepTemplate { kind: *kind, text, condition, danger: text_of(node.get("danger")) })
    }

    pub(super) fn ladder<T: Copy + PartialOrd>(
        &mut self,
        node: &Node,
        word: fn(&str) -> Option<T>,
    ) -> Option<Ladder<T>> {
        if let Kind::Scalar(_) = node.kind {
            return node.as_str().and_then(word).map(Ladder::fixed);
        }
        let (mut rungs, mut otherwise) = (Vec::new(), None);
        let all = pairs(Some(node));
        for (index, (key, value)) in all.iter().enumerate() {
            let level = key.as_str().and_then(word)?;
            if value.as_str() != Some("otherwise") {
                rungs.extend(self.condition(value).map(|rule| (level, rule)));
                continue;
            }
            otherwise = Some(level);
            if index + 1 < all.len() {
                self.push(
                    Diag::error(&code::UNREACHABLE_RUNG, "`otherwise` is not the last rung")
                        .at(&value.loc, "nothing after it is ever reached"),
                );
            }
        }
        if otherwise.is_none() {
            self.push(
                Diag::error(&code::MISSING_KEY, "a ladder needs `otherwise`")
                    .at(&node.loc, "")
                    .help("the last rung says `otherwise`, so that there is always an answer"),
            );
        }
        Some(Ladder { rungs, otherwise: otherwise? })
    }

    pub(super) fn alert(&mut self, node: &Node) -> Option<Alert> {
        let urgency = self.ladder(node.get("urgency")?, Urgency::from_word)?;
        let held = node
            .get("for")
            .and_then(|held| literal::typed(held, &Type::DURATION).ok())
            .and_then(|held| held.as_int());
        let context =
            items(node.get("context")).iter().filter_map(|item| self.expression(item, false)).collect();
        Some(Alert { urgency, held, context })
    }

    /// A difference to the run before is seen by one run: the next one compares with what that saw. So it can never have
    /// held for a time, and an alert that waits for it would never come.
    pub(super) fn seen_once(&mut self, node: &Node, policy: &Policy) {
        let held = node.get("alert").and_then(|alert| alert.get("for"));
        let (Some(held), Some(_)) = (held, policy.alert.as_ref().and_then(|alert| alert.held)) else {
            return;
        };
        let once = policy.observe.iter().find(|observe| matches!(observe.before, Some(Before::Previous(_))));
        let Some(observe) = once else { return };
        let before =
            node.get("observe").and_then(|all| all.get(&observe.name)).and_then(|one| one.get("before"));
        let before = before.unwrap_or(node);
        let message =
            "what differs from the run before is seen once, so it never holds as long as `for` wants";
        self.push(
            Diag::error(&code::RELATION, message)
                .at(&held.loc, "this waits for what lasts")
                .at(&before.loc, "the next run compares with what this one saw")
                .help(
                    "drop `for`, or compare with what stays: `before: { recording: PATH }`, written by `muster record PATH`",
                ),
        );
    }

    /// The failure of an alert must reach a person who can do something.
    pub(super) fn complete_alert(&mut self, node: &Node, remedy: &[StepTemplate]) {
        let Some(alert) = node.get("alert") else { return };
        let carried_out = remedy.iter().any(|step| step.kind != StepKind::Do)
            || node.get("remedy").and_then(|r| r.get("runbook")).is_some();
        if !carried_out && !remedy.is_empty() {
            let diag = Diag::error(
                &code::ALERT_INCOMPLETE,
                "the remedy of an alert has no step that can be carried out",
            )
            .at(&alert.loc, "");
            self.push(diag.help("add a `sql:` or `shell:` step, or a `runbook:`"));
        }
    }
}

fn text_of(node: Option<&Node>) -> Option<String> {
    node.and_then(Node::as_str).map(|text| text.trim().to_owned())
}
