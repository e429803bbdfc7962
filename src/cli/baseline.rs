//! Recordings with which policies compare. What one says is compared only with the system that it was recorded of:
//! one of another target, or of a time that has not come, makes what compares with it unknown.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use crate::fact::{
    Before, Cause, Key, Missing, Observation, Past, PastRequest, Recording, Type, Value, micros_of, show,
};
use crate::plan::Plan;
use crate::policy::{Project, TargetEntry};

use super::output::Problem;
use super::recorded;

/// A project, and the targets as they are now, those of the command line among them.
pub(super) type Place<'a> = (&'a Project, &'a [TargetEntry]);

/// When, and on which host, it was observed what is compared with recordings.
pub(super) struct Scene {
    pub(super) at: Timestamp,
    /// Unknown where a recording of an earlier version is judged.
    pub(super) host: Option<Arc<str>>,
}

impl Scene {
    /// That of a recording that is judged.
    pub(super) fn of(recording: &Recording) -> Self {
        let host = recording.about.as_ref().map(|about| Arc::clone(&about.host));
        Self { at: recording.started, host }
    }
}

/// A recording as it is compared with.
struct Baseline {
    path: Arc<str>,
    recording: Recording,
    answers: BTreeMap<Key, Arc<Observation>>,
}

/// Adds the answers of recordings that policies compare with. A file that cannot be read is wrong input: without
/// it nothing could be compared, which must not pass for "nothing has changed".
pub(super) fn add(place: Place<'_>, plan: &Plan, past: &mut Past, scene: &Scene) -> Result<(), Problem> {
    let mut read: BTreeMap<Arc<str>, Baseline> = BTreeMap::new();
    for wanted in plan.past() {
        let PastRequest::Before(source @ Before::Recording(_), key) = wanted else { continue };
        let Before::Recording(path) = &source else { continue };
        if past.before.contains_key(&(source.clone(), key.clone())) {
            continue;
        }
        if !read.contains_key(path) {
            let mut recording = super::check::recording(&place.0.root.join(&**path))?;
            let answers = std::mem::take(&mut recording.observations).into_iter();
            let answers = answers.map(|answer| (answer.key.clone(), Arc::new(answer))).collect();
            read.insert(Arc::clone(path), Baseline { path: Arc::clone(path), recording, answers });
        }
        if let Some(answer) = read.get(path).and_then(|baseline| baseline.answer(&key, place, scene)) {
            past.before.insert((source.clone(), key), answer);
        }
    }
    Ok(())
}

impl Baseline {
    /// Its answer to a question, or why there is none that can be compared.
    fn answer(&self, key: &Key, place: Place<'_>, scene: &Scene) -> Option<Arc<Observation>> {
        let refused = self.ahead(scene).or_else(|| self.elsewhere(key, place, scene));
        let why = match (refused, self.answers.get(key)) {
            (None, Some(answer)) => return Some(Arc::clone(answer)),
            (Some(why), _) => why,
            (None, None) if self.recording.complete => return None,
            (None, None) => {
                let what =
                    format!("the recording `{}` is not complete, and has no answer to this", self.path);
                Missing::new(Cause::NoHistory, what).fix("record it again with `muster record`")
            }
        };
        Some(Arc::new(Observation::missing(key.clone(), self.recording.started, why)))
    }

    /// Of a time that has not come.
    fn ahead(&self, scene: &Scene) -> Option<Missing> {
        let ahead = micros_of(self.recording.started).saturating_sub(micros_of(scene.at));
        (ahead > recorded::SKEW).then(|| {
            let (at, ahead) = (self.recording.started, show(&Value::Int(ahead), &Type::DURATION));
            let what =
                format!("the recording `{}` was made at {at}, which is {ahead} ahead of now", self.path);
            Missing::new(Cause::Clock, what).fix("set the clock, or record it again with `muster record`")
        })
    }

    /// Of another system than the one that the target is now.
    fn elsewhere(&self, key: &Key, place: Place<'_>, scene: &Scene) -> Option<Missing> {
        // What earlier versions wrote does not say it.
        let about = self.recording.about.as_ref()?;
        let entry = place.1.iter().find(|entry| entry.name == key.target)?;
        let then = about.targets.iter().find(|mark| mark.target == key.target);
        let why = match (then, &scene.host) {
            (None, _) if self.answers.contains_key(key) => {
                format!("it does not say what the target `{}` was", key.target)
            }
            (None, _) => return None,
            (Some(then), host) => {
                let other = recorded::elsewhere(then, entry, &place.0.root);
                let host = host.as_ref().filter(|host| &*then.kind == "host" && **host != about.host);
                let on = |host: &Arc<str>| {
                    format!("`{}` was recorded on `{}`, and this is `{host}`", key.target, about.host)
                };
                other.or_else(|| host.map(on))?
            }
        };
        let what = format!("the recording `{}` is of another system: {why}", self.path);
        Some(
            Missing::new(Cause::WrongTarget, what)
                .fix("record what is there now with `muster record`, and compare with that"),
        )
    }
}
