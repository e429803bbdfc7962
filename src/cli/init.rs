//! `muster init`: a project file from what is found here.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use url::Url;

use crate::fact::catalogue;
use crate::policy::load::{Origin, load};
use crate::policy::{library, project};
use crate::source::Source;
use crate::source::yaml::scalar;

use super::edge::variable;
use super::exit;
use super::new;
use super::output::{Done, Problem, note, say, write_file, write_new};
use super::setup::here;
use super::starter::Wanted;

/// Writes a muster.yaml from what is found here
#[derive(Args)]
#[command(after_help = "Examples:
  muster init
  PGHOST=db.internal PGUSER=watcher muster init

It looks for PostgreSQL (PGHOST, PGUSER, a server on port 5432), SQLite files, certificates of Let's Encrypt,
and a folder policies/. Nothing is overwritten without --force.")]
pub(super) struct Arguments {
    /// Write over the muster.yaml that is here
    #[arg(long)]
    force: bool,
}

/// Where certificates of Let's Encrypt are.
const CERTIFICATES: &str = "/etc/letsencrypt/live";

/// Files that are looked at for SQLite, at most.
const MOST: usize = 20;

/// A target with the words that stand above it.
struct Target {
    name: String,
    kind: &'static str,
    why: String,
    lines: Vec<String>,
}

pub(super) fn run(arguments: &Arguments) -> Done {
    let folder = here()?;
    let path = folder.join("muster.yaml");
    if path.exists() && !arguments.force {
        return Err(Problem::usage(
            "there is a muster.yaml here already",
            "`--force` writes over it; nothing was changed",
        ));
    }
    let targets = targets(&folder);
    let mut written = Vec::new();
    match lay_out(&folder, &targets, &path, arguments.force, &mut written) {
        Ok(()) => {}
        Err(problem) => {
            // What is half done is worse than nothing.
            written.iter().for_each(|file: &PathBuf| drop(std::fs::remove_file(file)));
            return Err(problem);
        }
    }
    let mut text = format!("wrote {}\n", path.display());
    for target in &targets {
        text.push_str(&format!("  {} ({}): {}\n", target.name, target.kind, target.why));
    }
    written.iter().for_each(|file| text.push_str(&format!("wrote {}\n", file.display())));
    text.push_str("next: `muster check`, and `muster doctor` for what the targets let us see\n");
    say(&text)?;
    Ok(exit::GOOD)
}

fn lay_out(
    folder: &Path,
    targets: &[Target],
    path: &Path,
    force: bool,
    written: &mut Vec<PathBuf>,
) -> Result<(), Problem> {
    let policies = folder.join("policies");
    let mut sources = libraries(targets);
    if Path::new(CERTIFICATES).is_dir() && !policies.join("letsencrypt-certificates.yaml").exists() {
        let glob = format!("{CERTIFICATES}/*/fullchain.pem");
        starter("letsencrypt-certificates", "certificate.file", Some(("glob", &glob)), &policies, written)?;
    }
    if sources.is_empty() && !has_policies(&policies) {
        starter("disk-space", "disk.usage", None, &policies, written)?;
    }
    if has_policies(&policies) {
        sources.insert(0, "policies/".to_owned());
    }
    let text = compose(targets, &sources);
    let mut diags = Vec::new();
    if project::decode(&Source::new("muster.yaml", text.as_str()), folder, &mut diags).is_none() {
        note("what was found here does not make a project that can be used; this is a fault of muster");
        return Err(Problem::new(diags));
    }
    if force { write_file(path, &text) } else { write_new(path, &text) }
}

fn starter(
    id: &str,
    probe: &str,
    with: Option<(&str, &str)>,
    folder: &Path,
    written: &mut Vec<PathBuf>,
) -> Result<(), Problem> {
    if let Some(probe) = catalogue::find(probe) {
        written.extend(new::write(
            &Wanted { id, probe, kind: "host", alert: false, owner: None, with },
            folder,
        )?);
    }
    Ok(())
}

