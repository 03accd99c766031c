//! What tells one state of a database from another without opening it.

use crate::discover::Stamp;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

/// The state of a database: its file, and its write-ahead log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct DatabaseStamp {
    /// The file.
    pub(crate) file: Stamp,
    /// The log; nothing but zeros where there is none.
    pub(crate) log: Stamp,
}

impl DatabaseStamp {
    /// The state of a database now.
    pub(crate) fn of(path: &Path) -> io::Result<Self> {
        let file = Stamp::of(&std::fs::metadata(path)?);
        let log = match std::fs::metadata(log_of(path)) {
            Ok(metadata) => Stamp::of(&metadata),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Stamp::default(),
            Err(error) => return Err(error),
        };
        Ok(Self { file, log })
    }

    /// One number for the state of the log. An empty one, which comes and
    /// goes with every look at the database, is as good as none.
    pub(crate) fn log_number(&self) -> u64 {
        if self.log.size == 0 {
            return 0;
        }
        self.log.size.rotate_left(40) ^ self.log.modified_ns as u64
    }
}

/// Where a database keeps its write-ahead log.
pub(crate) fn log_of(database: &Path) -> PathBuf {
    let mut path = OsString::from(database);
    path.push("-wal");
    PathBuf::from(path)
}

/// The database that a changed file belongs to: itself, or the one whose log
/// it is.
pub(crate) fn database_at(path: &Path) -> PathBuf {
    let name = path.to_str().and_then(|path| path.strip_suffix("-wal"));
    name.map_or_else(|| path.to_owned(), PathBuf::from)
}
