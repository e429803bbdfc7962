//! A framework in a YAML file.

use std::collections::HashMap;
use std::sync::Arc;

use super::{Control, Framework, is_link, wrong_id};
use crate::diag::{Diag, code};
use crate::policy::check::{Strictness, check};
use crate::policy::shape::Shape;
use crate::policy::shapes;
use crate::source::yaml::{self, Limits, Node};
use crate::source::{Loc, Source};

/// Reads the file.
pub(super) fn read(source: &Arc<Source>) -> Result<Framework, Vec<Diag>> {
    let documents = yaml::parse(source, &Limits::default())?;
    let root = match documents.as_slice() {
        [only] if !only.root.is_null() => &only.root,
        [] | [_] => {
            let diag =
                Diag::error(&code::EMPTY_INPUT, format!("the framework file `{}` is empty", source.name));
            return Err(vec![diag.help("it begins with `framework: ID`")]);
        }
        [_, second, ..] => {
            let diag = Diag::error(&code::BAD_VALUE, "a framework file is one document");
            return Err(vec![
                diag.at(&second.root.loc, "here a second one begins").help("make two files of them"),
            ]);
        }
    };
    let mut diags = yaml::duplicate_keys(root);
    check(root, &Shape::Map(&shapes::FRAMEWORK), Strictness::Plain, &mut diags);
    if !diags.is_empty() {
        return Err(diags);
    }
    let mut reader = Reader { seen: HashMap::new(), controls: Vec::new(), diags };
    let link = reader.link(root);
    reader.level(root, &[]);
    if !reader.diags.is_empty() {
        return Err(reader.diags);
    }
    // What has to be there was checked with the shape.
    let named = root.text_of("framework").zip(root.text_of("title"));
    let Some((id, title)) = named else { return Err(vec![empty(root)]) };
    let version = root.text_of("version");
    Ok(Framework { id, title, version, link, source: Arc::clone(&source.name), controls: reader.controls })
}

fn empty(node: &Node) -> Diag {
    Diag::error(&code::FRAMEWORK, "there is no control in it")
        .at(&node.pairs().first().map_or(&node.loc, |(key, _)| &key.loc).clone(), "")
        .help("write `controls: [{ id: A-1, title: … }]`, or remove it")
}

struct Reader {
    /// Where each id stands.
    seen: HashMap<Arc<str>, Loc>,
    controls: Vec<Control>,
    diags: Vec<Diag>,
}

impl Reader {
    /// The controls and groups of the file or of a group; the depth is that of the YAML.
    fn level(&mut self, node: &Node, groups: &[Arc<str>]) {
        let (controls, inner) = (node.items_of("controls"), node.items_of("groups"));
        if controls.is_empty() && inner.is_empty() {
            self.diags.push(empty(node));
        }
        for control in controls {
            self.control(control, groups);
        }
        for group in inner {
            let titles: Vec<Arc<str>> = groups.iter().cloned().chain(group.text_of("title")).collect();
            self.level(group, &titles);
        }
    }

    fn control(&mut self, node: &Node, groups: &[Arc<str>]) {
        let Some((place, id)) = node.get("id").and_then(|id| Some((&id.loc, id.text()?))) else { return };
        if let Some((message, help)) = wrong_id(&id) {
            self.diags.push(Diag::error(&code::FRAMEWORK, message).at(place, "").help(help));
        }
        if let Some(first) = self.seen.get(&id) {
            let diag = Diag::error(&code::FRAMEWORK, format!("two controls have the id `{id}`"));
            self.diags.push(
                diag.at(place, "the second")
                    .at(first, "the first")
                    .help("an id stands once in a framework, whatever the group"),
            );
            return;
        }
        self.seen.insert(Arc::clone(&id), place.clone());
        let (link, text) = (self.link(node), node.text_of("text"));
        let Some(title) = node.text_of("title") else { return };
        let at = Arc::from(place.to_string());
        self.controls.push(Control { id, title, link, text, groups: groups.to_vec(), at, withdrawn: None });
    }

    fn link(&mut self, node: &Node) -> Option<Arc<str>> {
        let link = node.get("link")?;
        let text = link.text()?;
        if !is_link(&text) {
            let diag = Diag::error(&code::BAD_VALUE, format!("`{text}` is no link")).at(&link.loc, "");
            self.diags.push(diag.help("write an address that begins with `https://`, or a path"));
        }
        Some(text)
    }
}