/// Is there a policy in the folder?
fn has_policies(folder: &Path) -> bool {
    let files = walkdir::WalkDir::new(folder).into_iter().flatten();
    let names = files
        .filter(|file| file.file_type().is_file())
        .map(|file| file.file_name().to_string_lossy().into_owned());
    let yaml = |name: &String| name.ends_with(".yaml") || name.ends_with(".yml");
    names.into_iter().any(|name| yaml(&name) && !name.contains(".cases.") && name != "muster.yaml")
}

/// Libraries with a policy that one of the targets fits.
fn libraries(targets: &[Target]) -> Vec<String> {
    let fits = |area: &&str| {
        let loaded = load(&[(Origin::Builtin(Arc::from(*area)), None)], None, false);
        loaded.policies.iter().any(|policy| {
            let selector = &policy.target;
            selector.name.is_none()
                && selector.labels.is_empty()
                && targets.iter().any(|target| selector.has(target.kind))
        })
    };
    library::areas().into_iter().filter(fits).map(|area| format!("builtin:{area}")).collect()
}

fn targets(folder: &Path) -> Vec<Target> {
    let host = Target {
        name: "this-host".to_owned(),
        kind: "host",
        why: "the machine that muster runs on".to_owned(),
        lines: Vec::new(),
    };
    let mut targets = vec![host];
    targets.extend(postgres());
    let mut taken: BTreeSet<String> = targets.iter().map(|target| target.name.clone()).collect();
    for file in sqlite_files(folder) {
        let name = free_name(&file, &mut taken);
        let why = format!("the SQLite file {file}");
        targets.push(Target { name, kind: "sqlite", why, lines: vec![format!("path: {}", scalar(&file))] });
    }
    targets
}

/// The server of the usual variables, or the one of this machine.
fn postgres() -> Option<Target> {
    let (host, user) = (variable("PGHOST"), variable("PGUSER"));
    let named = host.is_some() || user.is_some();
    let port = variable("PGPORT").and_then(|port| port.parse().ok()).unwrap_or(5432);
    if !named && !listens(port) {
        return None;
    }
    let user = user.or_else(|| variable("USER")).unwrap_or_else(|| "postgres".to_owned());
    let database = variable("PGDATABASE").unwrap_or_else(|| user.clone());
    let url = address(host.as_deref().unwrap_or("localhost"), port, &user, &database)?;
    let why = if named { "named by PGHOST, PGUSER" } else { "a server listens on this machine" };
    let mut lines = vec![format!("url: {}", scalar(url.as_str()))];
    if variable("PGPASSWORD").is_some() {
        lines.push("password: { env: PGPASSWORD }".to_owned());
    }
    Some(Target { name: "postgres".to_owned(), kind: "postgres", why: why.to_owned(), lines })
}

fn address(host: &str, port: u16, user: &str, database: &str) -> Option<Url> {
    // A folder is where the server's socket is.
    let host = if host.starts_with('/') { host.replace('/', "%2F") } else { host.to_owned() };
    let host = if host.contains(':') { format!("[{host}]") } else { host };
    let mut url = Url::parse(&format!("postgres://{host}:{port}")).ok()?;
    url.set_username(user).ok()?;
    url.set_path(database);
    project::address("postgres", url.as_str()).ok()
}

fn listens(port: u16) -> bool {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    TcpStream::connect_timeout(&address, Duration::from_millis(300)).is_ok()
}

/// Files of the folder that are SQLite by their name and their first bytes.
fn sqlite_files(folder: &Path) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let ends = |path: &PathBuf| {
        path.extension().is_some_and(|end| ["db", "sqlite", "sqlite3"].iter().any(|known| end == *known))
    };
    let paths = entries.flatten().map(|entry| entry.path()).filter(|path| ends(path) && is_sqlite(path));
    let mut names: Vec<String> =
        paths.filter_map(|path| Some(path.file_name()?.to_str()?.to_owned())).collect();
    names.sort();
    names.truncate(MOST);
    names
}

