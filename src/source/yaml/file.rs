//! A file to a source.

use std::fs::{File, Metadata};
use std::io::{self, Read as _};
use std::path::Path;
use std::sync::Arc;

use super::Limits;
use crate::diag::{Diag, code};
use crate::source::{Loc, Source};

/// Reads a file whose size is judged before it is read.
///
/// # Errors
/// `UNREADABLE` if it is missing, denied or not a regular file, `YAML_LIMIT` if it is too large,
/// `YAML_ENCODING` if it is not UTF-8.
pub fn read_file(path: &Path, limits: &Limits) -> Result<Arc<Source>, Diag> {
    read_with_metadata(path, limits).map(|(source, _)| source)
}

/// The same, with what the file system said of the file before it was read.
pub fn read_with_metadata(path: &Path, limits: &Limits) -> Result<(Arc<Source>, Metadata), Diag> {
    let name = path.display().to_string();
    let unreadable = |error: io::Error| {
        let reason = match error.kind() {
            io::ErrorKind::NotFound => "it does not exist".to_owned(),
            io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
            _ => error.to_string(),
        };
        Diag::error(&code::UNREADABLE, format!("cannot read `{name}`: {reason}"))
    };
    // Before `open`, because opening a pipe without a writer would wait for ever.
    regular(&name, &std::fs::metadata(path).map_err(unreadable)?, limits)?;
    let file = File::open(path).map_err(unreadable)?;
    let metadata = file.metadata().map_err(unreadable)?;
    regular(&name, &metadata, limits)?;
    // One more than there is, so that the end is seen without another buffer.
    let mut bytes = Vec::with_capacity(usize::try_from(metadata.len()).map_or(0, |size| size + 1));
    let most = (limits.bytes as u64).saturating_add(1);
    file.take(most).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() > limits.bytes {
        return Err(too_large(&name, limits));
    }
    Ok((decode(&name, bytes)?, metadata))
}

fn regular(name: &str, metadata: &Metadata, limits: &Limits) -> Result<(), Diag> {
    if metadata.is_dir() {
        return Err(Diag::error(&code::UNREADABLE, format!("cannot read `{name}`: it is a directory")));
    }
    if !metadata.is_file() {
        let message = format!("cannot read `{name}`: it is not a regular file");
        return Err(Diag::error(&code::UNREADABLE, message));
    }
    if metadata.len() > limits.bytes as u64 { Err(too_large(name, limits)) } else { Ok(()) }
}

fn too_large(name: &str, limits: &Limits) -> Diag {
    Diag::error(&code::YAML_LIMIT, format!("`{name}` is larger than {} bytes", limits.bytes))
        .help("split the file")
}

fn decode(name: &str, bytes: Vec<u8>) -> Result<Arc<Source>, Diag> {
    let (offset, bytes) = match String::from_utf8(bytes) {
        Ok(text) if text.starts_with('\0') || text.get(1..2) == Some("\0") => (0, text.into_bytes()),
        Ok(text) => return Ok(Source::new(name, text)),
        Err(error) => (error.utf8_error().valid_up_to(), error.into_bytes()),
    };
    // Everything before the first bad byte stands at the same offset in the lossy text.
    let source = Source::new(name, String::from_utf8_lossy(&bytes));
    let width = source.text.get(offset..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
    let loc = Loc::new(&source, offset, offset + width);
    let wide = matches!(bytes.as_slice(), [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] | [0, ..] | [_, 0, ..]);
    let diag = Diag::error(&code::YAML_ENCODING, format!("`{name}` is not UTF-8"));
    if wide {
        return Err(diag.at(&loc, "this is UTF-16 or UTF-32").help("convert it: `iconv -f utf-16 -t utf-8`"));
    }
    let byte = bytes.get(offset).copied().unwrap_or_default();
    let label = format!("byte 0x{byte:02X} at offset {offset}, line {}", loc.line_column().0);
    Err(diag.at(&loc, label).help("convert it, for example with `iconv -f latin1 -t utf-8`"))
}
