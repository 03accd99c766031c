//! The reading end of the log: what is not in the store yet, in order.

use super::frame::{HEADER, Header};
use super::{EXTENSION, FOLDER};
use crate::{Store, StoreError};
use rusqlite::{OptionalExtension, Transaction, params};
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

/// One request that was kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// What the writer tagged it with.
    pub tag: u8,
    /// When it came, in nanoseconds since 1970.
    pub at_ns: i64,
    /// Its body, as it was received.
    pub body: Vec<u8>,
}

/// How far a segment was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TelemetryCursor {
    segment: String,
    bytes: u64,
}

/// Requests that follow one another in a segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadBatch {
    /// The requests.
    pub arrivals: Vec<Arrival>,
    /// Goes into the transaction that takes them into the store.
    pub cursor: TelemetryCursor,
}

impl Store {
    /// The next requests that the store does not have, about `most_bytes` of
    /// them; `None` when it has all. Segments that it has, and that nobody
    /// writes any more, are deleted on the way. Hold the import lock.
    pub fn next_telemetry(&self, most_bytes: usize) -> Result<Option<ReadBatch>, StoreError> {
        self.telemetry_after(None, most_bytes)
    }

    /// The requests behind a batch that is still being taken in.
    pub fn telemetry_after(
        &self,
        read: Option<&TelemetryCursor>,
        most_bytes: usize,
    ) -> Result<Option<ReadBatch>, StoreError> {
        let folder = self.folder().join(FOLDER);
        for path in segments(&folder)? {
            let trouble = |source| StoreError::Folder {
                path: path.clone(),
                source,
            };
            let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
                continue;
            };
            let under_way = match read {
                Some(read) if name < read.segment.as_str() => continue,
                Some(read) if name == read.segment => read.bytes,
                _ => 0,
            };
            let taken_in = self.telemetry_read(name)?;
            let from = taken_in.max(under_way);
            // Asked before reading: what is written in between is seen then.
            let is_closed = is_closed(&path);
            let (arrivals, bytes) = read_from(&path, from, most_bytes).map_err(trouble)?;
            if !arrivals.is_empty() {
                return Ok(Some(ReadBatch {
                    arrivals,
                    cursor: TelemetryCursor {
                        segment: name.to_owned(),
                        bytes,
                    },
                }));
            }
            if is_closed && from == taken_in {
                // Another process may have been first.
                let _ = fs::remove_file(&path);
                self.forget_segment(name)?;
            }
        }
        Ok(None)
    }

    fn telemetry_read(&self, segment: &str) -> Result<u64, StoreError> {
        let reader = self.reader()?;
        let bytes: Option<i64> = reader
            .prepare_cached("SELECT bytes FROM telemetry_read WHERE segment = ?1")
            .and_then(|mut statement| statement.query_row([segment], |row| row.get(0)).optional())
            .map_err(|error| self.error(error))?;
        Ok(bytes.unwrap_or_default() as u64)
    }

    fn forget_segment(&self, segment: &str) -> Result<(), StoreError> {
        self.with_writer(|writer| {
            writer
                .connection
                .execute("DELETE FROM telemetry_read WHERE segment = ?1", [segment])
                .map_err(|error| self.error(error))
        })?;
        Ok(())
    }
}

/// Notes how far a segment is in the store.
pub(crate) fn write_cursor(
    transaction: &Transaction<'_>,
    cursor: &TelemetryCursor,
) -> rusqlite::Result<()> {
    transaction
        .prepare_cached(
            "INSERT INTO telemetry_read (segment, bytes) VALUES (?1, ?2)
             ON CONFLICT (segment) DO UPDATE SET bytes = ?2",
        )?
        .execute(params![cursor.segment, cursor.bytes as i64])?;
    Ok(())
}

/// The segments of a folder, the oldest first.
fn segments(folder: &Path) -> Result<Vec<PathBuf>, StoreError> {
    let trouble = |source| StoreError::Folder {
        path: folder.to_owned(),
        source,
    };
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(trouble)?,
    };
    let mut segments = Vec::new();
    for entry in entries {
        let path = entry.map_err(trouble)?.path();
        if path.extension().is_some_and(|found| found == EXTENSION) {
            segments.push(path);
        }
    }
    segments.sort();
    Ok(segments)
}

/// Whether nobody writes a segment any more: its writer's lock is gone.
fn is_closed(path: &Path) -> bool {
    File::open(path).is_ok_and(|file| file.try_lock_shared().is_ok())
}

/// The requests from a place on, and the place behind them. Stops at what is
/// not whole: it is being written, or its writer died there.
fn read_from(path: &Path, from: u64, most_bytes: usize) -> io::Result<(Vec<Arrival>, u64)> {
    let mut arrivals = Vec::new();
    let mut at = from;
    let mut taken = 0;
    let mut file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok((arrivals, at)),
        file => file?,
    };
    let mut left = file.metadata()?.len().saturating_sub(from);
    file.seek(SeekFrom::Start(from))?;
    while taken < most_bytes && left >= HEADER as u64 {
        let mut head = [0; HEADER];
        file.read_exact(&mut head)?;
        let Some(header) = Header::read(&head) else {
            break;
        };
        let length = (HEADER + header.length) as u64;
        if length > left {
            break;
        }
        let mut body = vec![0; header.length];
        file.read_exact(&mut body)?;
        if !header.fits(&head, &body) {
            break;
        }
        taken += body.len();
        at += length;
        left -= length;
        arrivals.push(Arrival {
            tag: header.tag,
            at_ns: header.at_ns,
            body,
        });
    }
    Ok((arrivals, at))
}
