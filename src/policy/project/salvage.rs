//! A project file with faults, read as far as it can be, for those who look at it: one slip must not hide everything else.
//!
//! What has a fault is left out entry by entry (a target, a waiver), and what is left is read as always, so that nothing
//! half understood gets through. Where another version of the file is at hand, its entry takes the place. Never for a run.

use std::path::Path;
use std::sync::Arc;

use super::{Project, Reader, read};
use crate::diag::{Diag, Level, code};
use crate::policy::check::{Strictness, check};
use crate::policy::shape::Shape;
use crate::policy::{hide, shapes};
use crate::source::yaml::{self, Kind, Node};
use crate::source::{Loc, Source};

/// So many times something is left out at most; each round leaves out everything that is wrong then.
const ROUNDS: usize = 32;

/// So many lines are taken from the end of a block at most, so that a long one takes no long time.
const CUTS: usize = 100;

/// What had to be left out of a project file.
#[derive(Clone, Debug, Default)]
pub struct LeftOut {
    /// Names of what was left out and is declared nevertheless.
    gone: Vec<Arc<str>>,
    /// Was more than an entry left out?
    blind: bool,
}

impl LeftOut {
    /// Does a diagnostic miss a name that may be one of those that were left out?
    pub fn explains(&self, diag: &Diag) -> bool {
        let says = |name: &Arc<str>| diag.message.contains(&format!("`{name}`"));
        diag.code.id.starts_with("unknown-") && (self.blind || self.gone.iter().any(says))
    }
}

/// Reads what can be read, and says what is wrong. `instead` is another version of the file.
pub fn decode_as_far(
    source: &Arc<Source>,
    root: &Path,
    instead: Option<&Project>,
    diags: &mut Vec<Diag>,
) -> Option<(Project, LeftOut)> {
    let mut found = Vec::new();
    let salvaged = match read(source, root, &mut found) {
        Some(project) => Some((project, LeftOut::default())),
        None => Rest::of(source, instead).and_then(|rest| rest.read(root, &mut found)),
    };
    // Places in a text that was closed show its lines.
    for shown in sources(source, &found) {
        hide::secrets(&shown, &mut found);
    }
    diags.append(&mut found);
    salvaged
}

/// The file, and other forms of it that something was said about.
fn sources(source: &Arc<Source>, diags: &[Diag]) -> Vec<Arc<Source>> {
    let mut all = vec![Arc::clone(source)];
    for label in diags.iter().flat_map(|diag| &diag.labels) {
        if label.loc.source.name == source.name && !all.contains(&label.loc.source) {
            all.push(Arc::clone(&label.loc.source));
        }
    }
    all
}

/// The tree without what is wrong in it.
struct Rest {
    tree: Node,
    instead: Option<Node>,
    left_out: LeftOut,
    /// Where that stood: one entry may have several faults.
    places: Vec<Loc>,
}

impl Rest {
    fn of(source: &Arc<Source>, instead: Option<&Project>) -> Option<Self> {
        let limits = yaml::Limits::default();
        let (documents, blind) = match yaml::parse(source, &limits) {
            Ok(documents) => (documents, false),
            // That it is no YAML is said; what is missing at the end of a block is said by that.
            Err(_said) => (yaml::parse(&closed(source), &limits).ok()?, true),
        };
        let mut tree = documents.into_iter().next()?.root;
        drop(yaml::merge(&mut tree));
        let other = instead.and_then(|project| yaml::parse(&project.loc.as_ref()?.source, &limits).ok());
        let mut other =
            other.and_then(|documents| documents.into_iter().next()).map(|document| document.root);
        if let Some(other) = &mut other {
            drop(yaml::merge(other));
        }
        Some(Self { tree, instead: other, left_out: LeftOut { gone: Vec::new(), blind }, places: Vec::new() })
    }

