//! Does the content of a file have the digest that its row holds?

use std::fs::File;
use std::io::{ErrorKind, Read as _};

use base64::Engine as _;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use crc::{CRC_32_ISCSI, CRC_32_ISO_HDLC, Crc, Table};
use rustix::fs::{OFlags, Stat, fstat};
use sha2::digest::{Digest, DynDigest};

use super::look::{Place, Root, is_file};
use crate::fact::{Cause, Missing};
use crate::probe::stop::Stop;

static CRC32: Crc<u32, Table<16>> = Crc::<u32, Table<16>>::new(&CRC_32_ISO_HDLC);
static CRC32C: Crc<u32, Table<16>> = Crc::<u32, Table<16>>::new(&CRC_32_ISCSI);

/// How digests are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Algorithm {
    Sha256,
    Sha512,
    Sha1,
    Md5,
    Crc32,
    Crc32c,
}

impl Algorithm {
    /// By its name.
    pub(super) fn of(name: &str) -> Result<Self, Missing> {
        Ok(match name {
            "sha256" => Self::Sha256,
            "sha512" => Self::Sha512,
            "sha1" => Self::Sha1,
            "md5" => Self::Md5,
            "crc32" => Self::Crc32,
            "crc32c" => Self::Crc32c,
            _ => return Err(Missing::new(Cause::Malformed, format!("`algorithm: {name}` is not known"))),
        })
    }

    /// How many bytes a digest has.
    fn length(self) -> usize {
        match self {
            Self::Sha256 => 32,
            Self::Sha512 => 64,
            Self::Sha1 => 20,
            Self::Md5 => 16,
            Self::Crc32 | Self::Crc32c => 4,
        }
    }

    /// Begins one.
    pub(super) fn hasher(self) -> Hasher {
        match self {
            Self::Sha256 => Hasher::Digest(Box::new(sha2::Sha256::new())),
            Self::Sha512 => Hasher::Digest(Box::new(sha2::Sha512::new())),
            Self::Sha1 => Hasher::Digest(Box::new(sha1::Sha1::new())),
            Self::Md5 => Hasher::Digest(Box::new(md5::Md5::new())),
            Self::Crc32 => Hasher::Sum(Box::new(CRC32.digest())),
            Self::Crc32c => Hasher::Sum(Box::new(CRC32C.digest())),
        }
    }

    /// The digest that a database holds, in hexadecimal or base64, with or without its name before it.
    pub(super) fn parse(self, text: &[u8]) -> Option<Vec<u8>> {
        let text = std::str::from_utf8(text).ok()?.trim().trim_matches('"');
        let digest = ["\\x", "0x"].iter().find_map(|before| text.strip_prefix(before)).unwrap_or(text);
        // No digit of either form is a colon; a base64 text may have a dash, and `sha256-` is no whole digest.
        let named = ["sha256", "sha512", "sha1", "md5", "crc32c", "crc32"].iter().find_map(|name| {
            let rest = text.get(..name.len()).filter(|head| head.eq_ignore_ascii_case(name));
            rest.and_then(|_name| text.get(name.len()..)?.strip_prefix([':', '-', '=']))
        });
        let digest = named.unwrap_or(digest);
        let length = self.length();
        if digest.len() == 2 * length
            && let Some(bytes) = hex(digest)
        {
            return Some(bytes);
        }
        let config = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
        let alphabets = [&STANDARD, &URL_SAFE];
        let decode = |alphabet| GeneralPurpose::new(alphabet, config).decode(digest).ok();
        alphabets.into_iter().find_map(decode).filter(|bytes| bytes.len() == length)
    }
}

fn hex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> =
        text.chars().map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok())).collect();
    Some(digits?.chunks(2).map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit)).collect())
}

/// A digest that grows.
pub(super) enum Hasher {
    Digest(Box<dyn DynDigest + Send>),
    Sum(Box<crc::Digest<'static, u32, Table<16>>>),
}

impl Hasher {
    /// More content.
    pub(super) fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Digest(digest) => digest.update(bytes),
            Self::Sum(sum) => sum.update(bytes),
        }
    }

    /// The whole digest.
    pub(super) fn finish(self) -> Vec<u8> {
        match self {
            Self::Digest(digest) => digest.finalize().into_vec(),
            Self::Sum(sum) => sum.finalize().to_be_bytes().to_vec(),
        }
    }
}

/// What reading a file showed.
pub(super) enum Content {
    Same,
    Differs,
    /// It was written meanwhile.
    Changing,
    /// It is not to be read.
    At(Place),
}

/// Reads a file below the root. One that changes meanwhile is read once more.
pub(super) fn compare(
    root: &Root,
    path: &[u8],
    wanted: &[u8],
    algorithm: Algorithm,
    stop: &Stop,
) -> Result<Content, Missing> {
    for _try in 0..2 {
        match read(root, path, algorithm, stop)? {
            Read::Whole(digest) if digest == wanted => return Ok(Content::Same),
            Read::Whole(_other) => return Ok(Content::Differs),
            Read::Changing => {}
            Read::Not(place) => return Ok(Content::At(place)),
        }
    }
    Ok(Content::Changing)
}

