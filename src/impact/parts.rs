//! What was written differently in the rules of two versions at one target.

use crate::fact::show;
use crate::plan::{Check, Settings};
use crate::verdict::Layer;

use super::places::Keys;

/// What was written differently in the rules.
pub(super) struct Parts {
    said: Vec<String>,
    places: Vec<String>,
    /// The layer of the first parameter that changed.
    pub(super) layer: Option<Layer>,
    /// Was a rule itself written differently, and not only what it is compared with?
    pub(super) is_rewritten: bool,
}

impl Parts {
    pub(super) fn of(
        (old, before): (&Check, &Settings),
        (new, after): (&Check, &Settings),
        made_up: bool,
    ) -> Self {
        let mut parts = Self { said: Vec::new(), places: Vec::new(), layer: None, is_rewritten: false };
        parts.params((old, before), (new, after));
        let (was, is) = (&old.policy, &new.policy);
        let text = |rule: Option<&crate::rule::Rule>| {
            rule.map(|rule| (rule.node.text.to_string(), rule.node.loc.to_string()))
        };
        if made_up {
            parts.one("when", text(was.when.as_deref()).as_ref(), text(is.when.as_deref()).as_ref());
        }
        parts.one("where", text(was.filter.as_deref()).as_ref(), text(is.filter.as_deref()).as_ref());
        for found in &is.lets {
            let known = was.lets.iter().find(|known| known.name == found.name);
            if known.is_some() {
                parts.one(
                    &format!("let {}", found.name),
                    text(known.map(|known| &known.rule)).as_ref(),
                    text(Some(&found.rule)).as_ref(),
                );
            }
        }
        for (key, was, is) in [("fail", &was.fail, &is.fail), ("warn", &was.warn, &is.warn)] {
            for number in 0..was.len().max(is.len()) {
                let of = |rungs: &[crate::policy::Rung]| text(rungs.get(number).map(|rung| &rung.rule));
                parts.one(key, of(was).as_ref(), of(is).as_ref());
            }
        }
        if was.target.labels != is.target.labels || old.target != new.target {
            parts
                .said
                .extend((parts.said.is_empty()).then(|| "what the rules read of the target".to_owned()));
        }
        parts
    }

    fn params(&mut self, (old, before): (&Check, &Settings), (new, after): (&Check, &Settings)) {
        for (index, param) in new.policy.params.iter().enumerate() {
            let was = old.policy.params.iter().position(|known| known.name == param.name);
            let was = was.and_then(|was| Some((before.params.get(was)?, old.policy.params.get(was)?)));
            let (Some((was, decl)), Some(is)) = (was, after.params.get(index)) else { continue };
            if was.value != is.value {
                self.said.push(format!(
                    "`params.{}` {} → {}",
                    param.name,
                    show(&was.value, &decl.ty),
                    show(&is.value, &param.ty)
                ));
                self.places.push(is.at.clone());
                self.layer.get_or_insert(is.layer);
            }
        }
    }

    fn one(&mut self, key: &str, was: Option<&(String, String)>, is: Option<&(String, String)>) {
        let said = match (was, is) {
            (Some((was, _)), Some((is, _))) if was == is => return,
            (None, None) => return,
            (Some((was, _)), Some((is, _))) => format!("`{key}: {was}` → `{key}: {is}`"),
            (None, Some((is, _))) => format!("`{key}: {is}` is new"),
            (Some((was, _)), None) => format!("`{key}: {was}` is gone"),
        };
        self.is_rewritten = true;
        self.said.push(said);
        self.places.extend(is.map(|(_, at)| at.clone()));
    }

    pub(super) fn what(&self) -> String {
        if self.said.is_empty() { "what the rules read was changed".to_owned() } else { self.said.join("; ") }
    }

    pub(super) fn at(&self, new: &Check) -> String {
        self.places.first().cloned().unwrap_or_else(|| {
            let key = if new.policy.fail.is_empty() { "warn" } else { "fail" };
            Keys::of(&new.policy).at(&[key])
        })
    }
}
