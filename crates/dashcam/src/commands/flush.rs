//! `dashcam flush`: takes in what has happened since, and ends.
//!
//! A hook starts it at the end of a turn when `dashcam up` does not watch. It
//! works alone: a second one ends at once, since the first looks again when it
//! is done.

use crate::context::Context;
use dashcam_recorder::Importer;
use dashcam_spool::{FLUSH_LOCK, spool_dir};
use dashcam_store::Wait;
use std::fs::{File, OpenOptions, TryLockError};
use std::path::Path;
use std::time::{Duration, SystemTime};

/// How long a flush waits for another import.
const LOCK_WAIT: Duration = Duration::from_mins(10);
/// The most rounds of one flush, should agents never rest.
const MOST_ROUNDS: usize = 100;

pub(crate) fn run(context: &Context) -> anyhow::Result<()> {
    // The agent's terminal may close at any moment.
    #[cfg(unix)]
    let _ = rustix::process::setsid();
    let store = context.store()?;
    let Some(_lock) = lock(&context.data_dir().join(FLUSH_LOCK))? else {
        return Ok(());
    };
    let prices = context.prices()?;
    let home = context.home()?;
    let readers = dashcam_harness::all();
    let spool = spool_dir(context.data_dir());
    for _ in 0..MOST_ROUNDS {
        let before = last_written(&spool);
        let importer = Importer::new(&store, &prices, &home, &readers);
        let import = store.import_lock(Wait::UpTo(LOCK_WAIT), || {})?;
        importer.import(&dashcam_recorder::NoProgress)?;
        importer.index(&dashcam_recorder::NoProgress)?;
        drop(import);
        // A hook that came meanwhile found the lock held, and left it to us.
        if last_written(&spool) == before {
            break;
        }
    }
    Ok(())
}

/// The lock, unless another flush holds it.
fn lock(path: &Path) -> anyhow::Result<Option<File>> {
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error.into()),
    }
}

/// When a hook last left something, and how much there is.
fn last_written(spool: &Path) -> Option<(SystemTime, u64)> {
    let segments = std::fs::read_dir(spool).ok()?;
    segments
        .flatten()
        .filter_map(|entry| {
            let metadata = entry.metadata().ok()?;
            Some((metadata.modified().ok()?, metadata.len()))
        })
        .max()
}