fn is_sqlite(path: &Path) -> bool {
    use std::io::Read;
    let regular = std::fs::metadata(path).is_ok_and(|meta| meta.is_file());
    let mut head = [0; 16];
    regular
        && std::fs::File::open(path).and_then(|mut file| file.read_exact(&mut head)).is_ok()
        && head == *b"SQLite format 3\0"
}

/// A legal name of a target that no other has.
fn free_name(file: &str, taken: &mut BTreeSet<String>) -> String {
    let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem).to_lowercase();
    let legal: String = stem
        .chars()
        .map(|c| if c.is_ascii_lowercase() || c.is_ascii_digit() { c } else { '-' })
        .take(60)
        .collect();
    let base = legal.trim_matches('-');
    let base = if base.is_empty() { "sqlite" } else { base };
    let numbered = (2..).map(|number| format!("{base}-{number}"));
    let name = [base.to_owned()].into_iter().chain(numbered).find(|name| !taken.contains(name));
    let name = name.unwrap_or_else(|| base.to_owned());
    taken.insert(name.clone());
    name
}

fn compose(targets: &[Target], sources: &[String]) -> String {
    let mut text = HEAD.to_owned();
    sources.iter().for_each(|source| {
        text.push_str(&format!(
            "  - {}\n",
            if source.contains(':') { source.clone() } else { scalar(source) }
        ));
    });
    text.push_str(TARGETS);
    for target in targets {
        text.push_str(&format!(
            "  {}:  # {}\n    type: {}\n",
            target.name,
            target.why.replace(char::is_control, "?"),
            target.kind
        ));
        target.lines.iter().for_each(|line| text.push_str(&format!("    {line}\n")));
    }
    text + TAIL
}

const HEAD: &str = "\
# What muster checks, where, and who answers for it.
# `muster explain WORD` explains every word, `muster schema project` is the schema of this file.
muster: 1

# Who answers for a policy that names nobody.
owner: operations

# Folders and files with policies, and libraries that come with muster (`muster list libraries`).
policies:
";

const TARGETS: &str = "
# The systems. A secret is only ever a reference: { env: NAME }, { file: PATH } or { command: [..] }.
targets:
";

const TAIL: &str = "
# What an auditor asks: `muster list controls` shows which of these questions no policy answers yet.
frameworks: [builtin:playbook]

# Labels that targets may have; policies, environments and overrides select by them.
# labels: { env: [staging, prod], role: [primary, replica] }
# environments: { ci: { targets: { env: staging }, fail_on: unknown } }

# Where the notice of an alert goes, by owner and urgency.
# owners: { operations: { page: '#oncall', ticket: OPS } }

# Other values for the parameters of policies, and dated exceptions (`muster waive` adds them).
# overrides:
#   - { policy: disk-space, target: this-host, set: { fail_at: 95% }, why: the disk is small }
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_those_of_the_client() {
        let shown = |host, user| address(host, 5432, user, "shop").map(|url| url.to_string());
        assert_eq!(
            shown("db.internal", "watcher").as_deref(),
            Some("postgres://watcher@db.internal:5432/shop")
        );
        assert_eq!(shown("::1", "w@x").as_deref(), Some("postgres://w%40x@[::1]:5432/shop"));
        assert_eq!(shown("/run/pg", "w").as_deref(), Some("postgres://w@%2Frun%2Fpg:5432/shop"));
    }

    #[test]
    fn names_are_legal_and_free() {
        let mut taken = BTreeSet::from(["shop".to_owned()]);
        assert_eq!(free_name("Shop.db", &mut taken), "shop-2");
        assert_eq!(free_name("Ä b.sqlite", &mut taken), "b");
        assert_eq!(free_name("..db", &mut taken), "sqlite");
    }
}
