//! `certificate.file`: the certificates of files.

use std::sync::Arc;

use super::container::{Content, decode};
use crate::fact::{Cause, Level, Missing, Request, Table, TableBuilder, Value};
use crate::probe::stop::Stop;
use crate::probe::walk::{Kind, Walk};
use crate::probe::{Ask, Context, Observing, Probe, on_a_thread, path, x509};
use crate::secret::{Redactor, Secret};

/// The body of `certificate.file`.
pub(in crate::probe) struct File;

impl Probe for File {
    fn observe<'a>(&'a self, ask: &'a Ask<'a>, cx: &'a Context) -> Observing<'a> {
        let redactor = Arc::clone(&cx.redactor);
        on_a_thread(ask, cx, move |request, table, stop| look(request, table, stop, &redactor))
    }
}

/// No certificate is larger, and no bundle of authorities.
const LARGEST: usize = 1024 * 1024;

/// How many entries are seen on the way to the files of a pattern.
const ENTRIES: usize = 100_000;

fn look(
    request: &Request,
    mut table: TableBuilder,
    stop: &Stop,
    redactor: &Redactor,
) -> Result<Table, Missing> {
    let mut paths = path::paths(&request.args, &["path", "paths"]);
    let pattern = request.args.text("glob");
    if paths.is_empty() && pattern.is_none() {
        return Err(Missing::new(Cause::Empty, "none of `path`, `paths` and `glob` names a file"));
    }
    if let Some(pattern) = pattern {
        let found = matches(pattern, request.args.flag("follow"), stop)?;
        let new: Vec<_> = found.into_iter().filter(|path| !paths.contains(path)).collect();
        paths.extend(new);
    }
    let mut password = Password::new(request.args.text("password_file"), stop, redactor);
    for path in &paths {
        let content =
            path::read_small(path, LARGEST, stop).and_then(|bytes| decode(path, &bytes, || password.get()));
        push(&mut table, path, content);
    }
    Ok(table.finish())
}

/// The files of a pattern, in order. One that could not be looked for hides all: which of them are there is
/// what is asked.
fn matches(pattern: &str, follow: bool, stop: &Stop) -> Result<Vec<Arc<str>>, Missing> {
    let walk = Walk::glob(pattern).map(|walk| walk.of(Kind::File, follow).limited(None, ENTRIES));
    let mut found: Vec<Arc<str>> = Vec::new();
    walk.and_then(|walk| walk.run(stop, |path, _| found.push(Arc::from(path.to_string_lossy()))))
        .map_err(|why| why.level(Level::Probe))?;
    found.sort();
    Ok(found)
}

/// The password of PKCS#12 files, read when the first of them needs it.
struct Password<'a> {
    path: Option<&'a str>,
    stop: &'a Stop,
    redactor: &'a Redactor,
    read: Option<Result<Option<Secret>, Missing>>,
}

impl<'a> Password<'a> {
    fn new(path: Option<&'a str>, stop: &'a Stop, redactor: &'a Redactor) -> Self {
        Self { path, stop, redactor, read: None }
    }

    fn get(&mut self) -> Result<Option<Secret>, Missing> {
        let (path, stop, redactor) = (self.path, self.stop, self.redactor);
        self.read
            .get_or_insert_with(|| path.map(|path| read_password(path, stop, redactor)).transpose())
            .clone()
    }
}

fn read_password(path: &str, stop: &Stop, redactor: &Redactor) -> Result<Secret, Missing> {
    let bytes = path::read_small(path, 64 * 1024, stop)?;
    let text = std::str::from_utf8(&bytes).ok().and_then(|text| text.lines().next());
    let line = text.filter(|line| !line.is_empty()).ok_or_else(|| {
        let what = format!("the first line of `{path}` (`password_file`) is no password");
        Missing::new(Cause::Malformed, what).level(Level::Row)
    })?;
    Ok(Secret::new(line, redactor))
}

fn push(table: &mut TableBuilder, path: &Arc<str>, content: Result<Content, Missing>) {
    let content = match content {
        Ok(content) => content,
        Err(why) => {
            let why = Arc::new(why);
            return row(table, path, 0)
                .missing_all(&["format", "has_private_key"], &why)
                .missing_all(x509::FACTS, &why)
                .push();
        }
    };
    let has_private_key = content.has_private_key.map(Value::Bool).map_err(Arc::new);
    for (position, certificate) in content.certificates.into_iter().enumerate() {
        let row = row(table, path, position)
            .set("format", Value::text(content.format))
            .cell("has_private_key", has_private_key.clone());
        match certificate {
            Ok(certificate) => certificate.fill(row).push(),
            Err(why) => row.missing_all(x509::FACTS, &Arc::new(why)).push(),
        }
    }
}

