//! `dashcam import`: history into the store.

use super::{print_json, progress, say};
use crate::context::Context;
use clap::Args;
use dashcam_harness::HarnessReader;
use dashcam_recorder::{ImportReport, Importer};
use dashcam_store::{Store, Wait};
use dashcam_trace::Harness;

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Only these harnesses [default: all]
    #[arg(value_name = "HARNESS")]
    harness: Vec<Harness>,
    /// Leave the search index to catch up later
    #[arg(long)]
    no_index: bool,
}

pub(crate) fn run(context: &Context, options: &Options) -> anyhow::Result<()> {
    let store = context.store()?;
    let home = context.home()?;
    let config = context.config()?;
    // The price table takes a moment to load; files are looked for meanwhile.
    let prices = std::thread::spawn(move || config.prices());
    let _lock = lock(context, &store)?;
    let prices = prices
        .join()
        .map_err(|_| anyhow::anyhow!("loading the prices failed"))??;
    let readers = readers(&options.harness);
    let bar = progress::Bar::new(context);
    let importer = Importer::new(&store, &prices, &home, &readers);
    let mut report = importer.import(&bar)?;
    if !options.no_index {
        report.indexed_bytes = importer.index(&bar)?;
    }
    bar.finish();
    tell(context, &report)
}

/// Waits for another import to end, saying so.
pub(super) fn lock(context: &Context, store: &Store) -> anyhow::Result<dashcam_store::ImportLock> {
    let on_wait = || {
        say(
            context,
            "another dashcam is importing: waiting for it to end",
        );
    };
    Ok(store.import_lock(Wait::PATIENT, on_wait)?)
}

fn readers(chosen: &[Harness]) -> Vec<&'static dyn HarnessReader> {
    dashcam_harness::all()
        .into_iter()
        .filter(|reader| chosen.is_empty() || chosen.contains(&reader.harness()))
        .collect()
}

/// What an import did, on standard output as JSON or in words.
pub(super) fn tell(context: &Context, report: &ImportReport) -> anyhow::Result<()> {
    if context.global.json {
        return print_json(report);
    }
    say(context, &progress::summary(report));
    if report.left_out > 0 {
        say(
            context,
            &format!(
                "{} sessions are of projects that are left out: `dashcam doctor` tells by which rule",
                crate::table::grouped(report.left_out)
            ),
        );
    }
    if report.problems > 0 {
        say(
            context,
            &format!(
                "{} lines could not be read as they should: `dashcam doctor` tells which",
                crate::table::grouped(report.problems)
            ),
        );
    }
    let listed = if context.global.verbose {
        usize::MAX
    } else {
        5
    };
    for trouble in report.unreadable.iter().take(listed) {
        say(
            context,
            &format!("skipped {}: {}", trouble.path, trouble.message),
        );
    }
    let more = report.unreadable.len().saturating_sub(listed);
    if more > 0 {
        say(context, &format!("… and {more} more: -v lists all"));
    }
    Ok(())
}
