//! Embeds texts, those of a folder packed together: `policies/` as the library, its cases apart, and the pages of the probes.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for path in entries.flatten().map(|entry| entry.path()) {
        if path.is_dir() {
            files(&path, found);
        } else {
            found.push(path);
        }
    }
}

/// A text of which nothing may be missing.
fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| {
        println!("cargo::error=cannot read {}: {error}", path.display());
        String::new()
    })
}

fn write(path: &Path, bytes: &[u8]) {
    if let Err(error) = std::fs::write(path, bytes) {
        println!("cargo::error=cannot write {}: {error}", path.display());
    }
}

/// Writes `NAME.rs` with a static `NAME`, the texts below `root` that are wanted, by the first folder of their path.
fn embed(root: &str, name: &str, wanted: impl Fn(&str) -> bool) {
    println!("cargo::rerun-if-changed={root}");
    let root = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default()).join(root);
    let out = PathBuf::from(std::env::var_os("OUT_DIR").unwrap_or_default());
    let mut found = Vec::new();
    files(&root, &mut found);
    found.sort();
    let mut folders: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
    for path in found {
        let relative = path.strip_prefix(&root).unwrap_or(&path).display().to_string();
        if wanted(&relative) {
            let folder = relative.split_once('/').map_or("", |(folder, _)| folder);
            folders.entry(folder.to_owned()).or_default().push((relative, read(&path)));
        }
    }
    let mut table = format!("static {}: [Embedded; {}] = [\n", name.to_uppercase(), folders.len());
    for (number, (folder, texts)) in folders.iter().enumerate() {
        let whole: String = texts.iter().map(|(_, text)| text.as_str()).collect();
        let packed = out.join(format!("{name}-{number}.z"));
        write(&packed, &miniz_oxide::deflate::compress_to_vec_zlib(whole.as_bytes(), 9));
        let list: String = texts.iter().map(|(path, text)| format!("({path:?}, {}), ", text.len())).collect();
        let packed = packed.display().to_string();
        table.push_str(&format!("    Embedded::new({folder:?}, &[{list}], include_bytes!({packed:?})),\n"));
    }
    table.push_str("];\n");
    write(&out.join(format!("{name}.rs")), table.as_bytes());
}

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let is_cases = |path: &str| path.ends_with(".cases.yaml");
    let is_policy = |path: &str| path.ends_with(".yaml") || path.ends_with(".rhai");
    embed("policies", "library", |path| is_policy(path) && !is_cases(path));
    embed("policies", "cases", is_cases);
    embed("src/probe", "pages", |path| path.ends_with(".md"));
}
