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
/// input holds what the harness tells. `--data-dir DIR` among them names the
/// data folder. From here on, a panic ends the process in silence and with
/// success.
pub fn run(arguments: impl IntoIterator<Item = OsString>) {
    // What a panic says would stand in the agent's terminal.
    std::panic::set_hook(Box::new(|_| std::process::exit(0)));
    let until = Instant::now() + LIMIT;
    let now = SystemTime::now();
    let Arguments { data_dir, words } = Arguments::read(arguments);
    let mut words = words.into_iter();
    let (Some(harness), Some(event)) = (words.next(), words.next()) else {
        return;
    };
    let Some(data_dir) = data_dir.or_else(usual_data_dir) else {
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

/// What a hook is called with.
#[derive(Debug, Default, PartialEq, Eq)]
struct Arguments {
    data_dir: Option<PathBuf>,
    words: Vec<String>,
}

impl Arguments {
    fn read(arguments: impl IntoIterator<Item = OsString>) -> Self {
        let mut read = Self::default();
        let mut arguments = arguments.into_iter();
        while let Some(argument) = arguments.next() {
            if argument == "--data-dir" {
                read.data_dir = arguments.next().map(PathBuf::from);
                continue;
            }
            let word = argument.to_string_lossy();
            match word.strip_prefix("--data-dir=") {
                Some(folder) => read.data_dir = Some(folder.into()),
                None => read.words.push(word.into_owned()),
            }
        }
        read.data_dir = read
            .data_dir
            .filter(|folder| !folder.as_os_str().is_empty());
        read
    }
}

/// The data folder that the environment names, or the platform's.
fn usual_data_dir() -> Option<PathBuf> {
    std::env::var_os("DASHCAM_DATA_DIR")
        .filter(|folder| !folder.is_empty())
        .map(PathBuf::from)
        .or_else(dashcam_spool::data_dir)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_data_folder_may_stand_anywhere() {
        let read = |words: &[&str]| Arguments::read(words.iter().map(OsString::from));
        let expected = Arguments {
            data_dir: Some("/d e".into()),
            words: vec!["omp".to_owned(), "agent_end".to_owned()],
        };
        for words in [
            ["--data-dir", "/d e", "omp", "agent_end"],
            ["omp", "--data-dir", "/d e", "agent_end"],
            ["omp", "agent_end", "--data-dir", "/d e"],
        ] {
            assert_eq!(read(&words), expected);
        }
        assert_eq!(read(&["--data-dir=/d e", "omp", "agent_end"]), expected);
        assert_eq!(read(&["omp", "agent_end", "--data-dir"]).data_dir, None);
        assert_eq!(read(&["omp", "--data-dir=", "agent_end"]).data_dir, None);
    }
}