enum Read {
    Whole(Vec<u8>),
    Changing,
    Not(Place),
}

fn read(root: &Root, path: &[u8], algorithm: Algorithm, stop: &Stop) -> Result<Read, Missing> {
    let handle = match root.enter(path, OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY) {
        Ok(handle) => handle,
        Err(error) => return Ok(Read::Not(root.place(path, error))),
    };
    let before = match fstat(&handle) {
        Ok(stat) if is_file(&stat) => stat,
        Ok(_other) => return Ok(Read::Not(Place::Other)),
        Err(error) => return Ok(Read::Not(root.place(path, error))),
    };
    let mut file = File::from(handle);
    let mut hasher = algorithm.hasher();
    let mut piece = vec![0_u8; 128 << 10];
    loop {
        stop.check(&format!("reading `{}`", root.below(path)))?;
        match file.read(&mut piece) {
            Ok(0) => break,
            Ok(count) => hasher.update(piece.get(..count).unwrap_or_default()),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => {
                let code = rustix::io::Errno::from_io_error(&error).unwrap_or(rustix::io::Errno::IO);
                return Ok(Read::Not(Place::Shut(root.fault(path, code))));
            }
        }
    }
    match fstat(&file) {
        Ok(after) if face(&before) == face(&after) => Ok(Read::Whole(hasher.finish())),
        _ => Ok(Read::Changing),
    }
}

fn face(stat: &Stat) -> impl PartialEq {
    (stat.st_size, stat.st_mtime, stat.st_mtime_nsec, stat.st_ctime, stat.st_ctime_nsec)
}

/// Does a path belong to a share of all? The same ones do each time.
pub(super) fn in_sample(path: &[u8], share: f64) -> bool {
    if share >= 1.0 {
        return true;
    }
    let digest = sha2::Sha256::digest(path);
    let number = digest.iter().take(4).fold(0_u32, |sum, byte| sum << 8 | u32::from(*byte));
    f64::from(number) < share * (f64::from(u32::MAX) + 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::probe::x509::hex as shown;

    #[test]
    fn digests_are_those_that_everybody_makes() {
        for (algorithm, sum) in [
            (Algorithm::Sha256, "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225"),
            (Algorithm::Sha1, "f7c3bc1d808e04732adf679965ccc34ca7ae3441"),
            (Algorithm::Md5, "25f9e794323b453885f5181f1b624d0b"),
            (Algorithm::Crc32, "cbf43926"),
            (Algorithm::Crc32c, "e3069283"),
        ] {
            let mut hasher = algorithm.hasher();
            hasher.update(b"1234");
            hasher.update(b"56789");
            let made = hasher.finish();
            assert_eq!(shown(&made), sum, "{algorithm:?}");
            assert_eq!(algorithm.parse(sum.as_bytes()).as_deref(), Some(&*made));
            assert_eq!(made.len(), algorithm.length());
        }
        assert_eq!(Algorithm::Sha512.hasher().finish().len(), 64);
    }

    #[test]
    fn what_a_database_holds_is_understood() {
        let md5 = Algorithm::Md5.parse(b"25f9e794323b453885f5181f1b624d0b").unwrap();
        for text in [
            "25F9E794323B453885F5181F1B624D0B",
            "\\x25f9e794323b453885f5181f1b624d0b",
            "0x25f9e794323b453885f5181f1b624d0b",
            " \"25f9e794323b453885f5181f1b624d0b\" ",
            "md5:25f9e794323b453885f5181f1b624d0b",
            "MD5=JfnnlDI7RTiF9RgfG2JNCw==",
            "JfnnlDI7RTiF9RgfG2JNCw==",
            "JfnnlDI7RTiF9RgfG2JNCw",
        ] {
            assert_eq!(Algorithm::Md5.parse(text.as_bytes()), Some(md5.clone()), "{text}");
        }
        for text in ["", "25f9", "25f9e794323b453885f5181f1b624d0b-3", "sha256:abcd", "zz", "\u{e4}"] {
            assert_eq!(Algorithm::Md5.parse(text.as_bytes()), None, "{text}");
        }
        assert_eq!(Algorithm::Sha256.parse(b"25f9e794323b453885f5181f1b624d0b"), None);
    }

    #[test]
    fn a_sample_is_the_same_each_time_and_of_its_size() {
        let count =
            |share: f64| (0..20_000).filter(|n: &u32| in_sample(format!("a/{n}").as_bytes(), share)).count();
        assert!((1_800..2_200).contains(&count(0.1)), "{}", count(0.1));
        assert_eq!(count(0.1), count(0.1));
        assert_eq!(count(1.0), 20_000);
    }
}
