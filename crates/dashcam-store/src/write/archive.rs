//! Evidence, kept: compressed pieces of files by their place.

use crate::columns::harness;
use crate::zstd_frames::{compress, decompress};
use crate::{FileId, FileState, Store, StoreError};
use rusqlite::{OptionalExtension, Row, Transaction, params};

/// Below this, the last piece of a file is compressed again together with
/// what is appended, so that live files do not end in thousands of crumbs.
const MERGE_BELOW: i64 = 256 << 10;

/// A compressed piece of a file of evidence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArchiveChunk {
    offset: u64,
    raw_len: u64,
    frame: Vec<u8>,
}

impl ArchiveChunk {
    /// Compresses a piece (about 1 MiB) that stands at `offset` in its file.
    pub fn new(offset: u64, bytes: &[u8]) -> Self {
        Self {
            offset,
            raw_len: bytes.len() as u64,
            frame: compress(bytes),
        }
    }

    /// The same piece at another place, for one that was compressed before
    /// its place was known.
    #[must_use]
    pub fn at(self, offset: u64) -> Self {
        Self { offset, ..self }
    }
}

/// What an import saw of one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileWrite {
    /// What to remember of the file; with the default id for one that is new.
    pub state: FileState,
    /// The pieces to archive: all of the content if it replaces what is
    /// archived, else what follows it.
    pub chunks: Vec<ArchiveChunk>,
    /// Whether what is archived of the file is replaced.
    pub replaced: bool,
}

pub(super) fn write_file(transaction: &Transaction<'_>, file: &FileWrite) -> rusqlite::Result<()> {
    let state = &file.state;
    let id: i64 = transaction
        .prepare_cached(
            "INSERT INTO files (harness, path, native_id, parent, size, modified_ns, inode,
                                cursor, tail_hash, vanished)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
             ON CONFLICT (path) DO UPDATE SET
                harness = ?1, native_id = ?3, parent = ?4, size = ?5, modified_ns = ?6,
                inode = ?7, cursor = ?8, tail_hash = ?9, vanished = ?10
             RETURNING id",
        )?
        .query_row(
            params![
                state.harness.as_str(),
                state.path,
                state.native_id,
                state.parent,
                state.size as i64,
                state.modified_ns,
                state.inode as i64,
                state.cursor as i64,
                state.tail_hash as i64,
                state.vanished,
            ],
            |row| row.get(0),
        )?;
    if file.replaced {
        transaction
            .prepare_cached("DELETE FROM chunks WHERE file = ?1")?
            .execute([id])?;
    }
    let mut chunks = file.chunks.as_slice();
    if !file.replaced
        && let Some((first, rest)) = chunks.split_first()
        && append(transaction, id, first)?
    {
        chunks = rest;
    }
    for chunk in chunks {
        // A piece may be archived a second time when an import was cut short.
        transaction
            .prepare_cached("DELETE FROM chunks WHERE file = ?1 AND start >= ?2")?
            .execute(params![id, chunk.offset as i64])?;
        insert(
            transaction,
            id,
            chunk.offset as i64,
            chunk.raw_len as i64,
            &chunk.frame,
        )?;
    }
    Ok(())
}

