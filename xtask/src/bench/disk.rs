//! Measures reading history: the report straight from disk, imports, the
//! store, and queries by the command line.

use super::dashcam::Dashcam;
use super::figures::{Report, Unit};
use super::history::History;
use super::measure::{median, median_seconds, run};
use std::path::Path;
use walkdir::WalkDir;

pub(super) const FROM_DISK: &str = "usage report straight from the transcripts";
pub(super) const IMPORT: &str = "import, sessions browsable";
pub(super) const SEARCHABLE: &str = "import, search complete";
pub(super) const AGAIN: &str = "import again, nothing changed";
pub(super) const STORE_SIZE: &str = "store against transcripts, search included";
pub(super) const PEAK: &str = "peak memory of the import";
pub(super) const LIST: &str = "list of sessions, command line";
pub(super) const USAGE: &str = "usage by day, command line";
pub(super) const SEARCH: &str = "search for a word, command line";

/// How often a command that takes milliseconds is run.
const QUICK_RUNS: usize = 11;

/// Measures everything that needs no server.
pub(super) fn measure(
    dashcam: &Dashcam,
    history: &History,
    runs: usize,
    report: &mut Report,
) -> anyhow::Result<()> {
    let megabytes = history.megabytes();
    let seconds = median_seconds(runs, || dashcam.command(&["usage", "--from-disk"]))?;
    report.figure(
        FROM_DISK,
        "≥ 1,000 MB/s",
        Unit::MegabytesPerSecond,
        megabytes / seconds,
    );

    let mut browsable = Vec::new();
    for _ in 0..runs {
        dashcam.forget()?;
        browsable.push(run(&mut dashcam.command(&["import", "--no-index"]))?.seconds);
    }
    report.figure(
        IMPORT,
        "≥ 300 MB/s",
        Unit::MegabytesPerSecond,
        megabytes / median(&mut browsable),
    );

    let mut complete = Vec::new();
    let mut peak = 0;
    for _ in 0..runs {
        dashcam.forget()?;
        let measured = run(&mut dashcam.command(&["import"]))?;
        complete.push(measured.seconds);
        peak = peak.max(measured.peak_bytes.unwrap_or(0));
    }
    report.figure(
        SEARCHABLE,
        "≥ 60 MB/s",
        Unit::MegabytesPerSecond,
        megabytes / median(&mut complete),
    );
    report.figure(PEAK, "≤ 200 MB", Unit::Megabytes, peak as f64 / 1e6);
    report.figure(
        STORE_SIZE,
        "≤ 0.40 ×",
        Unit::Ratio,
        size_of(dashcam.data()) as f64 / history.manifest.bytes as f64,
    );

    let seconds = median_seconds(runs.max(5), || dashcam.command(&["import"]))?;
    report.figure(AGAIN, "≤ 100 ms", Unit::Milliseconds, seconds * 1e3);
    for (what, arguments) in [
        (LIST, &["sessions"] as &[&str]),
        (USAGE, &["usage"]),
        (SEARCH, &["search", "timeout"]),
    ] {
        let seconds = median_seconds(QUICK_RUNS, || dashcam.command(arguments))?;
        report.figure(what, "≤ 30 ms", Unit::Milliseconds, seconds * 1e3);
    }
    Ok(())
}

/// The bytes of all files below a folder.
pub(super) fn size_of(folder: &Path) -> u64 {
    let files = WalkDir::new(folder).into_iter().filter_map(Result::ok);
    files
        .filter_map(|entry| entry.metadata().ok())
        .filter(std::fs::Metadata::is_file)
        .map(|file| file.len())
        .sum()
}
