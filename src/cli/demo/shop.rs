//! The shop: files, backups, certificates, logs, a database, and the project file.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use jiff::Timestamp;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use sqlx::{ConnectOptions, Connection};

use crate::fact::{Type, Value};

use super::server::Served;

/// The project file; `@PORT@` is that of the HTTPS server, `@DEAD@` one where nothing listens.
const PROJECT: &str = include_str!("muster.yaml");

const DAY: i64 = 86_400;

fn write(folder: &Path, name: &str, content: &[u8], age: Duration) -> Result<()> {
    let path = folder.join(name);
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    fs::write(&path, content).with_context(|| path.display().to_string())?;
    let then = std::time::SystemTime::from(Timestamp::now()) - age;
    fs::File::options().write(true).open(&path)?.set_modified(then)?;
    Ok(())
}

fn days(count: u64) -> Duration {
    Duration::from_hours(count * 24)
}

fn at(days_from_now: i64) -> Result<time::OffsetDateTime> {
    let seconds = Timestamp::now().as_second() + days_from_now * DAY;
    Ok(time::OffsetDateTime::from_unix_timestamp(seconds)?)
}

fn params(name: &str, from: i64, to: i64) -> Result<CertificateParams> {
    let mut params = CertificateParams::new(vec![name.to_owned()])?;
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = at(from)?;
    params.not_after = at(to)?;
    Ok(params)
}

/// Makes an authority and three certificates: the shop's ends in ten days, the API's has ended, the mail's is fine.
pub(super) fn certificates(folder: &Path) -> Result<Served> {
    let authority_key = KeyPair::generate()?;
    let mut authority = params("Shop Authority", -400, 3_000)?;
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority_pem = authority.self_signed(&authority_key)?.pem();
    write(folder, "certificates/authority.pem", authority_pem.as_bytes(), days(400))?;
    let issuer = Issuer::new(authority, authority_key);
    let mut served = None;
    for (file, name, from, to) in [
        ("shop", "localhost", -80, 10),
        ("api", "api.shop.test", -120, -3),
        ("mail", "mail.shop.test", -5, 200),
    ] {
        let key = KeyPair::generate()?;
        let certificate = params(name, from, to)?.signed_by(&key, &issuer)?;
        write(folder, &format!("certificates/{file}.pem"), certificate.pem().as_bytes(), days(5))?;
        if file == "shop" {
            let key = rustls::pki_types::PrivateKeyDer::try_from(key.serialize_der())
                .map_err(anyhow::Error::msg)?;
            served = Some(Served { chain: vec![certificate.der().clone()], key });
        }
    }
    served.context("the certificate of the shop was not made")
}

/// Fills the folder.
pub(super) fn build(folder: &Path, port: u16) -> Result<()> {
    for (age, size) in [(9, 81_920), (8, 82_944), (7, 84_992), (6, 86_016), (5, 88_064), (3, 412)] {
        let name = format!("backups/shop-{age:02}-days-old.dump");
        write(folder, &name, &vec![b'x'; size], days(age))?;
    }
    for number in 1..=5 {
        write(folder, &format!("uploads/invoice-{number}.pdf"), &vec![b'%'; 4_096 * number], days(20))?;
    }
    write(folder, "logs/shop.log", &vec![b'.'; 6 << 20], Duration::from_mins(1))?;
    write(folder, "logs/shop.log.1", &vec![b'.'; 7 << 20], days(1))?;
    write(folder, "secrets/payment.key", b"a key that everybody may read\n", days(300))?;
    open_to_all(&folder.join("secrets/payment.key"))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(database(&folder.join("shop.db")))?;
    let project = PROJECT.replace("@PORT@", &port.to_string()).replace("@DEAD@", &free_port()?.to_string());
    let expires = crate::fact::show(&Value::Int(Timestamp::now().as_second() / DAY + 90), &Type::Date);
    let project = project.replace("@EXPIRES@", &expires);
    write(
        folder,
        "muster.yaml",
        project.replace("@SHOP@", &folder.display().to_string()).as_bytes(),
        Duration::ZERO,
    )
}

/// A port where nothing listens.
fn free_port() -> Result<u16> {
    Ok(std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

fn open_to_all(path: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    Ok(fs::set_permissions(path, fs::Permissions::from_mode(0o644))?)
}

/// Orders and uploads; most orders were deleted and the space was never given back, ANALYZE never ran.
async fn database(path: &Path) -> Result<()> {
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path).create_if_missing(true);
    let mut connection = options.connect().await?;
    let statements = [
        "CREATE TABLE orders (id INTEGER PRIMARY KEY, customer TEXT NOT NULL, total INTEGER NOT NULL, note TEXT)",
        "CREATE TABLE uploads (id INTEGER PRIMARY KEY, path TEXT NOT NULL, size INTEGER NOT NULL)",
        "CREATE INDEX orders_customer ON orders (customer)",
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) \
         INSERT INTO orders SELECT i, 'customer ' || (i % 500), i * 7 % 900, hex(randomblob(60)) FROM n",
        "DELETE FROM orders WHERE id % 4 <> 0",
        "INSERT INTO uploads (path, size) VALUES ('uploads/invoice-1.pdf', 4096), ('uploads/invoice-2.pdf', 8192), ('uploads/invoice-9.pdf', 36864)",
    ];
    for statement in statements {
        sqlx::query(statement).execute(&mut connection).await?;
    }
    connection.close().await?;
    Ok(())
}
