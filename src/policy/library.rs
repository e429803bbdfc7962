//! The policies that come with the binary, named `builtin:AREA`.

use std::sync::Arc;

use crate::source::Source;

/// Path below `policies/`, and text.
static FILES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/library.rs"));

/// Areas of the library, sorted.
pub fn areas() -> Vec<&'static str> {
    let mut areas: Vec<&str> =
        FILES.iter().filter_map(|(path, _)| path.split_once('/')).map(|(area, _)| area).collect();
    areas.dedup();
    areas
}

fn sources(area: &str, wanted: impl Fn(&str) -> bool) -> Vec<Arc<Source>> {
    let inside = |path: &str| path.split_once('/').is_some_and(|(found, _)| found == area);
    let files = FILES.iter().filter(|(path, _)| inside(path) && wanted(path));
    files.map(|(path, text)| Source::new(format!("builtin:{path}"), *text)).collect()
}

/// The policies of an area.
pub fn policies(area: &str) -> Vec<Arc<Source>> {
    sources(area, |path| path.ends_with(".yaml") && !path.ends_with(".cases.yaml"))
}

/// The case files of an area.
pub fn cases(area: &str) -> Vec<Arc<Source>> {
    sources(area, |path| path.ends_with(".cases.yaml"))
}

/// A script of an area.
pub fn script(area: &str, name: &str) -> Option<Arc<Source>> {
    sources(area, |path| path.rsplit('/').next() == Some(name)).into_iter().next()
}
