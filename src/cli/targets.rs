//! Targets: from the project file or the command line, with their secrets.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use crate::diag::{Diag, code};
use crate::fact::{Cause, House, Level, Missing, catalogue};
use crate::plan::TargetInfo;
use crate::policy::project::{DatabaseChoice, address};
use crate::policy::{Project, TargetEntry};
use crate::probe::{Databases, Target, TlsFiles};
use crate::secret::{Redactor, Secret, SecretRef};
use crate::source::Loc;

use super::edge;
use super::records::Remembered;

/// A target that the judge sees.
pub(super) fn info(entry: &TargetEntry) -> Arc<TargetInfo> {
    Arc::new(TargetInfo {
        name: Arc::clone(&entry.name),
        kind: Arc::clone(&entry.kind),
        scheme: entry.url.as_ref().map_or_else(|| Arc::from(""), |url| Arc::from(url.scheme())),
        labels: entry.labels.clone(),
        scratch: entry.scratch,
    })
}

/// Is it an address, and not a name or pattern of a target?
pub(super) fn is_address(text: &str) -> bool {
    text.contains("://") || text.starts_with("sqlite:") || text == "host"
}

/// A target of the command line.
pub(super) fn adhoc(text: &str) -> Result<TargetEntry, Diag> {
    let loc = Loc::nowhere("--target");
    let entry = |name: &str, kind: &str| TargetEntry {
        name: Arc::from(name),
        kind: Arc::from(kind),
        url: None,
        path: None,
        path_is_absolute: false,
        password: None,
        access_key: None,
        region: None,
        virtual_host: false,
        headers: BTreeMap::new(),
        labels: BTreeMap::new(),
        tls: BTreeMap::new(),
        databases: DatabaseChoice::One,
        connections: None,
        deadline: None,
        scratch: false,
        loc: loc.clone(),
    };
    if text == "host" {
        return Ok(entry("localhost", "host"));
    }
    if let Some(bucket) = text.strip_prefix("s3://") {
        return bucket_of(bucket, &loc, entry);
    }
    if let Some(path) = text.strip_prefix("sqlite:") {
        let path = PathBuf::from(path.strip_prefix("//").unwrap_or(path));
        let name =
            path.file_name().map_or_else(|| "sqlite".to_owned(), |name| name.to_string_lossy().into_owned());
        return Ok(TargetEntry { path: Some(path), ..entry(&name, "sqlite") });
    }
    let scheme = text.split("://").next().unwrap_or("");
    let kind = match scheme {
        "postgres" | "postgresql" => "postgres",
        "pgbouncer" => "pgbouncer",
        "mysql" | "mariadb" => "mysql",
        _ => "service",
    };
    // The message never shows the address: it may hold a password.
    let url = address(kind, text).map_err(|message| {
        let help = "put the password into PGPASSWORD, MYSQL_PWD or ~/.pgpass, or write a muster.yaml with `password: { env: NAME }`";
        let diag = Diag::error(&code::TARGET, format!("`--target`: {message}"));
        if message.contains("password") { diag.help(help) } else { diag.help("for example `--target postgres://watcher@db.internal:5432/shop`") }
    })?;
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    let name = format!("{}{port}{}", url.host_str().unwrap_or(""), url.path().trim_end_matches('/'));
    let password = match kind {
        "postgres" | "pgbouncer" => Some("PGPASSWORD"),
        "mysql" => Some("MYSQL_PWD"),
        _ => None,
    };
    let password = password
        .filter(|name| edge::variable(name).is_some())
        .map(|name| (SecretRef::Env(name.to_owned()), loc.clone()));
    Ok(TargetEntry { url: Some(url), password, ..entry(&name, kind) })
}