fn row<'a>(table: &'a mut TableBuilder, path: &Arc<str>, position: usize) -> crate::fact::RowBuilder<'a> {
    let position = i64::try_from(position).unwrap_or(i64::MAX);
    table.row().set("path", Value::Text(Arc::clone(path))).set("position", Value::Int(position))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;
    use std::process::Command;

    use rcgen::{CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
    use rustix::fs::{CWD, FileType, Mode, mknodat};
    use serde_json::{Value as Json, json};
    use tempfile::TempDir;

    use super::*;
    use crate::probe::Answer;
    use crate::probe::testing::{as_nobody, ask, cause, open_dir, value};

    /// A directory with `leaf.pem`, `ca.pem`, `key.pem`, `leaf.der`.
    fn made() -> TempDir {
        let dir = open_dir();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, "Test CA");
        let ca = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec!["shop.test".to_owned()]).unwrap();
        params.distinguished_name.push(DnType::CommonName, "shop.test");
        let leaf = params.signed_by(&key, &ca).unwrap();
        write(&dir, "ca.pem", ca.pem());
        write(&dir, "leaf.pem", leaf.pem());
        write(&dir, "key.pem", key.serialize_pem());
        write(&dir, "leaf.der", leaf.der());
        dir
    }

    fn write(dir: &TempDir, name: &str, content: impl AsRef<[u8]>) {
        fs::write(dir.path().join(name), content).unwrap();
    }

    fn read(dir: &TempDir, name: &str) -> String {
        fs::read_to_string(dir.path().join(name)).unwrap()
    }

    fn openssl(dir: &Path, args: &str) {
        let output = Command::new("openssl").args(args.split(' ')).current_dir(dir).output().unwrap();
        assert!(output.status.success(), "openssl {args}: {}", String::from_utf8_lossy(&output.stderr));
    }

    fn ask_for(args: Json) -> Answer {
        ask("certificate.file", args).run().unwrap()
    }

    fn one(dir: &TempDir, name: &str) -> Answer {
        ask_for(json!({"path": dir.path().join(name)}))
    }

    fn subjects(answer: &Answer) -> Vec<String> {
        let text = |row| value(answer, row, "subject").as_text().unwrap().to_owned();
        (0..answer.table.rows.len()).map(text).collect()
    }

    #[test]
    fn a_bundle_has_a_row_for_each_certificate() {
        let dir = made();
        let bundle = format!(
            "a comment\n{}\n{}{}",
            read(&dir, "leaf.pem"),
            read(&dir, "ca.pem"),
            read(&dir, "key.pem")
        );
        write(&dir, "bundle.pem", bundle.replace('\n', "\r\n"));
        let answer = one(&dir, "bundle.pem");
        assert_eq!(subjects(&answer), ["CN=shop.test", "CN=Test CA"].map(|cn| subject(&answer, cn)));
        assert_eq!(value(&answer, 0, "position"), Value::Int(0));
        assert_eq!(value(&answer, 1, "position"), Value::Int(1));
        assert_eq!(value(&answer, 0, "self_signed"), Value::Bool(false));
        assert_eq!(value(&answer, 1, "is_ca"), Value::Bool(true));
        assert_eq!(value(&answer, 0, "issuer"), value(&answer, 1, "subject"));
        assert_eq!(value(&answer, 0, "has_private_key"), Value::Bool(true));
        assert_eq!(value(&one(&dir, "leaf.pem"), 0, "has_private_key"), Value::Bool(false));
    }

    /// The whole subject that holds a part.
    fn subject(answer: &Answer, part: &str) -> String {
        subjects(answer).into_iter().find(|subject| subject.contains(part)).unwrap_or_default()
    }

    #[test]
    fn all_forms_give_the_same_certificate() {
        let dir = made();
        openssl(
            dir.path(),
            "pkcs12 -export -in leaf.pem -inkey key.pem -certfile ca.pem -out a.p12 -passout pass:geheim",
        );
        openssl(dir.path(), "pkcs12 -export -in leaf.pem -inkey key.pem -out open.p12 -passout pass:");
        write(&dir, "pass", "geheim\nnot this\n");
        let wanted = value(&one(&dir, "leaf.pem"), 0, "fingerprint_sha256");
        let p12 =
            ask_for(json!({"path": dir.path().join("a.p12"), "password_file": dir.path().join("pass")}));
        for (answer, format) in
            [(one(&dir, "leaf.der"), "der"), (one(&dir, "open.p12"), "pkcs12"), (p12, "pkcs12")]
        {
            assert_eq!(value(&answer, 0, "fingerprint_sha256"), wanted, "{format}");
            assert_eq!(value(&answer, 0, "format"), Value::text(format));
            assert_eq!(value(&answer, 0, "has_private_key"), Value::Bool(format == "pkcs12"));
        }
    }

    #[test]
    fn a_password_that_does_not_open_is_denied_and_told_to_nobody() {
        let dir = made();
        openssl(dir.path(), "pkcs12 -export -in leaf.pem -inkey key.pem -out a.p12 -passout pass:geheim");
        write(&dir, "wrong", "falsch-geheim\n");
        write(&dir, "empty", "\n");
        let with = |name: &str| {
            ask_for(json!({"path": dir.path().join("a.p12"), "password_file": dir.path().join(name)}))
        };
        assert_eq!(cause(&one(&dir, "a.p12"), 0, "not_after"), Cause::Denied);
        assert_eq!(cause(&with("wrong"), 0, "not_after"), Cause::Denied);
        assert!(!format!("{:?}", with("wrong").table).contains("falsch-geheim"));
        assert_eq!(cause(&with("empty"), 0, "not_after"), Cause::Malformed);
        assert_eq!(cause(&with("gone"), 0, "not_after"), Cause::Absent);
    }

    #[test]
    fn kinds_of_keys_are_told() {
        let dir = made();
        for (name, args, kind, bits) in [
            ("rsa", "-newkey rsa:2048", "rsa", 2048),
            ("p384", "-newkey ec -pkeyopt ec_paramgen_curve:P-384", "ec", 384),
            ("p521", "-newkey ec -pkeyopt ec_paramgen_curve:P-521", "ec", 521),
            ("ed", "-newkey ed25519", "ed25519", 256),
        ] {
            openssl(
                dir.path(),
                &format!(
                    "req -x509 {args} -nodes -keyout {name}.key -out {name}.pem -subj /CN={name} -days 9"
                ),
            );
            let answer = one(&dir, &format!("{name}.pem"));
            assert_eq!(value(&answer, 0, "key_type"), Value::text(kind));
            assert_eq!(value(&answer, 0, "key_bits"), Value::Int(bits), "{name}");
        }
        let algorithm = |name| value(&one(&dir, name), 0, "signature_algorithm");
        assert_eq!(algorithm("rsa.pem"), Value::text("sha256WithRSAEncryption"));
        assert_eq!(algorithm("ed.pem"), Value::text("ed25519"));
    }

    #[test]
    fn no_fact_holds_the_key() {
        let dir = made();
        write(&dir, "both.pem", format!("{}{}", read(&dir, "key.pem"), read(&dir, "leaf.pem")));
        write(&dir, "broken.pem", read(&dir, "key.pem").replace("-----END", "----"));
        let secret = read(&dir, "key.pem").lines().nth(1).unwrap().to_owned();
        for name in ["both.pem", "key.pem", "broken.pem"] {
            let shown = format!("{:?}", one(&dir, name).table);
            assert!(!shown.contains(&secret) && !shown.contains(secret.split_at(20).0), "{name}");
        }
    }

    #[test]
    fn what_is_no_certificate_is_unknown() {
        let dir = made();
        let (leaf, key) = (read(&dir, "leaf.pem"), read(&dir, "key.pem"));
        let der = fs::read(dir.path().join("leaf.der")).unwrap();
        openssl(dir.path(), "pkey -in key.pem -outform DER -out key.der");
        let cases: Vec<(&str, Vec<u8>, Cause)> = vec![
            ("empty", vec![], Cause::Empty),
            ("garbage", b"certificate\n".to_vec(), Cause::Malformed),
            ("zeros", vec![0; 4096], Cause::Malformed),
            ("key", key.clone().into_bytes(), Cause::Malformed),
            ("key-der", fs::read(dir.path().join("key.der")).unwrap(), Cause::Malformed),
            ("cut", leaf.as_bytes()[..leaf.len() / 2].to_vec(), Cause::Malformed),
            ("cut-der", der[..der.len() / 2].to_vec(), Cause::Malformed),
            ("not-base64", leaf.replace('M', "*").into_bytes(), Cause::Malformed),
            ("p12", vec![0x30, 0x82, 0x01, 0x00, 0x02, 0x01, 0x03, 0x30], Cause::Malformed),
            ("indented", leaf.replace("-----", "  -----").into_bytes(), Cause::Malformed),
            ("large", vec![b'\n'; LARGEST + 1], Cause::Limit),
        ];
        for (name, content, wanted) in cases {
            write(&dir, name, content);
            let answer = one(&dir, name);
            assert_eq!(answer.table.rows.len(), 1, "{name}");
            for fact in x509::FACTS {
                assert_eq!(cause(&answer, 0, fact), wanted, "{name}: {fact}");
            }
        }
    }

    #[test]
    fn a_broken_part_keeps_its_place() {
        let dir = made();
        let (leaf, ca) = (read(&dir, "leaf.pem"), read(&dir, "ca.pem"));
        let broken = leaf.replace("-----END CERTIFICATE-----\n", "");
        write(&dir, "middle", format!("{ca}{broken}{ca}"));
        let answer = one(&dir, "middle");
        assert_eq!(answer.table.rows.len(), 3);
        assert_eq!(cause(&answer, 1, "not_after"), Cause::Malformed);
        assert_eq!(value(&answer, 2, "is_ca"), Value::Bool(true));
        let der = fs::read(dir.path().join("leaf.der")).unwrap();
        write(&dir, "twice.der", [der.as_slice(), &der, b"rest"].concat());
        let answer = one(&dir, "twice.der");
        assert_eq!(answer.table.rows.len(), 3);
        assert_eq!(cause(&answer, 2, "not_after"), Cause::Malformed);
        let bom = [b"\xef\xbb\xbf", leaf.as_bytes(), ca.as_bytes()].concat();
        write(&dir, "bom", bom);
        let answer = one(&dir, "bom");
        assert_eq!(cause(&answer, 0, "not_after"), Cause::Malformed, "servers skip it");
        assert_eq!(value(&answer, 1, "is_ca"), Value::Bool(true));
    }

    #[test]
    fn what_is_no_file_is_not_opened() {
        let dir = made();
        mknodat(CWD, dir.path().join("fifo"), FileType::Fifo, Mode::RWXU, 0).unwrap();
        assert_eq!(cause(&one(&dir, "fifo"), 0, "not_after"), Cause::WrongType);
        assert_eq!(cause(&one(&dir, "."), 0, "not_after"), Cause::WrongType);
        assert_eq!(cause(&one(&dir, "gone"), 0, "not_after"), Cause::Absent);
        assert_eq!(cause(&ask_for(json!({"path": "/dev/zero"})), 0, "subject"), Cause::WrongType);
        assert_eq!(cause(&ask_for(json!({"path": "relative"})), 0, "subject"), Cause::Malformed);
        assert_eq!(ask("certificate.file", json!({})).run().unwrap_err().cause, Cause::Empty);
    }

    #[test]
    fn a_pattern_finds_files_behind_links() {
        let dir = made();
        fs::create_dir_all(dir.path().join("live/shop")).unwrap();
        std::os::unix::fs::symlink("../../leaf.pem", dir.path().join("live/shop/fullchain.pem")).unwrap();
        let answer = ask_for(json!({"glob": dir.path().join("live/*/fullchain.pem")}));
        assert_eq!(answer.table.rows.len(), 1);
        let none = ask_for(json!({"glob": dir.path().join("live/*/cert.pem")}));
        assert_eq!(none.table.rows.len(), 0);
        assert_eq!(none.table.schema.zero, crate::fact::ZeroRows::Suspicious);
        let gone = ask("certificate.file", json!({"glob": dir.path().join("dead/*.pem")}));
        assert_eq!(gone.run().unwrap_err().cause, Cause::Absent);
    }

    #[test]
    fn a_file_that_may_not_be_read_is_denied() {
        as_nobody("probe::certificate::file::tests::a_file_that_may_not_be_read_is_denied", |dir| {
            let paths = [dir.join("secret"), dir.join("closed/there"), dir.join("open")];
            let answer = ask_for(json!({"paths": paths}));
            assert_eq!(cause(&answer, 0, "not_after"), Cause::Denied);
            assert_eq!(cause(&answer, 1, "not_after"), Cause::Denied);
            assert_eq!(cause(&answer, 2, "not_after"), Cause::Malformed);
            let glob = ask("certificate.file", json!({"glob": dir.join("*/there")})).run();
            assert_eq!(glob.unwrap_err().cause, Cause::Denied);
        });
    }
}
