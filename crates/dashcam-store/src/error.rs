//! What can go wrong with the store, in words that say what to do.

use dashcam_trace::SessionId;
use std::io;
use std::path::{Path, PathBuf};

/// The store could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The store was written by a newer dashcam.
    #[error(
        "{path}: written by a newer dashcam (layout {found}, this one knows up to {known}): update dashcam, or name another data folder"
    )]
    Newer {
        /// The store's file.
        path: PathBuf,
        /// Its layout.
        found: u32,
        /// The latest layout that this version knows.
        known: u32,
    },
    /// The file is no dashcam store.
    #[error("{path}: is not a dashcam store: move it away, or name another data folder")]
    NotAStore {
        /// The file.
        path: PathBuf,
    },
    /// There is no store yet.
    #[error("{path}: nothing is recorded yet: run `dashcam import` or `dashcam up` first")]
    Missing {
        /// The file that is not there.
        path: PathBuf,
    },
    /// The store may not be written.
    #[error("{path}: cannot be written: check the permissions of the data folder")]
    ReadOnly {
        /// The store's file.
        path: PathBuf,
    },
    /// The disk is full.
    #[error("{path}: no room left on the disk: nothing is lost, free some space and try again")]
    DiskFull {
        /// The store's file.
        path: PathBuf,
    },
    /// Another process kept the store to itself for too long.
    #[error("{path}: in use by another process for too long: try again when it has ended")]
    Busy {
        /// The store's file.
        path: PathBuf,
    },
    /// The data folder cannot be used.
    #[error("{path}: {source}: check the permissions of the data folder, or name another one")]
    Folder {
        /// The file or folder.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// Another import is running.
    #[error("another import is running{}: wait for it to end", process(*.pid))]
    ImportRunning {
        /// The process that imports, where it is known.
        pid: Option<u32>,
    },
    /// No session has this name.
    #[error("no session `{name}`: `dashcam sessions` lists them")]
    NoSession {
        /// What was asked for.
        name: String,
    },
    /// Several sessions have names that begin like this.
    #[error("`{name}` may be any of {}: give more of the id", list(.candidates))]
    Ambiguous {
        /// What was asked for.
        name: String,
        /// Some of those that it may be.
        candidates: Vec<SessionId>,
    },
    /// No time zone has this name.
    #[error("unknown time zone `{0}`: give an IANA name such as Europe/Berlin")]
    TimeZone(String),
    /// What was asked for cannot be searched for.
    #[error("nothing to search for in `{0}`: give at least one word with a letter or digit")]
    EmptySearch(String),
    /// The store's content is not what it should be.
    #[error("{path}: damaged at {what} ({message}): `dashcam reindex` decodes everything anew")]
    Damaged {
        /// The store's file.
        path: PathBuf,
        /// Which piece.
        what: String,
        /// What is wrong.
        message: String,
    },
    /// The sessions at hand were made from an older state of the store.
    #[error("session {session} was changed by another process meanwhile: import again")]
    Outdated {
        /// The session.
        session: SessionId,
    },
    /// `SQLite` failed in a way that nothing above describes.
    #[error("{path}: {source}")]
    Sqlite {
        /// The store's file.
        path: PathBuf,
        /// What it said.
        source: rusqlite::Error,
    },
}

fn process(pid: Option<u32>) -> String {
    pid.map(|pid| format!(" in process {pid}"))
        .unwrap_or_default()
}

fn list(candidates: &[SessionId]) -> String {
    let ids: Vec<String> = candidates
        .iter()
        .map(|id| id.to_string()[..12].to_owned())
        .collect();
    ids.join(", ")
}

impl StoreError {
    /// What an error of `SQLite` means to the user.
    pub(crate) fn sqlite(path: &Path, source: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode;
        let path = path.to_owned();
        match source.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::DiskFull { path },
            Some(ErrorCode::ReadOnly) => Self::ReadOnly { path },
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy { path },
            Some(ErrorCode::NotADatabase) => Self::NotAStore { path },
            Some(ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => Self::Folder {
                source: io::Error::new(io::ErrorKind::PermissionDenied, source.to_string()),
                path,
            },
            Some(ErrorCode::DatabaseCorrupt) => Self::Damaged {
                path,
                what: "its pages".to_owned(),
                message: source.to_string(),
            },
            _ => Self::Sqlite { path, source },
        }
    }
}