/// A bucket by the variables with which other programs find it.
fn bucket_of(
    bucket: &str,
    loc: &Loc,
    entry: impl Fn(&str, &str) -> TargetEntry,
) -> Result<TargetEntry, Diag> {
    let first = |names: [&str; 2]| {
        names.into_iter().find_map(|name| edge::variable(name).filter(|value| !value.is_empty()))
    };
    let wrong = |message: String| Diag::error(&code::TARGET, format!("`--target`: {message}"));
    if first(["AWS_SESSION_TOKEN"; 2]).is_some() {
        let what = "AWS_SESSION_TOKEN is set, and keys that end soon are not understood";
        return Err(wrong(what.to_owned()).help("take a key of its own for reading, and unset it"));
    }
    let region = first(["AWS_REGION", "AWS_DEFAULT_REGION"]);
    let endpoint = first(["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"])
        .unwrap_or_else(|| format!("https://s3.{}.amazonaws.com", region.as_deref().unwrap_or("us-east-1")));
    let name = bucket.trim_matches('/');
    let url = address("bucket", &format!("{}/{name}", endpoint.trim_end_matches('/')));
    let url = url.map_err(|message| wrong(message).help("for example `s3://uploads/avatars`"))?;
    let secret =
        |name: &str| edge::variable(name).is_some().then(|| (SecretRef::Env(name.to_owned()), loc.clone()));
    let (access_key, password) = (secret("AWS_ACCESS_KEY_ID"), secret("AWS_SECRET_ACCESS_KEY"));
    if access_key.is_some() != password.is_some() {
        // One half of a key would ask as nobody.
        let what = "of AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY only one is set".to_owned();
        return Err(wrong(what).help("set both, or none to ask as nobody"));
    }
    Ok(TargetEntry { url: Some(url), access_key, password, region, ..entry(name, "bucket") })
}

/// The first line of a secret's text.
fn first_line(text: &str) -> Option<&str> {
    text.lines().next().map(str::trim_end).filter(|line| !line.is_empty())
}

fn read(secret: &SecretRef) -> Result<String, String> {
    first_line(&whole(secret)?).map(str::to_owned).ok_or_else(|| "its first line is empty".to_owned())
}

/// All of what a reference names: a key has several lines.
pub(super) fn whole(secret: &SecretRef) -> Result<String, String> {
    Ok(match secret {
        SecretRef::Env(name) => edge::variable(name).ok_or("it is not set")?,
        SecretRef::File(path) => std::fs::read_to_string(path).map_err(|error| error.to_string())?,
        SecretRef::Command(words) => {
            let (program, rest) = words.split_first().ok_or("it names no program")?;
            let output = std::process::Command::new(program)
                .args(rest)
                .stdin(std::process::Stdio::null())
                .output()
                .map_err(|error| error.to_string())?;
            if !output.status.success() {
                return Err(format!("it ended with {}", output.status));
            }
            String::from_utf8(output.stdout)
                .map_err(|_not_utf8| "it printed something that is not UTF-8".to_owned())?
        }
    })
}

/// A secret that is no target's.
pub(super) fn secret(reference: &(SecretRef, Loc), what: &str, redactor: &Redactor) -> Result<Secret, Diag> {
    let text = read(&reference.0).map_err(|why| {
        let message = format!("the secret of {what} cannot be read from {}: {why}", reference.0);
        Diag::error(&code::SECRET_UNSET, message).at(&reference.1, "").help("set it")
    })?;
    Ok(Secret::new(&text, redactor))
}

/// Targets that can be asked, and why the others cannot.
pub(super) struct Reachable {
    pub targets: HashMap<Arc<str>, Arc<Target>>,
    pub unusable: HashMap<Arc<str>, Arc<Missing>>,
    /// What the project says of itself, if that is asked.
    pub house: Option<Arc<House>>,
}

impl Reachable {
    /// The same, with what the project remembers, if anybody asks the project at all.
    pub(super) fn remembering(mut self, records: impl FnOnce() -> Remembered) -> Self {
        if let Some(house) = &mut self.house {
            *house = Arc::new(House { records: Some(Arc::new(records())), ..(**house).clone() });
        }
        self
    }
}

