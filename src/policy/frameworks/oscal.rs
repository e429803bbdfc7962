//! An OSCAL catalog (JSON) as a framework.
//!
//! Only what a framework needs is read; a key that stands twice among it, another type, or a control without its id
//! is an error all the same. Every message says where by the JSON pointer of the place.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use super::{Control, Framework, is_link, wrong_id};
use crate::diag::{Diag, code};
use crate::policy::form;
use crate::policy::shape::Shape;
use crate::source::{Loc, Source};

/// Groups and controls within each other; catalogs that are known have three.
const DEEPEST: usize = 32;
/// A line of the file that is longer is not shown: a catalog may be a single one.
const LONGEST_LINE: usize = 300;
/// Messages about one file.
const MOST: usize = 50;

#[derive(Deserialize)]
#[serde(expecting = "an OSCAL catalog", rename_all = "kebab-case")]
struct Root<'a> {
    #[serde(borrow)]
    catalog: Option<&'a RawValue>,
    profile: Option<IgnoredAny>,
    component_definition: Option<IgnoredAny>,
    system_security_plan: Option<IgnoredAny>,
    assessment_plan: Option<IgnoredAny>,
    assessment_results: Option<IgnoredAny>,
    plan_of_action_and_milestones: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(expecting = "a catalog")]
struct Catalog<'a> {
    metadata: Metadata,
    #[serde(borrow, default)]
    groups: Vec<&'a RawValue>,
    #[serde(borrow, default)]
    controls: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(expecting = "the metadata of a catalog")]
struct Metadata {
    title: String,
    version: Option<String>,
}

#[derive(Deserialize)]
#[serde(expecting = "a group")]
struct Group<'a> {
    title: String,
    #[serde(borrow, default)]
    groups: Vec<&'a RawValue>,
    #[serde(borrow, default)]
    controls: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(expecting = "a control")]
struct One<'a> {
    #[serde(borrow)]
    id: &'a RawValue,
    title: String,
    #[serde(default)]
    props: Vec<Prop>,
    #[serde(default)]
    links: Vec<Link>,
    #[serde(default)]
    parts: Vec<Part>,
    #[serde(borrow, default)]
    controls: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
struct Prop {
    name: String,
    value: String,
}

#[derive(Deserialize)]
struct Link {
    href: String,
    rel: Option<String>,
}

#[derive(Deserialize)]
struct Part {
    name: String,
    prose: Option<String>,
    #[serde(default)]
    parts: Vec<Part>,
}

/// Reads the file. Its framework is called as the file is.
pub(super) fn read(source: &Arc<Source>, path: &Path) -> Result<Framework, Vec<Diag>> {
    let mut reader = Reader { source, seen: HashMap::new(), controls: Vec::new(), diags: Vec::new() };
    let framework = reader.root(path);
    match framework {
        Some(framework) if reader.diags.is_empty() => {
            Ok(Framework { controls: reader.controls, ..framework })
        }
        _ => {
            let more = reader.diags.len().saturating_sub(MOST);
            reader.diags.truncate(MOST);
            if more > 0 {
                let message = format!("`{}` has {more} more faults of this kind", source.name);
                reader.diags.push(Diag::error(&code::FRAMEWORK, message));
            }
            Err(reader.diags)
        }
    }
}

struct Reader<'a> {
    source: &'a Arc<Source>,
    /// Where each id stands: its pointer and place.
    seen: HashMap<Arc<str>, (String, Loc)>,
    controls: Vec<Control>,
    diags: Vec<Diag>,
}

impl<'a> Reader<'a> {
    fn root(&mut self, path: &Path) -> Option<Framework> {
        let text: &'a str = self.source.text.trim_start_matches('\u{feff}');
        let root: Root<'a> = self.object(text, "")?;
        let Some(catalog) = root.catalog else {
            self.no_catalog(&root);
            return None;
        };
        let pointer = "/catalog";
        let read: Catalog<'a> = self.object(catalog.get(), pointer)?;
        let title = self.line(&read.metadata.title, &format!("{pointer}/metadata/title"), catalog);
        self.level((&read.controls, &read.groups), pointer, &[], 0);
        if self.controls.is_empty() && self.diags.is_empty() {
            let diag = Diag::error(&code::FRAMEWORK, "the catalog has no controls");
            self.diags.push(
                self.at(diag, catalog.get(), pointer).help("a catalog has them under `groups` or `controls`"),
            );
        }
        let version = read.metadata.version.map(|version| version.trim().to_owned());
        Some(Framework {
            id: self.name(path)?,
            title,
            version: version.filter(|version| !version.is_empty()).map(Arc::from),
            link: None,
            source: Arc::clone(&self.source.name),
            controls: Vec::new(),
        })
    }

