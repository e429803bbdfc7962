//! What the readers of the project file take out of YAML nodes whose shape was checked before.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::fact::Type;
use crate::policy::check::whole;
use crate::policy::literal;
pub(super) use crate::policy::nodes::{items, pairs, text};
use crate::source::yaml::{Kind, Node};

pub(super) fn owned(node: Option<&Node>) -> String {
    node.and_then(Node::as_str).unwrap_or("").trim().to_owned()
}

pub(super) fn duration(node: Option<&Node>) -> Option<Duration> {
    let micros = node.and_then(|node| literal::typed(node, &Type::DURATION).ok())?.as_int()?;
    u64::try_from(micros).ok().map(Duration::from_micros)
}

pub(super) fn count(node: &Node) -> Option<usize> {
    let Kind::Scalar(scalar) = &node.kind else { return None };
    whole(scalar.core()).and_then(|number| usize::try_from(number).ok())
}

pub(super) fn labels(node: Option<&Node>) -> BTreeMap<Arc<str>, Arc<str>> {
    pairs(node).iter().filter_map(|(key, value)| Some((text(Some(key))?, text(Some(value))?))).collect()
}
