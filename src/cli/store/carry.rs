//! `muster store export` and `muster store import`: runs as one file, from one store into another.

use std::fs::File;
use std::io::{BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use clap::Args;

use crate::cli::exit;
use crate::cli::memory::{unusable, wait, waiting};
use crate::cli::memory_shared::{Place, away};
use crate::cli::output::{Done, Problem, note, say};
use crate::store::{Carried, Carrier, CarryError, ExportError, Item, Kind, Shared, Store, proven};

use super::Which;

/// Writes all runs into one file
#[derive(Args)]
pub(super) struct Export {
    #[command(flatten)]
    which: Which,
    /// The file; `-` is standard output
    file: PathBuf,
}

/// Takes in the runs of files that `export` wrote; one that is there already is not taken twice
#[derive(Args)]
pub(super) struct Import {
    #[command(flatten)]
    which: Which,
    /// The files
    #[arg(required = true)]
    files: Vec<PathBuf>,
}

/// Items at once, and bytes of them.
const MOST: usize = 64;
const LARGEST: usize = 4 << 20;

pub(super) fn export(arguments: &Export) -> Done {
    let (_, place) = arguments.which.place()?;
    if place.shared.is_none() && !crate::store::is_there(&place.path).map_err(|error| unusable(&error))? {
        note(&format!("the store `{}` is not there yet", place.path.display()));
        return Ok(exit::NOTHING);
    }
    let runs = if arguments.file == Path::new("-") {
        written(&place, std::io::stdout().lock())?.1
    } else {
        let folder = arguments.file.parent().filter(|folder| !folder.as_os_str().is_empty());
        let half = tempfile::NamedTempFile::new_in(folder.unwrap_or(Path::new(".")));
        let half = half.map_err(|error| unwritten(&arguments.file, &error))?;
        let (out, runs) = written(&place, BufWriter::new(half))?;
        let half = out.into_inner().map_err(|error| unwritten(&arguments.file, error.error()))?;
        let synced = half.as_file().sync_all();
        synced.map_err(|error| unwritten(&arguments.file, &error))?;
        half.persist(&arguments.file).map_err(|error| unwritten(&arguments.file, &error.error))?;
        runs
    };
    note(&format!("{runs} runs written"));
    Ok(if runs == 0 { exit::NOTHING } else { exit::GOOD })
}

fn unwritten(file: &Path, error: &std::io::Error) -> Problem {
    Problem::usage(format!("`{}` cannot be written: {error}", file.display()), "nothing was written there")
}

fn written<W: Write>(place: &Place, out: W) -> Result<(W, u64), Problem> {
    let runtime = waiting().map_err(|error| unusable(&error))?;
    let mut runs = 0;
    let done: Result<W, ExportError> = runtime.block_on(async {
        let mut carrier = Carrier::new(out)?;
        let mut take = |item: &Item| {
            runs += u64::from(item.kind == Kind::Run);
            carrier.add(item)
        };
        if let Some(shared) = &place.shared {
            shared.export(&mut take).await?;
        } else {
            let store = Store::open(&place.path).await?;
            let exported = store.export(&mut take).await;
            store.close().await;
            exported?;
        }
        Ok(carrier.finish()?)
    });
    match done {
        Ok(out) => Ok((out, runs)),
        Err(ExportError::Out(error)) => Err(Problem::usage(
            format!("the runs cannot be written: {error}"),
            "the file is not complete; free space or choose another place",
        )),
        Err(ExportError::Shared(error)) => Err(away(&error)),
        Err(ExportError::Store(error)) => Err(unusable(&error)),
    }
}

pub(super) fn import(arguments: &Import) -> Done {
    let (_, place) = arguments.which.place()?;
    // Nothing is taken in before all files were read to their ends.
    for file in &arguments.files {
        opened(file).and_then(proven).map_err(|error| unread(file, &error))?;
    }
    let (mut seen, mut new) = (0, 0);
    for file in &arguments.files {
        let mut carried = opened(file).and_then(Carried::new).map_err(|error| unread(file, &error))?;
        let mut ended = false;
        while !ended {
            let (mut items, mut bytes) = (Vec::new(), 0);
            while !ended && items.len() < MOST && bytes < LARGEST {
                match carried.item().map_err(|error| unread(file, &error))? {
                    Some(item) => {
                        bytes += item.body.len();
                        items.push(item);
                    }
                    None => ended = true,
                }
            }
            seen += items.iter().filter(|item| item.kind == Kind::Run).count();
            new += taken(&place, items)?;
        }
    }
    say(&format!(
        "{new} runs taken in, {} were there already\n",
        u64::try_from(seen).unwrap_or(0).saturating_sub(new)
    ))?;
    Ok(if seen == 0 { exit::NOTHING } else { exit::GOOD })
}

fn opened(file: &Path) -> Result<BufReader<File>, CarryError> {
    Ok(BufReader::new(File::open(file)?))
}

fn unread(file: &Path, error: &CarryError) -> Problem {
    let message = format!("`{}`: {error}", file.display());
    Problem::usage(
        message,
        "nothing was taken in; name files that `muster store export` wrote, as they were written",
    )
}

/// Takes items in, and returns how many runs were new.
fn taken(place: &Place, items: Vec<Item>) -> Result<u64, Problem> {
    match &place.shared {
        Some(shared) => into_log(shared, items),
        None => wait(async {
            let store = Store::open(&place.path).await?;
            let taken = store.import(&items).await;
            store.close().await;
            taken
        })
        .map_err(|error| unusable(&error)),
    }
}

fn into_log(shared: &Shared, items: Vec<Item>) -> Result<u64, Problem> {
    let runtime = waiting().map_err(|error| unusable(&error))?;
    runtime.block_on(shared.import(items)).map_err(|error| away(&error))
}
