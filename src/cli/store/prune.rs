//! `muster store prune`: forgets old runs.

use std::time::Duration;

use clap::Args;
use jiff::{SignedDuration, Timestamp};

use crate::cli::exit;
use crate::cli::memory::{unusable, wait, waiting};
use crate::cli::memory_keep::keeping;
use crate::cli::memory_shared::{self, Place, away};
use crate::cli::output::{Done, Problem, say};
use crate::fact::{parse_time, timestamp};
use crate::policy::project::Keep;
use crate::store::Store;

use super::Which;

/// Forgets old runs, by the `keep` of the project or as said here
#[derive(Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    which: Which,
    /// Those that began before this time
    #[arg(long, value_name = "TIME", conflicts_with = "keep")]
    before: Option<String>,
    /// Those that are older
    #[arg(long, value_name = "DURATION", value_parser = crate::cli::check::duration)]
    keep: Option<Duration>,
    /// Only say how many
    #[arg(long)]
    dry_run: bool,
}

pub(super) fn run(arguments: &Arguments) -> Done {
    let (_, place) = arguments.which.place()?;
    if let (None, None, Some(keep)) = (&arguments.before, arguments.keep, &place.keep)
        && !keep.tiers.is_empty()
    {
        return by_tier(arguments, &place, keep);
    }
    let before = before(arguments, place.keep.as_ref().map(|keep| keep.rest))?;
    let (gone, left) = match &place.shared {
        Some(shared) => {
            let runtime = waiting().map_err(|error| unusable(&error))?;
            let work = async {
                let all = shared.extent().await?.runs;
                let gone = if arguments.dry_run {
                    shared.older(before).await?
                } else {
                    shared.prune(before, true).await?
                };
                Ok((gone, all.saturating_sub(gone)))
            };
            runtime.block_on(work).map_err(|error| away(&error))?
        }
        None if !crate::store::is_there(&place.path).map_err(|error| unusable(&error))? => (0, 0),
        None => local(arguments, &place.path, before)?,
    };
    told(arguments, (gone, left), &format!("from before {before} "))
}

/// By the tiers of what runs judged, which the store of this machine knows.
fn by_tier(arguments: &Arguments, place: &Place, keep: &Keep) -> Done {
    if let Some(shared) = &place.shared
        && let Some(gap) = memory_shared::catch_up(shared)?
    {
        return Err(away(&gap.why));
    }
    if !crate::store::is_there(&place.path).map_err(|error| unusable(&error))? {
        return told(arguments, (0, 0), "");
    }
    let done = wait(async {
        let store = Store::open(&place.path).await?;
        let done = async {
            let all = store.runs(u32::MAX).await?.len();
            let old = store.outlived(&keeping(keep), Timestamp::now()).await?;
            Ok((old, all))
        }
        .await;
        store.close().await;
        done
    });
    let (old, all) = done.map_err(|error| unusable(&error))?;
    let (gone, left) = (count(old.len()), count(all - old.len()));
    if let Some(shared) = place.shared.as_ref().filter(|_| !arguments.dry_run) {
        let runtime = waiting().map_err(|error| unusable(&error))?;
        runtime.block_on(shared.forget(old.clone())).map_err(|error| away(&error))?;
    }
    if !arguments.dry_run {
        let forgot = wait(async {
            let store = Store::open(&place.path).await?;
            let forgot = store.forget(&old).await;
            store.close().await;
            forgot
        });
        forgot.map_err(|error| unusable(&error))?;
    }
    told(arguments, (gone, left), "that are older than their tiers are kept ")
}

fn told(arguments: &Arguments, (gone, left): (u64, u64), which: &str) -> Done {
    let would = if arguments.dry_run { "would be forgotten" } else { "forgotten" };
    say(&format!("{gone} runs {which}{would}, {left} are left\n"))?;
    Ok(if gone + left == 0 { exit::NOTHING } else { exit::GOOD })
}

fn count(many: usize) -> u64 {
    u64::try_from(many).unwrap_or(u64::MAX)
}

fn local(arguments: &Arguments, path: &std::path::Path, before: Timestamp) -> Result<(u64, u64), Problem> {
    let pruned = wait(async {
        let store = Store::open(path).await?;
        let done = async {
            let runs = store.runs(u32::MAX).await?;
            let old = runs.iter().filter(|run| run.started < before).count();
            if !arguments.dry_run {
                store.prune(before).await?;
            }
            Ok((old, runs.len() - old))
        }
        .await;
        store.close().await;
        done
    });
    let (gone, left) = pruned.map_err(|error| unusable(&error))?;
    Ok((count(gone), count(left)))
}

fn before(arguments: &Arguments, keep: Option<Duration>) -> Result<Timestamp, Problem> {
    if let Some(text) = &arguments.before {
        return parse_time(text).and_then(timestamp).ok_or_else(|| {
            Problem::usage(
                format!("`--before {text}` is not a time"),
                "write for example `2026-11-01T00:00:00Z`",
            )
        });
    }
    let keep = arguments.keep.or(keep).ok_or_else(|| {
        Problem::usage(
            "nothing says how long runs are kept",
            "write `--keep 400d`, or `store: { keep: 400d }` in muster.yaml",
        )
    })?;
    let keep = SignedDuration::try_from(keep).unwrap_or(SignedDuration::MAX);
    Ok(Timestamp::now().checked_sub(keep).unwrap_or(Timestamp::MIN))
}
