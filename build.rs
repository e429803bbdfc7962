//! Embeds texts as tables of path and text: `policies/` as the library, and the pages of the probes.

use std::path::{Path, PathBuf};

fn files(folder: &Path, ends: &[&str], found: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for path in entries.flatten().map(|entry| entry.path()) {
        if path.is_dir() {
            files(&path, ends, found);
        } else if path.extension().is_some_and(|end| ends.iter().any(|wanted| end == *wanted)) {
            found.push(path);
        }
    }
}

/// Writes the table of all files below `folder` that end so.
fn embed(folder: &str, ends: &[&str], table_name: &str) {
    println!("cargo::rerun-if-changed={folder}");
    let root = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default()).join(folder);
    let mut found = Vec::new();
    files(&root, ends, &mut found);
    found.sort();
    let mut table = String::from("&[\n");
    for path in found {
        let relative = path.strip_prefix(&root).unwrap_or(&path).display().to_string();
        table.push_str(&format!("    ({relative:?}, include_str!({:?})),\n", path.display().to_string()));
    }
    table.push_str("]\n");
    let out = PathBuf::from(std::env::var_os("OUT_DIR").unwrap_or_default()).join(table_name);
    if let Err(error) = std::fs::write(&out, table) {
        println!("cargo::error=cannot write {}: {error}", out.display());
    }
}

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    embed("policies", &["yaml", "rhai"], "library.rs");
    embed("src/probe", &["md"], "pages.rs");
}
