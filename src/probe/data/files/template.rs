//! From what a row says to a path below the root.

use crate::fact::{Cause, Missing};

/// One part of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(Vec<u8>),
    /// The whole reference.
    Path,
    /// What stands behind its last `/`.
    Name,
    /// Some of its characters.
    Slice(usize, usize),
}

/// Where a reference leads.
#[derive(Clone, Debug)]
pub(super) struct Template {
    pieces: Vec<Piece>,
    /// Beginnings that are taken away, the longest first.
    strip: Vec<Vec<u8>>,
    /// The root, which may stand behind another beginning too: `file:///srv/uploads/a`.
    root: Option<Vec<u8>>,
    decode: bool,
    /// Nothing is to be done for most references.
    plain: bool,
    /// Keys of objects are texts: neither `//` nor `..` means anything in them.
    exact: bool,
}

/// A reference that names nothing below the root.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Outside;

impl Template {
    /// Reads the arguments; `root` is taken away too, because some programs note whole paths.
    pub(super) fn new(text: &str, strip: &[&str], root: Option<&str>, decode: bool) -> Result<Self, Missing> {
        let pieces = parse(text)?;
        let mut strip: Vec<Vec<u8>> = strip.iter().map(|text| text.as_bytes().to_vec()).collect();
        let root = root.map(|root| root.trim_end_matches('/')).filter(|root| !root.is_empty());
        let root = root.map(|root| format!("{root}/").into_bytes());
        strip.extend(root.clone());
        if strip.iter().any(Vec::is_empty) {
            return Err(Missing::new(Cause::Malformed, "`strip` holds an empty text"));
        }
        strip.sort_by_key(|beginning| std::cmp::Reverse(beginning.len()));
        let plain = pieces == [Piece::Path] && !decode;
        Ok(Self { pieces, strip, root, decode, plain, exact: false })
    }

    /// The same for keys of objects.
    pub(super) fn exact(mut self) -> Self {
        self.exact = true;
        self
    }

    /// The path below the root, in place of what was in `into`.
    pub(super) fn map(&self, reference: &[u8], into: &mut Vec<u8>) -> Result<(), Outside> {
        into.clear();
        let beginning = self.strip.iter().find(|beginning| reference.starts_with(beginning));
        let rest = reference.get(beginning.map_or(0, Vec::len)..).unwrap_or_default();
        let rest = self.root.as_ref().and_then(|root| rest.strip_prefix(root.as_slice())).unwrap_or(rest);
        if self.plain {
            return self.done(rest, into);
        }
        let decoded = if self.decode { percent(rest)? } else { rest.to_vec() };
        let mut made = Vec::with_capacity(decoded.len() * 2);
        for piece in &self.pieces {
            match piece {
                Piece::Text(text) => made.extend_from_slice(text),
                Piece::Path => made.extend_from_slice(&decoded),
                Piece::Name => made.extend(decoded.rsplit(|byte| *byte == b'/').next().unwrap_or_default()),
                Piece::Slice(begin, end) => made.extend_from_slice(slice(&decoded, *begin, *end)?),
            }
        }
        self.done(&made, into)
    }

    fn done(&self, path: &[u8], into: &mut Vec<u8>) -> Result<(), Outside> {
        if !self.exact {
            return tidy(path, into);
        }
        into.extend_from_slice(path);
        if into.is_empty() { Err(Outside) } else { Ok(()) }
    }
}

/// A path without what does not matter (`//`, `/./`), if it stays below the root.
fn tidy(path: &[u8], into: &mut Vec<u8>) -> Result<(), Outside> {
    if path.first() == Some(&b'/') || path.contains(&0) {
        return Err(Outside);
    }
    for part in path.split(|byte| *byte == b'/').filter(|part| !part.is_empty() && *part != b".") {
        if part == b".." {
            return Err(Outside);
        }
        if !into.is_empty() {
            into.push(b'/');
        }
        into.extend_from_slice(part);
    }
    // The root itself is no file of a row.
    if into.is_empty() { Err(Outside) } else { Ok(()) }
}

fn slice(bytes: &[u8], begin: usize, end: usize) -> Result<&[u8], Outside> {
    let Ok(text) = std::str::from_utf8(bytes) else { return bytes.get(begin..end).ok_or(Outside) };
    let mut places = text.char_indices().map(|(at, _)| at).chain([text.len()]);
    let from = places.nth(begin).ok_or(Outside)?;
    let to = places.nth(end - begin - 1).ok_or(Outside)?;
    bytes.get(from..to).ok_or(Outside)
}

/// `%20` is a blank.
fn percent(text: &[u8]) -> Result<Vec<u8>, Outside> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let [first, tail @ ..] = rest {
        if *first != b'%' {
            out.push(*first);
            rest = tail;
            continue;
        }
        let [high, low, after @ ..] = tail else { return Err(Outside) };
        out.push(digit(*high)? << 4 | digit(*low)?);
        rest = after;
    }
    Ok(out)
}

fn digit(byte: u8) -> Result<u8, Outside> {
    let digit = char::from(byte).to_digit(16).ok_or(Outside)?;
    u8::try_from(digit).map_err(|_large| Outside)
}