    fn no_catalog(&mut self, root: &Root<'_>) {
        let others = [
            ("profile", &root.profile),
            ("component definition", &root.component_definition),
            ("system security plan", &root.system_security_plan),
            ("assessment plan", &root.assessment_plan),
            ("assessment result", &root.assessment_results),
            ("plan of action", &root.plan_of_action_and_milestones),
        ];
        let other = others.iter().find(|(_, found)| found.is_some());
        let message = match other {
            Some((name, _)) => format!("`{}` is no OSCAL catalog, but a {name}", self.source.name),
            None => format!("`{}` is no OSCAL catalog: it has no `catalog`", self.source.name),
        };
        let help = match other {
            Some(("profile", _)) => "a profile chooses from catalogs; resolve it to a catalog first",
            _ => "a path that ends in `.json` is read as an OSCAL catalog; other frameworks are YAML",
        };
        let diag = Diag::error(&code::FRAMEWORK, message);
        self.diags.push(self.at(diag, &self.source.text, "").help(help));
    }

    /// The name of the file in small letters, without its end.
    fn name(&mut self, path: &Path) -> Option<Arc<str>> {
        let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or("").to_lowercase();
        let sign = |c: char| if c.is_ascii_alphanumeric() || c == '_' || c == '-' { c } else { '-' };
        let name: String = stem.chars().map(sign).collect();
        let name = name.trim_matches(['-', '_']);
        if form::check(name, &Shape::Id).is_ok() {
            return Some(Arc::from(name));
        }
        let message = format!("`{}` cannot be the name of a framework", self.source.name);
        self.diags.push(Diag::error(&code::FRAMEWORK, message).help(
            "a catalog is called as its file is: give it a name of letters, digits, `-` and `_`, at most 80",
        ));
        None
    }

    fn level(
        &mut self,
        (controls, inner): (&[&'a RawValue], &[&'a RawValue]),
        pointer: &str,
        groups: &[Arc<str>],
        depth: usize,
    ) {
        for (index, raw) in controls.iter().enumerate() {
            self.control(raw, &format!("{pointer}/controls/{index}"), groups, depth);
        }
        for (index, raw) in inner.iter().enumerate() {
            let pointer = format!("{pointer}/groups/{index}");
            if self.too_deep(raw, &pointer, depth) {
                continue;
            }
            let Some(group) = self.object::<Group<'a>>(raw.get(), &pointer) else { continue };
            let title = self.line(&group.title, &format!("{pointer}/title"), raw);
            let titles: Vec<Arc<str>> = groups.iter().cloned().chain([title]).collect();
            self.level((&group.controls, &group.groups), &pointer, &titles, depth + 1);
        }
    }

    fn control(&mut self, raw: &'a RawValue, pointer: &str, groups: &[Arc<str>], depth: usize) {
        if self.too_deep(raw, pointer, depth) {
            return;
        }
        let Some(one) = self.object::<One<'a>>(raw.get(), pointer) else { return };
        let place = format!("{pointer}/id");
        let Some(id) = self.parse::<String>(one.id.get(), &place) else { return };
        let id: Arc<str> = Arc::from(id.trim());
        if let Some((message, help)) = wrong_id(&id) {
            let diag = Diag::error(&code::FRAMEWORK, message);
            self.diags.push(self.at(diag, one.id.get(), &place).help(help));
        } else if let Some((first, loc)) = self.seen.get(&id) {
            let diag = Diag::error(&code::FRAMEWORK, format!("two controls have the id `{id}`"));
            let diag = self.at(diag, one.id.get(), &place).at(loc, format!("the first, at `{first}`"));
            self.diags.push(diag.help("an id stands once in a catalog, whatever the group"));
        } else {
            let loc = self.loc(one.id.get(), &place);
            self.seen.insert(Arc::clone(&id), (place.clone(), loc));
            let title = self.line(&one.title, &format!("{pointer}/title"), raw);
            self.controls.push(Control {
                id,
                title,
                link: link(&one.links),
                text: statement(&one.parts),
                groups: groups.to_vec(),
                at: Arc::from(format!("{}#{pointer}", self.source.name)),
                withdrawn: withdrawn(&one),
            });
        }
        self.level((&one.controls, &[]), pointer, groups, depth + 1);
    }

    fn too_deep(&mut self, raw: &RawValue, pointer: &str, depth: usize) -> bool {
        if depth < DEEPEST {
            return false;
        }
        let diag =
            Diag::error(&code::YAML_LIMIT, format!("groups and controls stand more than {DEEPEST} deep"));
        self.diags.push(self.at(diag, raw.get(), pointer).help("no catalog needs that; flatten it"));
        true
    }

    /// A title, which has to be there.
    fn line(&mut self, text: &str, pointer: &str, around: &RawValue) -> Arc<str> {
        if text.trim().is_empty() {
            let diag = Diag::error(&code::FRAMEWORK, "a title is empty");
            self.diags.push(
                self.at(diag, around.get(), pointer).help("write what the reader of a report will see"),
            );
        }
        let words: Vec<&str> = text.split_whitespace().collect();
        Arc::from(words.join(" "))
    }

