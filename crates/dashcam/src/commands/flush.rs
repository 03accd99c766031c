//! `dashcam flush`: takes in what has happened since, sends what the targets
//! lack, and ends.
//!
//! A hook starts it at the end of a turn when `dashcam up` does not watch. It
//! works alone: a second one ends at once, since the first looks again when it
//! is done.

use crate::context::Context;
use crate::sending::{self, Configured};
use dashcam_recorder::Importer;
use dashcam_spool::{Lock, segments};
use dashcam_store::{Store, Wait};
use std::time::Duration;

/// How long the last lines of a turn may take to be written.
const LAST_LINES: Duration = Duration::from_secs(1);
/// The most rounds of one flush, should agents never rest.
const MOST_ROUNDS: usize = 100;

pub(crate) fn run(context: &Context) -> anyhow::Result<()> {
    // The agent's terminal may close at any moment.
    #[cfg(unix)]
    let _ = rustix::process::setsid();
    let store = context.store()?;
    let Some(_lock) = Lock::Flush.take(context.data_dir())? else {
        return Ok(());
    };
    take_in(context, &store)?;
    let source = Configured::of(context, Duration::ZERO)?;
    let targets = sending::targets(&store, &source)?;
    if !targets.is_empty() {
        // Harnesses write the end of a turn a moment after they tell of it.
        std::thread::sleep(LAST_LINES);
        take_in(context, &store)?;
        if let Some(_sending) = Lock::Sending.take(context.data_dir())? {
            sending::send(&store, &source, &targets)?;
        }
    }
    Ok(())
}

/// Imports until hooks tell nothing new any more.
fn take_in(context: &Context, store: &Store) -> anyhow::Result<()> {
    let prices = context.prices()?;
    let home = context.home()?;
    let readers = dashcam_harness::all();
    for _ in 0..MOST_ROUNDS {
        let before = segments(context.data_dir())?;
        let importer = Importer::new(store, &prices, &home, &readers);
        let import = store.import_lock(Wait::PATIENT, || {})?;
        importer.import(&dashcam_recorder::NoProgress)?;
        importer.index(&dashcam_recorder::NoProgress)?;
        drop(import);
        // A hook that came meanwhile found the lock held, and left it to us.
        if segments(context.data_dir())? == before {
            break;
        }
    }
    Ok(())
}