fn parse(text: &str) -> Result<Vec<Piece>, Missing> {
    let bad = |what: String| {
        Missing::new(Cause::Malformed, format!("`template: {text}`: {what}"))
            .fix("write `{path}` for what the row says, `{name}` for what stands behind its last `/`, `{0:2}` for its first two characters")
    };
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((before, hole)) = rest.split_once('{') {
        let (hole, after) = hole.split_once('}').ok_or_else(|| bad("a `{` has no `}`".to_owned()))?;
        if !before.is_empty() {
            pieces.push(Piece::Text(before.as_bytes().to_vec()));
        }
        pieces.push(piece(hole).ok_or_else(|| bad(format!("`{{{hole}}}` is not known")))?);
        rest = after;
    }
    if rest.contains('}') {
        return Err(bad("a `}` has no `{`".to_owned()));
    }
    if !rest.is_empty() {
        pieces.push(Piece::Text(rest.as_bytes().to_vec()));
    }
    let whole = pieces.iter().any(|piece| matches!(piece, Piece::Path | Piece::Name));
    if !whole {
        return Err(bad("different rows would name one file".to_owned()));
    }
    if text.starts_with('/') || text.split('/').any(|part| part == "..") || text.contains('\0') {
        return Err(bad("it leaves the root".to_owned()));
    }
    Ok(pieces)
}

fn piece(hole: &str) -> Option<Piece> {
    match hole {
        "path" => Some(Piece::Path),
        "name" => Some(Piece::Name),
        _ => {
            let (begin, end) = hole.split_once(':')?;
            let (begin, end) = (begin.parse().ok()?, end.parse().ok()?);
            (begin < end).then_some(Piece::Slice(begin, end))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mapped(template: &Template, reference: &str) -> Result<String, Outside> {
        let mut into = b"old".to_vec();
        template.map(reference.as_bytes(), &mut into).map(|()| String::from_utf8(into).unwrap())
    }

    fn template(text: &str) -> Template {
        Template::new(
            text,
            &["https://cdn.example.org/u/", "https://cdn.example.org/"],
            Some("/srv/up/"),
            false,
        )
        .unwrap()
    }

    #[test]
    fn what_climbs_out_is_never_a_path() {
        let plain = template("{path}");
        for reference in ["../a", "a/../../b", "a/..", "/etc/passwd", "", ".", "./", "a\0b", "/srv/upper/a"] {
            assert_eq!(mapped(&plain, reference), Err(Outside), "{reference:?}");
        }
        let made = template("{0:2}/{path}");
        for reference in ["../a", "a", "..", "/etc/passwd/../x"] {
            assert_eq!(mapped(&made, reference), Err(Outside), "{reference:?}");
        }
        let decoded = Template::new("{path}", &[], None, true).unwrap();
        for reference in ["%2e%2e/a", "a%00", "%2fetc/passwd", "a%2", "a%zz", "a%+1"] {
            assert_eq!(mapped(&decoded, reference), Err(Outside), "{reference:?}");
        }
    }

    #[test]
    fn a_reference_becomes_its_path() {
        let plain = template("{path}");
        for (reference, path) in [
            ("a/b.jpg", "a/b.jpg"),
            ("./a//b/", "a/b"),
            ("/srv/up/a", "a"),
            ("https://cdn.example.org/u/a b", "a b"),
            ("https://cdn.example.org/x", "x"),
            ("..a/b..", "..a/b.."),
            ("https://cdn.example.org//srv/up/x", "x"),
        ] {
            assert_eq!(mapped(&plain, reference).as_deref(), Ok(path), "{reference:?}");
        }
        assert_eq!(mapped(&template("{0:2}/{2:4}/{path}"), "xtäpjj").as_deref(), Ok("xt/äp/xtäpjj"));
        assert_eq!(mapped(&template("all/{name}.bin"), "x/y/z").as_deref(), Ok("all/z.bin"));
        let decoded = Template::new("{path}", &[], None, true).unwrap();
        assert_eq!(mapped(&decoded, "a%20b/%c3%a4").as_deref(), Ok("a b/ä"));
    }

    #[test]
    fn a_key_of_an_object_is_taken_as_it_is() {
        let exact = template("{path}").exact();
        for key in ["a//b", "/a", "a/../b", "./a"] {
            assert_eq!(mapped(&exact, key).as_deref(), Ok(key));
        }
        assert_eq!(mapped(&exact, ""), Err(Outside));
    }

    #[test]
    fn a_template_that_cannot_be_meant_is_refused() {
        for text in [
            "",
            "x",
            "{0:2}",
            "{path",
            "path}",
            "{file}/{path}",
            "{2:2}{path}",
            "{2:1}{path}",
            "../{path}",
            "/{path}",
            "a/../{path}",
        ] {
            assert_eq!(Template::new(text, &[], None, false).unwrap_err().cause, Cause::Malformed, "{text}");
        }
        assert_eq!(Template::new("{path}", &[""], None, false).unwrap_err().cause, Cause::Malformed);
    }
}
