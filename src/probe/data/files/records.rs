//! What the two sides of the join say, as bytes and back.

use super::store::{Cursor, put};

/// What an entry of a directory is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    File,
    Link,
    Other,
    /// Neither the directory nor the inode tells.
    Unknown,
}

/// What an inode says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Facts {
    pub(super) size: i64,
    pub(super) owner: u32,
}

/// One entry of the tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry<'a> {
    pub(super) path: &'a [u8],
    pub(super) kind: Kind,
    /// It may not be read by who should.
    pub(super) shut: bool,
    /// It came while it was asked.
    pub(super) young: bool,
    pub(super) facts: Option<Facts>,
    /// Entity tag of an object.
    pub(super) tag: Option<&'a [u8]>,
}

impl<'a> Entry<'a> {
    /// Appends it.
    pub(super) fn write(&self, into: &mut Vec<u8>) {
        let kind = match self.kind {
            Kind::File => 0,
            Kind::Link => 1,
            Kind::Other => 2,
            Kind::Unknown => 3,
        };
        let shut = u8::from(self.shut) << 2;
        let (facts, tag) = (u8::from(self.facts.is_some()) << 3, u8::from(self.tag.is_some()) << 4);
        into.push(kind | shut | facts | tag | u8::from(self.young) << 5);
        put(into, self.path);
        if let Some(facts) = self.facts {
            into.extend_from_slice(&facts.size.to_le_bytes());
            into.extend_from_slice(&facts.owner.to_le_bytes());
        }
        self.tag.into_iter().for_each(|tag| put(into, tag));
    }

    /// Reads one.
    pub(super) fn read(from: &mut Cursor<'a>) -> Option<Self> {
        let bits = from.byte()?;
        let kind = match bits & 3 {
            0 => Kind::File,
            1 => Kind::Link,
            2 => Kind::Other,
            _ => Kind::Unknown,
        };
        let path = from.text()?;
        let facts =
            if bits & 8 == 0 { None } else { Some(Facts { size: from.size()?, owner: from.number()? }) };
        let tag = if bits & 16 == 0 { None } else { Some(from.text()?) };
        Some(Self { path, kind, shut: bits & 4 != 0, young: bits & 32 != 0, facts, tag })
    }
}

/// One row that names a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Reference<'a> {
    pub(super) path: &'a [u8],
    pub(super) size: Option<i64>,
    pub(super) digest: Option<&'a [u8]>,
    pub(super) owner: Option<&'a [u8]>,
}

impl<'a> Reference<'a> {
    /// Appends it.
    pub(super) fn write(&self, into: &mut Vec<u8>) {
        let bits = u8::from(self.size.is_some())
            | u8::from(self.digest.is_some()) << 1
            | u8::from(self.owner.is_some()) << 2;
        into.push(bits);
        put(into, self.path);
        if let Some(size) = self.size {
            into.extend_from_slice(&size.to_le_bytes());
        }
        self.digest.into_iter().chain(self.owner).for_each(|text| put(into, text));
    }

    /// Reads one.
    pub(super) fn read(from: &mut Cursor<'a>) -> Option<Self> {
        let bits = from.byte()?;
        Some(Self {
            path: from.text()?,
            size: if bits & 1 == 0 { None } else { Some(from.size()?) },
            digest: if bits & 2 == 0 { None } else { Some(from.text()?) },
            owner: if bits & 4 == 0 { None } else { Some(from.text()?) },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_come_back() {
        let mut bytes = Vec::new();
        let facts = Some(Facts { size: -1, owner: u32::MAX });
        let entries = [
            Entry { path: b"a", kind: Kind::Unknown, shut: true, young: false, facts: None, tag: Some(b"x") },
            Entry { path: b"", kind: Kind::Link, shut: false, young: true, facts, tag: None },
        ];
        entries.iter().for_each(|entry| entry.write(&mut bytes));
        let mut cursor = Cursor(&bytes);
        assert_eq!(entries.map(Some), [Entry::read(&mut cursor), Entry::read(&mut cursor)]);
        let references = [
            Reference { path: b"\xff\n", size: Some(7), digest: None, owner: Some(b"x") },
            Reference { path: b"b", size: None, digest: Some(b""), owner: None },
        ];
        bytes.clear();
        references.iter().for_each(|reference| reference.write(&mut bytes));
        let mut cursor = Cursor(&bytes);
        assert_eq!(references.map(Some), [Reference::read(&mut cursor), Reference::read(&mut cursor)]);
        assert_eq!(Reference::read(&mut Cursor(b"\0\x05\0\0\0ab")), None);
    }
}