    fn read(mut self, root: &Path, found: &mut Vec<Diag>) -> Option<(Project, LeftOut)> {
        for _ in 0..ROUNDS {
            let (project, diags) = self.attempt(root);
            // What a file says that is named here has its place there first, and here second.
            let errors: Vec<Vec<Loc>> = diags
                .iter()
                .filter(|diag| diag.level == Level::Error)
                .map(|diag| diag.labels.iter().map(|label| label.loc.clone()).collect())
                .collect();
            let new: Vec<Diag> = diags.into_iter().filter(|diag| self.is_news(diag, found)).collect();
            found.extend(new);
            if errors.is_empty() {
                return project.map(|project| (project, self.left_out));
            }
            let mut is_less = false;
            for places in &errors {
                is_less |= places.iter().any(|at| self.leave_out(at));
            }
            if !is_less {
                return None;
            }
        }
        None
    }

    /// What is said of the tree as it is; the project if nothing is wrong with its form.
    fn attempt(&self, root: &Path) -> (Option<Project>, Vec<Diag>) {
        let mut diags = yaml::duplicate_keys(&self.tree);
        super::targets::plain_secrets(&self.tree, &mut diags);
        check(&self.tree, &Shape::Map(&shapes::PROJECT), Strictness::Plain, &mut diags);
        if diags.iter().any(|diag| diag.level == Level::Error) {
            return (None, diags);
        }
        let mut reader = Reader::new(root);
        let project = reader.project(&self.tree);
        diags.append(&mut reader.diags);
        (Some(project), diags)
    }

    /// Was it not said yet, and is it no consequence of what was left out?
    fn is_news(&self, diag: &Diag, found: &[Diag]) -> bool {
        let place = |diag: &Diag| {
            diag.labels.first().map(|label| (Arc::clone(&label.loc.source.name), label.loc.line_column()))
        };
        let follows = diag.code == &code::UNKNOWN_NAME && self.left_out.explains(diag);
        // What is wrong in the other version is told of that one, with places that can be shown.
        let other = self.instead.as_ref().map(|other| &other.loc.source);
        let elsewhere = other.is_some_and(|other| diag.labels.iter().any(|label| label.loc.source == *other));
        !follows
            && !elsewhere
            && !found.iter().any(|known| known.message == diag.message && place(known) == place(diag))
    }

    /// Leaves out the entry, or else the whole key, in which a place is. Was there one?
    fn leave_out(&mut self, at: &Loc) -> bool {
        let holds = |gone: &Loc| gone.source == at.source && gone.start <= at.start && at.start <= gone.end;
        if self.places.iter().any(holds) {
            return false;
        }
        let Kind::Map(sections) = &mut self.tree.kind else { return false };
        for (key, value) in sections.iter_mut() {
            let other = self.instead.as_ref().and_then(|other| other.get(key.as_str()?));
            // What came from the other version and is wrong here is not taken from it again.
            let other = other.filter(|_| key.loc.source == at.source);
            if let Some(Gone { name, place }) = out_of(value, at, other) {
                self.left_out.gone.extend(name);
                self.places.push(place);
                let empty = value.pairs().is_empty() && value.items().is_empty();
                if empty {
                    let place = key.loc.clone();
                    sections.retain(|(key, _)| key.loc != place);
                }
                return true;
            }
        }
        let Some(place) = sections.iter().position(|(key, value)| within(key, value, at)) else {
            return false;
        };
        let (key, value) = sections.remove(place);
        // What is under a key that there is not is named by nobody.
        let is_known = |name: &str| shapes::PROJECT.keys.iter().any(|known| known.name == name);
        self.left_out.blind |= key.as_str().is_none_or(is_known);
        self.places.push(span(&key, &value));
        let old = self.instead.as_ref().filter(|_| key.loc.source == at.source);
        let same = |(name, _): &&(Node, Node)| name.as_str() == key.as_str();
        if let Some(old) = old.and_then(|old| old.pairs().iter().find(same)) {
            sections.insert(place, old.clone());
        }
        true
    }
}

/// An entry that was left out.
struct Gone {
    name: Option<Arc<str>>,
    place: Loc,
}

