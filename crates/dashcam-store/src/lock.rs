//! One import at a time, over all processes.

use crate::StoreError;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::Path;
use std::time::{Duration, Instant};

/// How often a waiting import looks whether the other one has ended.
const POLL: Duration = Duration::from_millis(50);

/// How long to wait for another import to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// Not at all.
    No,
    /// This long.
    UpTo(Duration),
}

impl Wait {
    /// As long as an import of any size takes.
    pub const PATIENT: Self = Self::UpTo(Duration::from_mins(10));
}

/// The right to import, until it is dropped or its process ends.
#[derive(Debug)]
pub struct ImportLock {
    _file: File,
}

impl ImportLock {
    /// Takes the lock. `on_wait` is called once if another import holds it.
    pub(crate) fn take(
        path: &Path,
        wait: Wait,
        on_wait: impl FnOnce(),
    ) -> Result<Self, StoreError> {
        let trouble = |source| StoreError::Folder {
            path: path.to_owned(),
            source,
        };
        let mut file = OpenOptions::new()
            .create(true)
            .read(true)
            .write(true)
            .truncate(false)
            .open(path)
            .map_err(trouble)?;
        let until = match wait {
            Wait::No => Instant::now(),
            Wait::UpTo(duration) => Instant::now() + duration,
        };
        let mut on_wait = Some(on_wait);
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::Error(source)) => return Err(trouble(source)),
                Err(TryLockError::WouldBlock) if Instant::now() >= until => {
                    return Err(StoreError::ImportRunning {
                        pid: holder(&mut file),
                    });
                }
                Err(TryLockError::WouldBlock) => {
                    if let Some(on_wait) = on_wait.take() {
                        on_wait();
                    }
                    std::thread::sleep(POLL.min(until.saturating_duration_since(Instant::now())));
                }
            }
        }
        // The lock is what counts; who holds it is only told to people.
        let _ = file
            .set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| write!(file, "{}", std::process::id()));
        Ok(Self { _file: file })
    }
}

fn holder(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.rewind().ok()?;
    file.take(16).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}
