//! The signature, and what follows from the rest.

use super::{Look, Signature};
use crate::evidence::first_difference;
use crate::evidence::index::Index;
use crate::evidence::key::PublicKey;
use crate::evidence::names::{KEY, MANIFEST, OSCAL, README, STATEMENT, digest};
use crate::evidence::statement::{self, Opened};
use crate::evidence::summary::Summary;
use crate::evidence::{oscal, readme};

impl Look<'_> {
    /// The key that lies beside the signature.
    pub(super) fn key_beside(&self) -> Option<PublicKey> {
        PublicKey::from_pem(&self.text(KEY)?).ok()
    }

    fn statement(&mut self) -> Option<Opened> {
        let opened = self.text(STATEMENT).ok_or_else(|| "it is no text".to_owned());
        match opened.and_then(|text| statement::open(&text)) {
            Ok(opened) => Some(opened),
            Err(why) => {
                self.differs(STATEMENT, "signature", format!("it cannot be read: {why}"));
                None
            }
        }
    }

    /// Who signed the list?
    pub(super) fn signature(&mut self, index: Option<&Index>, given: Option<&PublicKey>) -> Signature {
        let named = index.and_then(|index| index.key.clone());
        if !self.present.contains_key(STATEMENT) {
            return self.unsigned(named.is_some(), given.is_some());
        }
        if index.is_some() && named.is_none() {
            self.differs(STATEMENT, "added", "it was added: the evidence was not signed when it was made");
        }
        let Some(opened) = self.statement() else { return Signature::Wrong };
        let Some(key) = given.cloned().or_else(|| self.key_beside()) else {
            self.differs(KEY, "signature", "it is no Ed25519 key, so the signature cannot be checked");
            return Signature::Wrong;
        };
        let before = self.differences.len();
        let id = key.id();
        if opened.keyid != id {
            let whose = if given.is_some() { "that was given" } else { "that lies beside it" };
            self.differs(
                STATEMENT,
                "signature",
                format!("it is of the key `{}`, and not of the key `{id}` {whose}", opened.keyid),
            );
        } else if !opened.is_of(&key) {
            self.differs(STATEMENT, "signature", format!("the signature is not that of the key `{id}`"));
        }
        if named.is_some_and(|named| named != opened.keyid) {
            self.differs(STATEMENT, "signature", "it is of another key than the evidence was made with");
        }
        match (opened.subject(), self.read(MANIFEST)) {
            (Ok(subject), Some(list)) if subject == digest(&list) => {}
            (Ok(_), _) => self.differs(MANIFEST, "signature", "it is not the list that was signed"),
            (Err(why), _) => self.differs(STATEMENT, "signature", why),
        }
        match (self.differences.len() == before, given.is_some()) {
            (false, _) => Signature::Wrong,
            (true, true) => Signature::Given { key: id },
            (true, false) => Signature::Beside { key: id },
        }
    }

    fn unsigned(&mut self, was_signed: bool, wanted: bool) -> Signature {
        if was_signed {
            self.differs(STATEMENT, "removed", "it is gone, and the evidence was signed");
            return Signature::Wrong;
        }
        if wanted {
            self.differs(STATEMENT, "signature", "the evidence is not signed, and a key was given");
            return Signature::Wrong;
        }
        Signature::Unsigned
    }

    /// What follows from the rest, made again. What another version makes may be worded otherwise, and is returned: it was
    /// not compared.
    pub(super) fn derived(&mut self, index: &Index, summary: Option<&Summary>) -> Vec<String> {
        if index.muster != env!("CARGO_PKG_VERSION") {
            let there =
                [README, OSCAL, STATEMENT].into_iter().filter(|path| self.present.contains_key(*path));
            return there.map(str::to_owned).collect();
        }
        self.made_again(index, summary);
        Vec::new()
    }

    fn made_again(&mut self, index: &Index, summary: Option<&Summary>) {
        self.same(README, Ok(readme::text(index)));
        let Some(summary) = summary else { return };
        self.same(OSCAL, oscal::document(index, summary));
        // A list or a statement that cannot be read was told already.
        let Some(list) = self.read(MANIFEST) else { return };
        let Some(opened) = self.text(STATEMENT).and_then(|text| statement::open(&text).ok()) else { return };
        let made = statement::statement(index, summary, &self.manifest, &digest(&list));
        let at = made.map_or_else(
            |error| Some(error.to_string()),
            |made| first_difference(&opened.payload, made.as_bytes()),
        );
        if let Some(at) = at {
            let says = format!("it does not say what the runs say ({at} of the payload)");
            self.differs(STATEMENT, "derived", says);
        }
    }

    fn same(&mut self, path: &str, made: Result<String, serde_json::Error>) {
        // One that is gone was told already.
        let Some(found) = self.read(path) else { return };
        let at = made
            .map_or_else(|error| Some(error.to_string()), |made| first_difference(&found, made.as_bytes()));
        if let Some(at) = at {
            let says = format!("it does not say what the rest says: the first difference is {at}");
            self.differs(path, "derived", says);
        }
    }
}
