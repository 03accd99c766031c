//! What can go wrong, in words that say what to do.

use std::path::PathBuf;

/// Why a settings file was left as it is.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file is not what its harness could read either.
    #[error(
        "{path}:{line}:{column}: {message}; nothing was written: mend the file and connect again",
        path = path.display()
    )]
    Broken {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The column in characters, from 1.
        column: usize,
        /// What is wrong there.
        message: String,
    },
    /// A setting has a shape that hooks cannot be added to.
    #[error(
        "{path}:{line}:{column}: `{setting}` is not {expected}; nothing was written: mend the file and connect again",
        path = path.display()
    )]
    Shape {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The column in characters, from 1.
        column: usize,
        /// Which setting.
        setting: String,
        /// What it has to be.
        expected: &'static str,
    },
    /// The person protected the file.
    #[error("{path} is read-only; nothing was written: allow writing and connect again", path = .0.display())]
    ReadOnly(PathBuf),
    /// Somebody else wrote the file between reading and writing.
    #[error("{path} changed meanwhile; nothing was written: run the command again", path = .0.display())]
    Changed(PathBuf),
    /// A file of somebody else's stands where ours would.
    #[error("{path} is not dashcam's; nothing was written: move it away and connect again", path = .0.display())]
    NotOurs(PathBuf),
    /// The edit would have changed more than it should. Nothing is written then.
    #[error("cannot edit {path} without touching more than our own entries; nothing was written", path = .0.display())]
    Unsafe(PathBuf),
    /// The record of what was connected cannot be read.
    #[error("cannot read {path}, the record of what is connected: {message}", path = path.display())]
    Manifest {
        /// The record.
        path: PathBuf,
        /// What is wrong with it.
        message: String,
    },
    /// A file could not be read or written.
    #[error("cannot {doing} {path}", path = path.display())]
    File {
        /// Which of both.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

impl Error {
    /// A failed operation on a file.
    pub(crate) fn file(
        doing: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::File {
            doing,
            path,
            source,
        }
    }
}

/// Line and column, both from 1, of a byte in a text.
pub(crate) fn position(text: &str, byte: usize) -> (usize, usize) {
    let before = text.get(..byte).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
    (line, before[line_start..].chars().count() + 1)
}

/// A file's text without its byte order mark, and whether it has one.
pub(crate) fn decode(path: &std::path::Path, bytes: &[u8]) -> Result<(String, bool), Error> {
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(problem) => {
            let valid = String::from_utf8_lossy(&bytes[..problem.valid_up_to()]);
            let (line, column) = position(&valid, valid.len());
            return Err(Error::Broken {
                path: path.to_owned(),
                line,
                column,
                message: "the file is not UTF-8".to_owned(),
            });
        }
    };
    Ok(match text.strip_prefix(BYTE_ORDER_MARK) {
        Some(rest) => (rest.to_owned(), true),
        None => (text.to_owned(), false),
    })
}

/// What some editors put before a text.
pub(crate) const BYTE_ORDER_MARK: char = '\u{feff}';
