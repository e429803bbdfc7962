//! Texts that are part of the program, packed so that it stays small.

use std::sync::OnceLock;

/// The texts of one folder, unpacked when somebody asks for them first.
pub struct Embedded {
    /// The folder.
    pub folder: &'static str,
    /// Paths, and how many bytes the text of each has.
    files: &'static [(&'static str, usize)],
    packed: &'static [u8],
    text: OnceLock<String>,
}

impl Embedded {
    /// Texts one after the other, packed as zlib does it.
    pub const fn new(
        folder: &'static str,
        files: &'static [(&'static str, usize)],
        packed: &'static [u8],
    ) -> Self {
        Self { folder, files, packed, text: OnceLock::new() }
    }

    /// Every text with its path.
    pub fn texts(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let mut rest = self.text.get_or_init(|| self.unpacked()).as_str();
        self.files.iter().map_while(move |(path, length)| {
            let (text, more) = rest.split_at_checked(*length)?;
            rest = more;
            Some((*path, text))
        })
    }

    /// Empty if the program itself was damaged: then its policies are not there, which nobody passes over in silence.
    fn unpacked(&self) -> String {
        let whole = self.files.iter().map(|(_, length)| length).sum();
        let bytes = miniz_oxide::inflate::decompress_to_vec_zlib_with_limit(self.packed, whole);
        let bytes = bytes.ok().filter(|bytes| bytes.len() == whole);
        bytes.and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packed(text: &str) -> &'static [u8] {
        miniz_oxide::deflate::compress_to_vec_zlib(text.as_bytes(), 9).leak()
    }

    #[test]
    fn texts_are_those_that_were_packed() {
        let embedded = Embedded::new("f", &[("f/a", 3), ("f/b", 0), ("f/c", 4)], packed("añ€x"));
        assert_eq!(embedded.texts().collect::<Vec<_>>(), [("f/a", "añ"), ("f/b", ""), ("f/c", "€x")]);
        assert_eq!(embedded.texts().count(), 3, "a second time too");
    }

    #[test]
    fn what_is_damaged_or_of_another_length_is_not_there() {
        let whole = packed("a text that is long enough to be packed, packed, packed");
        for (length, bytes) in [(54, &whole[1..]), (54, &whole[..whole.len() - 5]), (53, whole), (56, whole)]
        {
            let files: &'static [(&'static str, usize)] = vec![("f/a", length)].leak();
            assert_eq!(Embedded::new("f", files, bytes).texts().count(), 0, "{length}");
        }
    }
}