/// Takes the entry out in which a place is, or puts that of the other version there.
fn out_of(section: &mut Node, at: &Loc, other: Option<&Node>) -> Option<Gone> {
    match &mut section.kind {
        Kind::Map(entries) => {
            let place = entries.iter().position(|(key, value)| within(key, value, at))?;
            let (key, value) = entries.remove(place);
            let same = |(name, _): &&(Node, Node)| name.as_str() == key.as_str();
            if let Some(entry) = other.and_then(|other| other.pairs().iter().find(same)) {
                entries.insert(place, entry.clone());
            }
            Some(Gone { name: key.text(), place: span(&key, &value) })
        }
        Kind::Seq(items) => {
            let place = items.iter().position(|item| within(item, item, at))?;
            let item = items.remove(place);
            if let Some(entry) = other.and_then(|other| alike(&item, items, other)) {
                items.insert(place, entry.clone());
            }
            Some(Gone { name: None, place: span(&item, &item) })
        }
        Kind::Scalar(_) => None,
    }
}

/// The item of the other version that this one was: about the same policy, or the only one that has no counterpart.
fn alike<'o>(item: &Node, left: &[Node], other: &'o Node) -> Option<&'o Node> {
    let about = |item: &Node| ["policy", "target", "subject", "environment"].map(|key| item.text_of(key));
    let unmatched: Vec<&Node> =
        other.items().iter().filter(|old| left.iter().all(|new| about(new) != about(old))).collect();
    let same = |key: &str| {
        let text = item.text_of(key);
        unmatched.iter().find(|old| text.is_some() && old.text_of(key) == text).copied()
    };
    let whole = unmatched.iter().find(|old| about(old) == about(item)).copied();
    let only = || if let [only] = unmatched.as_slice() { Some(*only) } else { None };
    whole.or_else(|| same("ticket")).or_else(|| same("policy")).or_else(only)
}

fn within(key: &Node, value: &Node, at: &Loc) -> bool {
    let span = span(key, value);
    span.source == at.source && span.start <= at.start && at.start <= span.end
}

/// From the key to the end of what is written at it.
fn span(key: &Node, value: &Node) -> Loc {
    let value = value.alias().unwrap_or(&value.loc);
    Loc { end: value.end.max(key.loc.end), ..key.loc.clone() }
}

/// The same text with what closes its brackets and quotes, block by block; a block that cannot be closed is cut where it
/// begins to be no YAML. Lines keep their numbers.
fn closed(source: &Arc<Source>) -> Arc<Source> {
    let mut text = String::new();
    for block in blocks(&source.text) {
        text.push_str(&whole(&source.name, block));
    }
    Source::new(Arc::clone(&source.name), text)
}

/// Parts that begin at a key of the file itself.
fn blocks(text: &str) -> Vec<&str> {
    let mut starts: Vec<usize> = Vec::new();
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let key = line.split(':').next().unwrap_or("");
        let is_key =
            key.len() < line.len() && !key.is_empty() && key.chars().all(|c| c.is_alphanumeric() || c == '_');
        if is_key || at == 0 {
            starts.push(at);
        }
        at += line.len();
    }
    let ends = starts.iter().skip(1).copied().chain([text.len()]);
    starts.iter().zip(ends).filter_map(|(start, end)| text.get(*start..end)).collect()
}

fn whole(name: &Arc<str>, block: &str) -> String {
    let read = |text: &str| yaml::parse(&Source::new(Arc::clone(name), text), &yaml::Limits::default());
    let Err(wrong) = read(block) else { return block.to_owned() };
    let lines: Vec<&str> = block.split_inclusive('\n').collect();
    // What stands behind the place at which it is no YAML is not read, so nothing behind it has to be tried.
    let seen =
        wrong.iter().filter_map(|diag| diag.labels.iter().map(|label| label.loc.line_column().0).max());
    let last = seen.max().unwrap_or(lines.len()).min(lines.len());
    for kept in (1..=last).rev().take(CUTS) {
        let head: String = lines.iter().take(kept).copied().collect();
        let body = head.trim_end();
        let closed = format!("{body}{}", closers(body));
        if read(&closed).is_ok() {
            let breaks = block.matches('\n').count() - body.matches('\n').count();
            return closed + &"\n".repeat(breaks);
        }
    }
    "\n".repeat(block.matches('\n').count())
}

