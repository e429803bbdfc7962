//! Keys of maps: `<<`, and those that stand twice.

use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

use super::{Core, Kind, Node, Style};
use crate::diag::{Diag, code};

/// Applies every merge key `<<` of the tree: the entries of the map, or of the maps in the list, take its
/// place. Explicit keys win, then earlier maps of the list. Only an unquoted `<<` is a merge key.
///
/// Returns an error for every `<<` with another operand; such a key is left as it is.
pub fn merge(node: &mut Node) -> Vec<Diag> {
    let mut diags = Vec::new();
    merge_into(node, &mut diags);
    diags
}

fn merge_into(node: &mut Node, diags: &mut Vec<Diag>) {
    match &mut node.kind {
        Kind::Scalar(_) => {}
        Kind::Seq(items) => items.iter_mut().for_each(|item| merge_into(item, diags)),
        Kind::Map(entries) => {
            for (key, value) in entries.iter_mut() {
                merge_into(key, diags);
                merge_into(value, diags);
            }
            if entries.iter().any(|(key, _)| is_merge(key)) {
                *entries = merged(std::mem::take(entries), diags);
            }
        }
    }
}

fn is_merge(key: &Node) -> bool {
    matches!(&key.kind, Kind::Scalar(scalar) if scalar.style == Style::Plain && &*scalar.text == "<<")
}

fn merged(entries: Vec<(Node, Node)>, diags: &mut Vec<Diag>) -> Vec<(Node, Node)> {
    let explicit = entries.iter().filter(|(key, _)| !is_merge(key));
    let mut seen: HashSet<String> = explicit.map(|(key, _)| identity(key)).collect();
    let mut result = Vec::with_capacity(entries.len());
    for (key, value) in entries {
        if !is_merge(&key) {
            result.push((key, value));
            continue;
        }
        match operand(value) {
            Ok(inherited) => {
                result.extend(inherited.into_iter().filter(|(key, _)| seen.insert(identity(key))));
            }
            Err(value) => {
                let message = format!("`<<` takes a map or a list of maps, not {}", value.describe());
                diags.push(Diag::error(&code::WRONG_TYPE, message).at(value.written(), "").at(&key.loc, ""));
                result.push((key, *value));
            }
        }
    }
    result
}

/// The entries that a merge key brings, or the value back if it is none.
fn operand(value: Node) -> Result<Vec<(Node, Node)>, Box<Node>> {
    let is_map = |node: &Node| matches!(node.kind, Kind::Map(_));
    let usable = match &value.kind {
        Kind::Map(_) => true,
        Kind::Seq(items) => items.iter().all(is_map),
        Kind::Scalar(_) => false,
    };
    if !usable {
        return Err(Box::new(value));
    }
    let maps = if let Kind::Seq(items) = value.kind { items } else { vec![value] };
    let entries =
        maps.into_iter().map(|map| if let Kind::Map(entries) = map.kind { entries } else { Vec::new() });
    Ok(entries.flatten().collect())
}

impl Node {
    /// Where the reader sees it: the alias, if it came from one.
    fn written(&self) -> &crate::source::Loc {
        self.alias().unwrap_or(&self.loc)
    }
}

/// Finds the keys that stand more than once in one map. Keys are compared by their value, so `1` and `0x1`
/// are one key, `1` and `"1"` are two. A map that aliases repeat is reported once.
pub fn duplicate_keys(node: &Node) -> Vec<Diag> {
    let mut diags = Vec::new();
    find_duplicates(node, &mut HashSet::new(), &mut diags);
    diags
}

fn find_duplicates(node: &Node, reported: &mut HashSet<(u32, u32)>, diags: &mut Vec<Diag>) {
    match &node.kind {
        Kind::Scalar(_) => {}
        Kind::Seq(items) => items.iter().for_each(|item| find_duplicates(item, reported, diags)),
        Kind::Map(entries) => {
            if are_other_texts(entries) {
                return entries.iter().for_each(|(_, value)| find_duplicates(value, reported, diags));
            }
            let mut seen: HashMap<String, &Node> = HashMap::with_capacity(entries.len());
            for (key, value) in entries {
                let first = *seen.entry(identity(key)).or_insert(key);
                let (here, there) = (key.written(), first.written());
                if !std::ptr::eq(first, key) && reported.insert((here.start, there.start)) {
                    diags.push(duplicate(key, first));
                }
                find_duplicates(key, reported, diags);
                find_duplicates(value, reported, diags);
            }
        }
    }
}

/// A map as most are: few keys, all texts, no two alike. Nothing is to be compared any closer.
fn are_other_texts(entries: &[(Node, Node)]) -> bool {
    let mut known = [""; 24];
    for (index, (key, _)) in entries.iter().enumerate() {
        let Some(Core::Str(text)) = key.core() else { return false };
        if known.iter().take(index).any(|other| *other == text) {
            return false;
        }
        let Some(slot) = known.get_mut(index) else { return false };
        *slot = text;
    }
    true
}

fn duplicate(key: &Node, first: &Node) -> Diag {
    let name = key.as_str().map_or_else(|| key.to_json().to_string(), str::to_owned);
    let help = "remove one of the two";
    Diag::error(&code::DUPLICATE_KEY, format!("the key `{name}` stands twice in one map"))
        .at(key.written(), "again here")
        .at(first.written(), "first here")
        .help(help)
}

/// A text that two nodes share exactly if they are the same value. A map in it is a digest, or maps that
/// are keys of maps would be copied once for every level.
fn identity(node: &Node) -> String {
    let mut text = String::new();
    write_identity(node, &mut text);
    text
}

fn write_identity(node: &Node, out: &mut String) {
    let mut put = |arguments: std::fmt::Arguments<'_>| {
        // Writing to a string cannot fail.
        out.write_fmt(arguments).unwrap_or_default();
    };
    match (&node.kind, node.core()) {
        (_, Some(Core::Null)) => put(format_args!("null,")),
        (_, Some(Core::Bool(value))) => put(format_args!("bool {value},")),
        (_, Some(Core::Int(value))) => put(format_args!("int {value},")),
        (_, Some(Core::BigInt(value))) => put(format_args!("big {},", big(value))),
        (_, Some(Core::Float(value))) => put(format_args!("float {value:?},")),
        (_, Some(Core::Str(value))) => put(format_args!("text {value:?},")),
        (Kind::Seq(items), None) => {
            out.push('[');
            for item in items {
                write_identity(item, out);
            }
            out.push(']');
        }
        (Kind::Map(entries), None) => {
            let mut parts: Vec<_> =
                entries.iter().map(|(key, value)| identity(key) + &identity(value)).collect();
            parts.sort_unstable();
            let digest = Sha256::digest(parts.concat());
            put(format_args!("map {:x?},", digest.as_slice()));
        }
        (Kind::Scalar(_), None) => {}
    }
}

/// One spelling for an integer beyond 64 bits, as far as 128 bits go.
fn big(text: &str) -> String {
    let radix = |prefix: &str, radix| text.strip_prefix(prefix).map(|rest| u128::from_str_radix(rest, radix));
    let other = radix("0x", 16).or_else(|| radix("0o", 8));
    match other {
        Some(value) => value.map_or_else(|_| text.to_owned(), |value| value.to_string()),
        None => text.parse::<i128>().map_or_else(|_| text.to_owned(), |value| value.to_string()),
    }
}