/// Reads the secrets of the targets that are asked. A secret that is not set is an input error.
pub(super) fn reach(
    entries: &[TargetEntry],
    project: &Project,
    asked: &dyn Fn(&str) -> bool,
    redactor: &Redactor,
) -> Result<Reachable, Vec<Diag>> {
    let commands = Arc::new(project.commands.clone());
    let is_asked = |entry: &TargetEntry| &*entry.kind == "project" && asked(&entry.name);
    let house = if entries.iter().any(is_asked) { super::house::of(project) } else { None };
    let mut reachable = Reachable { targets: HashMap::new(), unusable: HashMap::new(), house };
    let mut diags = Vec::new();
    for entry in entries.iter().filter(|entry| asked(&entry.name)) {
        let mut secret = |reference: &(SecretRef, Loc)| match read(&reference.0) {
            Ok(text) => {
                if redactor.learn_common(&text, words) {
                    super::output::note(&format!(
                        "a secret of `{}` is short, or a word of every report: what holds it is not told, and names of policies and targets that hold it stay as they are; a longer one could be hidden",
                        entry.name
                    ));
                }
                Some(Secret::new(&text, redactor))
            }
            Err(why) => {
                let diag = Diag::error(
                    &code::SECRET_UNSET,
                    format!("the secret of `{}` cannot be read from {}: {why}", entry.name, reference.0),
                );
                diags.push(diag.at(&reference.1, "").help("set it, or leave the target out with `--target`"));
                None
            }
        };
        let password = entry.password.as_ref().and_then(&mut secret);
        let access_key = entry.access_key.as_ref().and_then(&mut secret);
        let headers = entry
            .headers
            .iter()
            .filter_map(|(name, reference)| Some((name.clone(), secret(reference)?)))
            .collect();
        let target = Target { access_key, ..target(entry, password, headers, &commands) };
        reachable.targets.insert(Arc::clone(&entry.name), Arc::new(target));
    }
    for entry in entries.iter().filter(|entry| !asked(&entry.name)) {
        let why = Missing::new(Cause::Cancelled, "the target was not selected").level(Level::Target);
        reachable.unusable.insert(Arc::clone(&entry.name), Arc::new(why));
    }
    if diags.is_empty() { Ok(reachable) } else { Err(diags) }
}

/// What stands in reports whatever is judged: the keys and words of their form, probes and facts, and the policies that come
/// with the program.
fn words() -> &'static str {
    static WORDS: OnceLock<String> = OnceLock::new();
    WORDS.get_or_init(|| {
        let mut words = crate::report::json_schema().to_string();
        for probe in catalogue::PROBES {
            words.push_str(&format!(" {}", probe.name));
            probe.facts.iter().for_each(|fact| words.push_str(&format!(" {}", fact.name)));
        }
        words
    })
}

fn target(
    entry: &TargetEntry,
    password: Option<Secret>,
    headers: BTreeMap<String, Secret>,
    commands: &Arc<BTreeMap<String, Vec<String>>>,
) -> Target {
    let file = |name: &str| entry.tls.get(name).map(PathBuf::from);
    Target {
        name: Arc::clone(&entry.name),
        kind: Arc::clone(&entry.kind),
        url: entry.url.clone(),
        path: entry.path.clone(),
        password,
        access_key: None,
        region: entry.region.clone(),
        virtual_host: entry.virtual_host,
        headers,
        tls: TlsFiles {
            mode: entry.tls.get("mode").cloned(),
            ca: file("ca"),
            cert: file("cert"),
            key: file("key"),
        },
        databases: match &entry.databases {
            DatabaseChoice::One => Databases::One,
            DatabaseChoice::All(except) => Databases::All { except: except.clone() },
        },
        commands: Arc::clone(commands),
        connections: entry.connections.unwrap_or(0),
        deadline: entry.deadline,
        scratch: entry.scratch,
    }
}

/// The project file of a folder or one above it.
pub(super) fn find_project(from: &Path) -> Option<PathBuf> {
    from.ancestors().map(|folder| folder.join("muster.yaml")).find(|file| file.is_file())
}