/// What closes the brackets and the quotes that are open at the end.
fn closers(text: &str) -> String {
    let (mut open, mut quote, mut before) = (Vec::new(), None, ' ');
    let mut chars = text.chars().peekable();
    while let Some(char) = chars.next() {
        match (quote, char) {
            (Some('"'), '\\') => drop(chars.next()),
            (Some(mark), char) if mark == char => quote = None,
            (Some(_), _) => {}
            (None, '#') if before.is_whitespace() => while chars.next_if(|c| *c != '\n').is_some() {},
            (None, '"' | '\'') if before.is_whitespace() || "[{,:".contains(before) => quote = Some(char),
            (None, '[') => open.push(']'),
            (None, '{') => open.push('}'),
            (None, ']' | '}') => drop(open.pop()),
            (None, _) => {}
        }
        before = char;
    }
    quote.into_iter().chain(open.into_iter().rev()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = "muster: 1\npolicies: [p/]\ntargets: { a: { type: host }, b: { type: host } }\nwaivers:\n- { policy: x, reason: it is replaced in January, owner: t, ticket: A, expires: 2027-01-01 }\n- { policy: y, reason: it is replaced in January, owner: t, ticket: B, expires: 2027-01-01 }\n";

    fn salvaged(text: &str, instead: Option<&Project>) -> (Option<Project>, Vec<String>) {
        let mut diags = Vec::new();
        let source = Source::new("muster.yaml", text);
        let found = decode_as_far(&source, Path::new(""), instead, &mut diags);
        let found = found.map(|(project, _)| project);
        (found, diags.into_iter().map(|diag| format!("{}: {}", diag.code.id, diag.message)).collect())
    }

    fn waivers(project: &Project) -> Vec<&str> {
        project.waivers.iter().map(|waiver| &*waiver.policy.text).collect()
    }

    #[test]
    fn one_slip_leaves_the_rest_readable() {
        for (from, to, targets, left) in [
            ("owner: t, ticket: A", "ownr: t, ticket: A", 2, &["y"][..]),
            ("owner: t, ticket: A", "ownr: t, tiket: A", 2, &["y"]),
            ("ticket: A, expires: 2027-01-01", "ticket: A, expires: 2027-13-01", 2, &["y"]),
            ("a: { type: host }", "a: { type: hots }", 1, &["x", "y"]),
            ("a: { type: host }", "a: { typ: host }", 1, &["x", "y"]),
            ("muster: 1\n", "muster: 1\nsurprise: 1\n", 2, &["x", "y"]),
        ] {
            let (found, diags) = salvaged(&OLD.replace(from, to), None);
            let project = found.unwrap_or_else(|| panic!("{to}: {diags:?}"));
            assert!(!diags.is_empty(), "{to}");
            assert_eq!(
                (project.targets.len(), waivers(&project)),
                (targets, left.to_vec()),
                "{to}: {diags:?}"
            );
        }
    }

    #[test]
    fn another_version_takes_the_place_of_what_is_wrong() {
        let old = salvaged(OLD, None).0.unwrap();
        for (from, to) in [
            ("owner: t, ticket: A", "ownr: t, ticket: A"),
            ("policy: x", "polcy: x"),
            ("a: { type: host }", "a: { type: hots }"),
        ] {
            let project = salvaged(&OLD.replace(from, to), Some(&old)).0.unwrap();
            assert_eq!((project.targets.len(), waivers(&project)), (2, vec!["x", "y"]), "{to}");
        }
    }

    #[test]
    fn a_file_that_is_cut_anywhere_tells_what_stands_before() {
        let from = OLD.find("targets").unwrap();
        for end in from..OLD.len() {
            let text = OLD.get(..end).unwrap();
            let (found, diags) = salvaged(text, None);
            let found = found.unwrap_or_else(|| panic!("cut at {end}: {diags:?}\n{text}"));
            assert_eq!(&*found.policies[0].0, "p/", "cut at {end}");
        }
    }

    #[test]
    fn an_open_bracket_hides_neither_itself_nor_what_follows() {
        for (from, to) in [("[p/]", "[p/"), ("[p/]", "[\"p/"), ("[p/]", "[p/, ")] {
            let (found, diags) = salvaged(&OLD.replace(from, to), None);
            let project = found.unwrap_or_else(|| panic!("{to}: {diags:?}"));
            assert_eq!((&*project.policies[0].0, project.targets.len()), ("p/", 2), "{to}");
            assert!(diags.iter().any(|said| said.starts_with("yaml-")), "{to}: {diags:?}");
        }
    }
}