    /// A list would be read as an object whose keys have that order.
    fn object<T: Deserialize<'a>>(&mut self, text: &'a str, pointer: &str) -> Option<T> {
        if text.trim_start().starts_with('[') {
            let diag = Diag::error(
                &code::FRAMEWORK,
                format!("{} is not as OSCAL says: it is no object", place(pointer)),
            );
            self.diags.push(self.at(diag, text.get(..1).unwrap_or(""), pointer));
            return None;
        }
        self.parse(text, pointer)
    }

    fn parse<T: Deserialize<'a>>(&mut self, text: &'a str, pointer: &str) -> Option<T> {
        let error = match serde_json::from_str(text) {
            Ok(read) => return Some(read),
            Err(error) => error,
        };
        let said = error.to_string();
        let why = said.rsplit_once(" at line ").map_or(said.as_str(), |(why, _)| why);
        let offset = offset(text, error.line(), error.column());
        let rest = text.get(offset..).unwrap_or("");
        let head = rest.chars().next().map_or(0, char::len_utf8);
        let message = if error.is_data() {
            format!("{} is not as OSCAL says: {why}", place(pointer))
        } else {
            format!("`{}` is not JSON: {why}", self.source.name)
        };
        let diag = self.at(Diag::error(&code::FRAMEWORK, message), rest.get(..head).unwrap_or(""), pointer);
        self.diags.push(diag.help("a path that ends in `.json` is read as an OSCAL catalog"));
        None
    }

    /// The diagnostic with its place. A piece of the text tells its place by where it lies.
    fn at(&self, diag: Diag, piece: &str, pointer: &str) -> Diag {
        let text = if pointer.is_empty() { String::new() } else { format!("at `{pointer}`") };
        let loc = self.loc(piece, pointer);
        // Where no line can be shown the sentence says where.
        let message = if loc.source.text.is_empty() && !diag.message.contains(pointer) {
            format!("{}, at `{pointer}`", diag.message)
        } else {
            diag.message.clone()
        };
        Diag { message, ..diag }.at(&loc, text)
    }

    fn loc(&self, piece: &str, pointer: &str) -> Loc {
        let text = &self.source.text;
        let start = piece.as_ptr().addr().saturating_sub(text.as_ptr().addr()).min(text.len());
        let end = (start + piece.len()).min(text.len());
        let before = text.get(..start).and_then(|before| before.rfind('\n')).map_or(0, |at| at + 1);
        let after = text.get(start..).and_then(|after| after.find('\n')).map_or(text.len(), |at| start + at);
        if after - before > LONGEST_LINE {
            return Loc::nowhere(&format!("{}#{pointer}", self.source.name));
        }
        Loc::new(self.source, start, end.min(after))
    }
}

/// A place in the words of a message.
fn place(pointer: &str) -> String {
    if pointer.is_empty() { "the file".to_owned() } else { format!("`{pointer}`") }
}

/// Where line and column, both from 1, are in a text.
fn offset(text: &str, line: usize, column: usize) -> usize {
    let lines = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len);
    let at = lines.sum::<usize>() + column.saturating_sub(1);
    let at = at.min(text.len());
    (0..=at).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

/// The first address of a page.
fn link(links: &[Link]) -> Option<Arc<str>> {
    let page = |link: &&Link| link.href.starts_with("http") && is_link(&link.href);
    links.iter().find(page).map(|link| Arc::from(link.href.as_str()))
}

/// What the control asks for, a line for each part.
fn statement(parts: &[Part]) -> Option<Arc<str>> {
    let mut lines = Vec::new();
    parts.iter().filter(|part| part.name == "statement").for_each(|part| prose(part, &mut lines));
    (!lines.is_empty()).then(|| Arc::from(lines.join("\n")))
}

fn prose<'p>(part: &'p Part, lines: &mut Vec<&'p str>) {
    lines.extend(part.prose.as_deref().map(str::trim).filter(|prose| !prose.is_empty()));
    part.parts.iter().for_each(|part| prose(part, lines));
}

fn withdrawn(one: &One<'_>) -> Option<Arc<str>> {
    let is_status = |prop: &&Prop| prop.name == "status" && prop.value.eq_ignore_ascii_case("withdrawn");
    one.props.iter().find(is_status)?;
    let moved = |link: &&Link| {
        link.rel.as_deref().is_some_and(|rel| ["incorporated-into", "moved-to"].contains(&rel))
    };
    let instead: Vec<String> = one
        .links
        .iter()
        .filter(moved)
        .map(|link| format!("`{}`", link.href.trim_start_matches('#')))
        .collect();
    Some(Arc::from(match instead.as_slice() {
        [] => "name another one, or remove it".to_owned(),
        instead => format!("it became a part of {}: name that", instead.join(", ")),
    }))
}
