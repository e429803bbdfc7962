//! Numbers and texts as bytes, and back. The reader is total: bytes that nobody wrote are a fault, never a panic
//! and never a value that was made up.

use sha2::{Digest, Sha256};

/// Why bytes cannot be read.
pub(super) type Fault = &'static str;

/// The end came too early.
const SHORT: Fault = "it ends too early";

/// Appends numbers and texts.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Writer(pub(super) Vec<u8>);

impl Writer {
    /// A small number takes one byte.
    pub(super) fn count(&mut self, mut value: u64) {
        while value >= 0x80 {
            let [low, ..] = value.to_le_bytes();
            self.0.push(low | 0x80);
            value >>= 7;
        }
        let [low, ..] = value.to_le_bytes();
        self.0.push(low);
    }

    /// A number near zero takes one byte, on both sides.
    pub(super) fn signed(&mut self, value: i64) {
        self.count(zigzag(value));
    }

    /// A length.
    pub(super) fn size(&mut self, size: usize) {
        self.count(u64::try_from(size).unwrap_or(u64::MAX));
    }

    /// Its length, then its bytes.
    pub(super) fn text(&mut self, text: &str) {
        self.size(text.len());
        self.0.extend_from_slice(text.as_bytes());
    }

    /// All bits of it.
    pub(super) fn float(&mut self, float: f64) {
        self.0.extend_from_slice(&float.to_bits().to_le_bytes());
    }
}

/// `0, -1, 1, -2` as `0, 1, 2, 3`.
pub(super) fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)).cast_unsigned()
}

fn unzigzag(value: u64) -> i64 {
    (value >> 1).cast_signed() ^ -((value & 1).cast_signed())
}

/// Reads what a [`Writer`] wrote.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a>(pub(super) &'a [u8]);

impl<'a> Reader<'a> {
    pub(super) fn byte(&mut self) -> Result<u8, Fault> {
        let (first, rest) = self.0.split_first().ok_or(SHORT)?;
        self.0 = rest;
        Ok(*first)
    }

    pub(super) fn count(&mut self) -> Result<u64, Fault> {
        let mut value = 0u64;
        let mut shift = 0u32;
        for (index, byte) in self.0.iter().enumerate() {
            let part = u64::from(byte & 0x7f);
            if shift > 63 || (shift == 63 && part > 1) {
                return Err("a number has too many bits");
            }
            value |= part << shift;
            if byte & 0x80 == 0 {
                self.0 = self.0.get(index + 1..).unwrap_or_default();
                return Ok(value);
            }
            shift += 7;
        }
        Err(SHORT)
    }

    pub(super) fn signed(&mut self) -> Result<i64, Fault> {
        self.count().map(unzigzag)
    }

    pub(super) fn size(&mut self) -> Result<usize, Fault> {
        usize::try_from(self.count()?).map_err(|_too_large| "a length is beyond this machine")
    }

    pub(super) fn take(&mut self, size: usize) -> Result<&'a [u8], Fault> {
        let (taken, rest) = self.0.split_at_checked(size).ok_or(SHORT)?;
        self.0 = rest;
        Ok(taken)
    }

    pub(super) fn text(&mut self) -> Result<&'a str, Fault> {
        let size = self.size()?;
        std::str::from_utf8(self.take(size)?).map_err(|_broken| "a text is not UTF-8")
    }

    pub(super) fn float(&mut self) -> Result<f64, Fault> {
        let (bits, rest) = self.0.split_first_chunk::<8>().ok_or(SHORT)?;
        self.0 = rest;
        Ok(f64::from_bits(u64::from_le_bytes(*bits)))
    }

    /// Nothing may follow.
    pub(super) fn end(self) -> Result<(), Fault> {
        if self.0.is_empty() { Ok(()) } else { Err("something follows its end") }
    }
}

/// By which equal bytes are found, and changed ones are told.
pub(super) fn digest(bytes: &[u8]) -> [u8; 16] {
    let whole: [u8; 32] = Sha256::digest(bytes).into();
    whole.first_chunk::<16>().copied().unwrap_or_default()
}

/// Bytes of the digest that stand behind a body.
const CHECK: usize = 4;

/// The bytes with what tells whether they were changed.
pub(super) fn sealed(mut bytes: Vec<u8>) -> Vec<u8> {
    let digest = digest(&bytes);
    bytes.extend_from_slice(digest.first_chunk::<CHECK>().unwrap_or(&[0; CHECK]));
    bytes
}

/// The bytes that were sealed.
pub(super) fn unsealed(bytes: &[u8]) -> Result<&[u8], Fault> {
    let (body, check) = bytes.split_last_chunk::<CHECK>().ok_or(SHORT)?;
    if digest(body).first_chunk::<CHECK>() == Some(check) { Ok(body) } else { Err("its checksum is wrong") }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn numbers_come_back(value in any::<i64>(), small in -200i64..200, float in any::<f64>(), text in ".*") {
            let mut writer = Writer::default();
            writer.signed(value);
            writer.signed(small);
            writer.count(value.cast_unsigned());
            writer.float(float);
            writer.text(&text);
            let mut reader = Reader(&writer.0);
            prop_assert_eq!(reader.signed(), Ok(value));
            prop_assert_eq!(reader.signed(), Ok(small));
            prop_assert_eq!(reader.count(), Ok(value.cast_unsigned()));
            prop_assert_eq!(reader.float().map(f64::to_bits), Ok(float.to_bits()));
            prop_assert_eq!(reader.text(), Ok(text.as_str()));
            prop_assert_eq!(reader.end(), Ok(()));
        }

        #[test]
        fn one_changed_byte_is_noticed(bytes in proptest::collection::vec(any::<u8>(), 0..60), at in any::<usize>(), by in 1u8..) {
            let mut sealed = sealed(bytes.clone());
            prop_assert_eq!(unsealed(&sealed), Ok(&bytes[..]));
            let at = at % sealed.len();
            sealed[at] ^= by;
            prop_assert!(unsealed(&sealed).is_err());
            prop_assert!(unsealed(&sealed[..3]).is_err());
        }
    }

    #[test]
    fn numbers_of_too_many_bits_are_refused() {
        assert_eq!(Reader(&[0xff; 9]).count(), Err(SHORT));
        assert!(Reader(&[0xff; 10]).count().is_err());
        assert!(Reader(&[0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 2]).count().is_err());
        assert_eq!(Reader(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1]).count(), Ok(u64::MAX));
    }
}
