//! Names with `*`.

use std::sync::Arc;

/// What makes a glob of a name.
const SIGNS: &[char] = &['*', '?', '[', ']', '{', '}', '\\'];

/// A glob over a whole name.
#[derive(Clone, Debug)]
pub struct Pattern {
    /// As written.
    pub text: Arc<str>,
    /// None for a plain name.
    matcher: Option<globset::GlobMatcher>,
}

impl Pattern {
    /// Compiles a glob; `*` stands for any characters.
    pub fn new(text: &str) -> Result<Self, String> {
        let glob = || globset::GlobBuilder::new(text).literal_separator(false).build();
        let glob = text.contains(SIGNS).then(glob).transpose().map_err(|error| error.to_string())?;
        Ok(Self { text: Arc::from(text), matcher: glob.map(|glob| glob.compile_matcher()) })
    }

    /// The same; one that cannot be read stands for itself.
    pub fn or_name(text: &str) -> Self {
        Self::new(text).unwrap_or_else(|_| Self { text: Arc::from(text), matcher: None })
    }

    /// Does the whole name match?
    pub fn matches(&self, name: &str) -> bool {
        *self.text == *name || self.matcher.as_ref().is_some_and(|matcher| matcher.is_match(name))
    }

    /// May one name match both? Only two of which that cannot be are told apart.
    pub fn may_meet(&self, other: &Self) -> bool {
        let (a, b) = (&*self.text, &*other.text);
        match (a.contains(SIGNS), b.contains(SIGNS)) {
            (false, _) => other.matches(a),
            (true, false) => self.matches(b),
            (true, true) => {
                let [start_a, start_b] = [a, b].map(|text| text.split(SIGNS).next().unwrap_or(text));
                let [end_a, end_b] = [a, b].map(|text| text.rsplit(SIGNS).next().unwrap_or(text));
                (start_a.starts_with(start_b) || start_b.starts_with(start_a))
                    && (end_a.ends_with(end_b) || end_b.ends_with(end_a))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Pattern;

    #[test]
    fn patterns_meet_unless_they_begin_or_end_differently() {
        for (a, b, meet) in [
            ("x", "x", true),
            ("x", "y", false),
            ("public.*", "public.t", true),
            ("public.*", "other.t", false),
            ("public.*", "*.t", true),
            ("public.*", "other.*", false),
            ("*.log", "*.txt", false),
            ("a{b,c}", "a[bc]", true),
            ("*", "?", true),
        ] {
            let [a, b] = [a, b].map(|text| Pattern::new(text).unwrap());
            assert_eq!((a.may_meet(&b), b.may_meet(&a)), (meet, meet), "{} {}", a.text, b.text);
        }
    }

    #[test]
    fn one_that_cannot_be_read_is_a_name_or_an_error() {
        assert!(Pattern::new("a[").is_err());
        let name = Pattern::or_name("a[");
        assert!(name.matches("a[") && !name.matches("ab"));
        let plain = Pattern::new("public.t").unwrap();
        assert!(plain.matches("public.t") && !plain.matches("public_t"));
        let all = Pattern::or_name("*.t");
        assert!(all.matches("a/b.t") && !all.matches("a.tt"));
    }
}
