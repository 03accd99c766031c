//! What the store remembers of files of evidence.

use dashcam_trace::Harness;

/// Names a file of evidence in the store; 0 stands for a file that is new.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FileId(pub(crate) i64);

/// What the store remembers of one file of evidence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileState {
    /// Names it in the store.
    pub id: FileId,
    /// The harness that wrote it.
    pub harness: Harness,
    /// Its path.
    pub path: String,
    /// The session or agent whose record it is, in the harness's words; empty
    /// for a database, whose sessions have states of their own.
    pub native_id: String,
    /// The session or agent that started that one.
    pub parent: Option<String>,
    /// Its size when it was last read.
    pub size: u64,
    /// When it had last been changed then, in nanoseconds since 1970.
    pub modified_ns: i64,
    /// Its number on its device; 0 where the platform has none.
    pub inode: u64,
    /// How many bytes of its (decompressed) content are archived.
    pub cursor: u64,
    /// The [`tail_hash`] of what is archived.
    pub tail_hash: u64,
    /// Whether it has vanished from disk.
    pub vanished: bool,
}

impl FileState {
    /// Whether it is a database of sessions, of which nothing is archived
    /// under its own name.
    pub fn is_database(&self) -> bool {
        self.native_id.is_empty()
    }
}

/// How much of an archived file's end tells whether the file still begins
/// with what is archived.
const TAIL_BYTES: usize = 4096;

/// A hash of the end of some content: what is appended to leaves it at the
/// same place, what is rewritten does not.
pub fn tail_hash(content: &[u8]) -> u64 {
    let tail = &content[content.len().saturating_sub(TAIL_BYTES)..];
    let mut first = [0; 8];
    first.copy_from_slice(&blake3::hash(tail).as_bytes()[..8]);
    u64::from_le_bytes(first)
}
