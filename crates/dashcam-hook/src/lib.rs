//! What a hook does: takes in what the harness tells, leaves it in the spool,
//! and is gone.
//!
//! A harness waits for its hooks, and some deny a tool call or end a session
//! when one fails. So nothing here fails, prints, waits without a limit, or
//! opens anything but the spool: what cannot be kept is lost.

mod flush;
mod header;
mod input;
mod session;

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime};

/// How long a hook takes at the most, from its start.
const LIMIT: Duration = Duration::from_millis(45);

/// Keeps one event: the arguments are the harness and the event, standard
/// input holds what the harness tells. From here on, a panic ends the process
/// in silence and with success.
pub fn run(arguments: impl IntoIterator<Item = OsString>) {
    // What a panic says would stand in the agent's terminal.
    std::panic::set_hook(Box::new(|_| std::process::exit(0)));
    let until = Instant::now() + LIMIT;
    let now = SystemTime::now();
    let mut words = arguments
        .into_iter()
        .map(|word| word.to_string_lossy().into_owned());
    let (Some(harness), Some(event)) = (words.next(), words.next()) else {
        return;
    };
    let Some(data_dir) = data_dir() else {
        return;
    };
    let input = input::read(until);
    let header = header::header(now, &harness, &event, &input);
    let frame = dashcam_spool::encode(header.as_bytes(), &input.bytes);
    let kept = dashcam_spool::append(&data_dir, now, &frame).is_ok();
    if kept && flush::is_due(&event) {
        flush::start(&data_dir);
    }
}

/// The data folder: the one that is named, or the platform's.
fn data_dir() -> Option<PathBuf> {
    std::env::var_os("DASHCAM_DATA_DIR")
        .filter(|folder| !folder.is_empty())
        .map(PathBuf::from)
        .or_else(dashcam_spool::data_dir)
}