fn insert(
    transaction: &Transaction<'_>,
    file: i64,
    start: i64,
    raw_len: i64,
    frame: &[u8],
) -> rusqlite::Result<()> {
    transaction
        .prepare_cached("INSERT INTO chunks (file, start, raw_len, frame) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![file, start, raw_len, frame])?;
    Ok(())
}

/// Joins a piece with the last one, if that one is small and ends where this
/// one begins. Returns whether it did.
fn append(
    transaction: &Transaction<'_>,
    file: i64,
    chunk: &ArchiveChunk,
) -> rusqlite::Result<bool> {
    let last: Option<(i64, i64, i64)> = transaction
        .prepare_cached(
            "SELECT id, start, raw_len FROM chunks WHERE file = ?1 ORDER BY start DESC LIMIT 1",
        )?
        .query_row([file], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()?;
    let Some((id, start, raw_len)) = last else {
        return Ok(false);
    };
    if raw_len >= MERGE_BELOW || start + raw_len != chunk.offset as i64 {
        return Ok(false);
    }
    let frame: Vec<u8> = transaction
        .prepare_cached("SELECT frame FROM chunks WHERE id = ?1")?
        .query_row([id], |row| row.get(0))?;
    let (Ok(mut bytes), Ok(added)) = (
        decompress(&frame, raw_len),
        decompress(&chunk.frame, chunk.raw_len as i64),
    ) else {
        // A damaged piece stays as it is; reading it tells of the damage.
        return Ok(false);
    };
    bytes.extend_from_slice(&added);
    transaction
        .prepare_cached("UPDATE chunks SET raw_len = ?2, frame = ?3 WHERE id = ?1")?
        .execute(params![id, bytes.len() as i64, compress(&bytes)])?;
    Ok(true)
}

/// The columns of a [`FileState`].
const STATE: &str = "id, harness, path, native_id, parent, size, modified_ns, inode, cursor,
                     tail_hash, vanished";

fn file_state(row: &Row<'_>) -> rusqlite::Result<FileState> {
    Ok(FileState {
        id: FileId(row.get(0)?),
        harness: harness(row, 1)?,
        path: row.get(2)?,
        native_id: row.get(3)?,
        parent: row.get(4)?,
        size: row.get::<_, i64>(5)? as u64,
        modified_ns: row.get(6)?,
        inode: row.get::<_, i64>(7)? as u64,
        cursor: row.get::<_, i64>(8)? as u64,
        tail_hash: row.get::<_, i64>(9)? as u64,
        vanished: row.get(10)?,
    })
}

impl Store {
    /// Every file of evidence that was ever seen, by path.
    pub fn files(&self) -> Result<Vec<FileState>, StoreError> {
        let reader = self.reader()?;
        let read = || {
            let mut statement =
                reader.prepare_cached(&format!("SELECT {STATE} FROM files ORDER BY path"))?;
            let rows = statement.query_map([], file_state)?;
            rows.collect::<rusqlite::Result<Vec<_>>>()
        };
        read().map_err(|error| self.error(error))
    }

    /// What the store remembers of the file with this path.
    pub fn file(&self, path: &str) -> Result<Option<FileState>, StoreError> {
        let reader = self.reader()?;
        let read = || {
            reader
                .prepare_cached(&format!("SELECT {STATE} FROM files WHERE path = ?1"))?
                .query_row([path], file_state)
                .optional()
        };
        read().map_err(|error| self.error(error))
    }

    /// The archived content of a file of evidence, as it was last seen.
    pub fn archived(&self, file: FileId) -> Result<Vec<u8>, StoreError> {
        let reader = self.reader()?;
        let sqlite = |error| self.error(error);
        let mut content = Vec::new();
        let mut statement = reader
            .prepare_cached(
                "SELECT start, raw_len, frame FROM chunks WHERE file = ?1 ORDER BY start",
            )
            .map_err(sqlite)?;
        let mut rows = statement.query([file.0]).map_err(sqlite)?;
        while let Some(row) = rows.next().map_err(sqlite)? {
            let start: i64 = row.get(0).map_err(sqlite)?;
            let raw_len: i64 = row.get(1).map_err(sqlite)?;
            let frame = row.get_ref(2).map_err(sqlite)?.as_blob();
            let what = || format!("archived file {}, byte {start}", file.0);
            let frame = frame.map_err(|error| self.damaged(what(), &error))?;
            let bytes = decompress(frame, raw_len).map_err(|error| self.damaged(what(), &error))?;
            if start as usize != content.len() {
                return Err(self.damaged(what(), &"a piece is missing before it"));
            }
            content.extend_from_slice(&bytes);
        }
        Ok(content)
    }
}
