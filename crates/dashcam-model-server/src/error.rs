//! What can go wrong before a server listens.

use std::io;
use std::path::PathBuf;

/// Why a server could not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServerError {
    /// A file could not be read or written.
    #[error("cannot access {path}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A scenario is not what this version understands.
    #[error("the scenario does not fit its form: {0}")]
    Scenario(#[from] serde_json::Error),
    /// A `match` or `capture` holds a pattern that is no regular expression.
    #[error("the scenario's pattern {pattern:?} is no regular expression")]
    Pattern {
        /// The pattern.
        pattern: String,
        /// Where it goes wrong.
        source: Box<regex::Error>,
    },
    /// A `--var` without an equals sign.
    #[error("{0:?} names no value: write name=value")]
    Variable(String),
    /// The address could not be listened on.
    #[error("cannot listen on 127.0.0.1:{port}")]
    Listen {
        /// The port that was asked for.
        port: u16,
        /// What the system said.
        source: io::Error,
    },
    /// The runtime could not be started.
    #[error("cannot start the server's runtime")]
    Runtime(#[source] io::Error),
}
