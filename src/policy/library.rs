//! The policies that come with the binary, named `builtin:AREA`.

use std::sync::Arc;

use crate::source::{Embedded, Source};

// `LIBRARY`: policies and scripts of each area, with their paths below `policies/`.
include!(concat!(env!("OUT_DIR"), "/library.rs"));

// `CASES`: the same of their cases.
include!(concat!(env!("OUT_DIR"), "/cases.rs"));

/// Areas of the library, sorted.
pub fn areas() -> Vec<&'static str> {
    LIBRARY.iter().map(|area| area.folder).collect()
}

fn sources(of: &'static [Embedded], area: &str, wanted: impl Fn(&str) -> bool) -> Vec<Arc<Source>> {
    let texts = of.iter().filter(|all| all.folder == area).flat_map(Embedded::texts);
    let wanted = texts.filter(|(path, _)| wanted(path));
    wanted.map(|(path, text)| Source::new(format!("builtin:{path}"), text)).collect()
}

/// The policies of an area.
pub fn policies(area: &str) -> Vec<Arc<Source>> {
    sources(&LIBRARY, area, |path| path.ends_with(".yaml"))
}

/// The case files of an area.
pub fn cases(area: &str) -> Vec<Arc<Source>> {
    sources(&CASES, area, |_| true)
}

/// A script of an area.
pub fn script(area: &str, name: &str) -> Option<Arc<Source>> {
    sources(&LIBRARY, area, |path| path.rsplit('/').next() == Some(name)).into_iter().next()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn every_file_of_the_library_is_in_the_program() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("policies");
        let files = walkdir::WalkDir::new(&root).into_iter().map(|entry| entry.unwrap());
        let ends = |path: &Path| path.extension().is_some_and(|end| end == "yaml" || end == "rhai");
        let files: Vec<_> = files.filter(|entry| entry.file_type().is_file() && ends(entry.path())).collect();
        let known: Vec<(&str, &str)> = LIBRARY.iter().chain(&CASES).flat_map(Embedded::texts).collect();
        assert_eq!(files.len(), known.len());
        for file in files {
            let path = file.path().strip_prefix(&root).unwrap().to_str().unwrap();
            let text = std::fs::read_to_string(file.path()).unwrap();
            let found = known.iter().find(|(name, _)| *name == path);
            assert_eq!(found.map(|(_, found)| *found), Some(text.as_str()), "{path}");
        }
        assert!(areas().contains(&"postgres") && !cases("postgres").is_empty());
    }
}
