//! Locks by which processes see each other work.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::Path;

/// A file in the data folder that a process keeps locked while it works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lock {
    /// Held by `dashcam up` while it watches.
    Watching,
    /// Held by a flush.
    Flush,
    /// Held by the process that sends to targets.
    Sending,
}

impl Lock {
    /// Its file's name.
    pub const fn file_name(self) -> &'static str {
        match self {
            Self::Watching => "watching.lock",
            Self::Flush => "flush.lock",
            Self::Sending => "sending.lock",
        }
    }

    /// Takes the lock, until the file is closed or the process ends. `None`:
    /// another process holds it.
    pub fn take(self, data_dir: &Path) -> io::Result<Option<File>> {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(data_dir.join(self.file_name()))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(file)),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    /// Whether a process holds it. A lock that cannot be asked is free.
    pub fn is_held(self, data_dir: &Path) -> bool {
        let path = data_dir.join(self.file_name());
        let file = OpenOptions::new().read(true).open(path).ok();
        // It is given back when the file is closed.
        file.is_some_and(|file| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)))
    }
}
