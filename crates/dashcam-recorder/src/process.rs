//! One session from its files to what the store writes: read, archive,
//! decode, price, prepare. Runs on any thread; touches no database.

use crate::databases::{DatabaseError, Databases};
use crate::discover::{Stamp, describe_io_error};
use crate::first_record::first_record_at;
use crate::plan::{PlannedFile, PlannedSession, Source};
use crate::read::{self, ReadError};
use crate::report::Trouble;
use dashcam_harness::{
    Decoded, Evidence, EvidenceFile, HarnessReader, hooks, is_told, telemetry, with_told,
};
use dashcam_insight::Prices;
use dashcam_store::{
    ArchiveChunk, FileState, FileWrite, PreparedSession, SessionExtras, Store, StoreError,
    TurnHashes, tail_hash,
};
use dashcam_trace::{Harness, Problem, ProblemKind, Timestamp};
use rayon::prelude::*;
use std::borrow::Cow;

/// How much evidence goes into one compressed chunk.
const CHUNK_BYTES: usize = 1 << 20;

/// What became of one planned session.
pub(crate) struct Processed {
    pub(crate) files: Vec<FileWrite>,
    pub(crate) session: Option<PreparedSession>,
    pub(crate) unreadable: Vec<Trouble>,
    pub(crate) problems: u64,
    pub(crate) bytes: u64,
}

/// What processing needs to know.
#[derive(Clone, Copy)]
pub(crate) struct Workshop<'a> {
    pub(crate) store: &'a Store,
    pub(crate) prices: &'a Prices,
    pub(crate) readers: &'a [&'a dyn HarnessReader],
    pub(crate) databases: &'a Databases,
    pub(crate) sample: bool,
}

impl Workshop<'_> {
    /// Reads a session's files and makes of them what the store writes.
    pub(crate) fn process(
        &self,
        planned: &PlannedSession,
        known_turns: Option<&TurnHashes>,
    ) -> Result<Processed, StoreError> {
        let mut processed = Processed {
            files: Vec::new(),
            session: None,
            unreadable: Vec::new(),
            problems: 0,
            bytes: 0,
        };
        let mut contents = Vec::with_capacity(planned.files.len());
        for file in &planned.files {
            match self.content(file) {
                Ok(Some(content)) => {
                    processed.bytes += content.bytes.len() as u64;
                    processed.files.extend(file_write(planned, file, &content));
                    contents.push((file, content.bytes));
                }
                Ok(None) => {}
                Err(ContentError::Store(error)) => return Err(error),
                Err(ContentError::Database(error)) => {
                    processed.unreadable.push(Trouble {
                        path: file.path.display().to_string(),
                        message: error.to_string(),
                    });
                    // What was archived of it is still the session's.
                    if let Some(state) = &file.known {
                        contents.push((file, self.store.archived(state.id)?));
                    }
                }
                Err(ContentError::Read(error)) => processed.unreadable.push(Trouble {
                    path: file.path.display().to_string(),
                    message: describe_io_error(&error.source),
                }),
            }
        }
        let decoded = self.decode(planned, &contents, known_turns);
        processed.session = decoded.session;
        processed.problems = decoded.problems;
        Ok(processed)
    }

    /// A file's content: from disk, or from the archive once it is gone.
    fn content(&self, file: &PlannedFile) -> Result<Option<Content>, ContentError> {
        match &file.source {
            Source::File => match read_content(file) {
                Ok(content) => return Ok(Some(content)),
                // Gone between looking and reading: the archive has what was seen.
                Err(error) if error.vanished() => {}
                Err(error) => return Err(ContentError::Read(error)),
            },
            Source::Database(source) => {
                let archived = match &file.known {
                    Some(state) => self.store.archived(state.id)?,
                    None => Vec::new(),
                };
                let id = &file.native_id;
                match self.databases.evidence(source, id, &archived) {
                    Ok(rows) if rows.is_empty() => {}
                    Ok(bytes) => {
                        return Ok(Some(Content {
                            unchanged: unchanged_chunks(&archived, &bytes),
                            bytes,
                            stamp: file.stamp,
                        }));
                    }
                    Err(error) if error.vanished() => {}
                    Err(error) => return Err(ContentError::Database(error)),
                }
            }
            Source::Archive => {}
        }
        match &file.known {
            Some(state) => Ok(Some(Content {
                bytes: self.store.archived(state.id)?,
                stamp: file.stamp,
                unchanged: 0,
            })),
            None => Ok(None),
        }
    }

    /// Decodes, prices and prepares a session whose files have been read.
    pub(crate) fn decode(
        &self,
        planned: &PlannedSession,
        contents: &[(&PlannedFile, Vec<u8>)],
        known_turns: Option<&TurnHashes>,
    ) -> Ready {
        let reader = self
            .readers
            .iter()
            .find(|reader| reader.harness() == planned.harness);
        let Some(reader) = reader else {
            return Ready::default();
        };
        let paths: Vec<Cow<'_, str>> = contents
            .iter()
            .map(|(file, _)| file.path.to_string_lossy())
            .collect();
        // A program has nothing but telemetry, and reads it itself.
        let is_told = |path: &str| {
            let reads_itself = hooks::is_evidence_path(path) && reader.reads_hooks();
            is_told(path) && planned.harness != Harness::Program && !reads_itself
        };
        let evidence = Evidence {
            native_id: &planned.native_id,
            files: contents
                .iter()
                .zip(&paths)
                .filter(|(_, path)| !is_told(path))
                .map(|((file, bytes), path)| EvidenceFile {
                    path,
                    native_id: &file.native_id,
                    parent: file.parent.as_deref(),
                    bytes: Cow::Borrowed(bytes),
                })
                .collect(),
        };
        let told = |is_it: fn(&str) -> bool| {
            let files = contents.iter().zip(&paths);
            files
                .filter(move |(_, path)| is_told(path) && is_it(path))
                .map(|((_, bytes), _)| bytes.as_slice())
        };
        let items = telemetry::Items::read(told(telemetry::is_evidence_path));
        let calls = hooks::Calls::read(told(hooks::is_evidence_path));
        let mut decoded = if evidence.files.is_empty() {
            Decoded::default()
        } else {
            let written = |path: &str| {
                let mut files = contents.iter().zip(&paths);
                let (file, _) = files.find(|(_, shown)| *shown == path)?;
                let modified = i128::from(file.0.stamp.modified_ns);
                Timestamp::from_nanosecond(modified)
                    .ok()
                    .filter(|_| modified > 0)
            };
            reader.decode_written(&evidence, &written)
        };
        for _ in 0..calls.unreadable {
            decoded.problem(Problem {
                kind: ProblemKind::MalformedLine,
                file: hooks::evidence_path(planned.harness, &planned.native_id),
                line: None,
                message: "a hook was told something that is no JSON: it is kept, and passed over"
                    .to_owned(),
            });
        }
        let Decoded {
            session,
            problems: noted,
            problem_count,
            unknown_records,
            images,
            ..
        } = decoded;
        let (harness, native_id) = (planned.harness, planned.native_id.as_str());
        let Some(mut session) = with_told(harness, native_id, session, &items, &calls) else {
            return Ready {
                session: None,
                problems: problem_count,
            };
        };
        self.prices.price_session(&mut session);
        let first_record_at = contents
            .iter()
            .find(|(file, _)| !dashcam_harness::is_told(&file.path.to_string_lossy()))
            .and_then(|(_, bytes)| first_record_at(bytes))
            .unwrap_or(session.started_at);
        let extras = SessionExtras {
            first_record_at,
            problems: noted,
            problem_count,
            unknown_records,
            images: images
                .into_iter()
                .map(|image| (image.id, image.media_type, image.bytes))
                .collect(),
            files: paths.into_iter().map(Cow::into_owned).collect(),
            sample: self.sample,
        };
        let session = PreparedSession::new(&session, extras, known_turns);
        Ready {
            session: Some(session),
            problems: problem_count,
        }
    }
}

/// A session, ready to be written.
#[derive(Default)]
pub(crate) struct Ready {
    /// Absent when the evidence holds no turn.
    pub(crate) session: Option<PreparedSession>,
    /// Problems in the evidence.
    pub(crate) problems: u64,
}

enum ContentError {
    Read(ReadError),
    Database(DatabaseError),
    Store(StoreError),
}

impl From<StoreError> for ContentError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// The content of evidence.
struct Content {
    bytes: Vec<u8>,
    stamp: Stamp,
    /// How many bytes at the beginning are archived already, in whole chunks:
    /// what is known of rows, which change in places.
    unchanged: usize,
}

fn read_content(file: &PlannedFile) -> Result<Content, ReadError> {
    let (bytes, stamp) = read::read_from(&file.path, 0)?;
    let bytes = if read::is_compressed(&file.path) {
        read::decompress(&bytes).map_err(|source| ReadError {
            path: file.path.clone(),
            source,
        })?
    } else {
        bytes
    };
    Ok(Content {
        bytes,
        stamp,
        unchanged: 0,
    })
}

/// The bytes of all whole chunks with which both begin, if both go on behind
/// them. Rows are archived in chunks of this size alone, so that their borders
/// are known.
fn unchanged_chunks(archived: &[u8], content: &[u8]) -> usize {
    let pairs = archived
        .chunks_exact(CHUNK_BYTES)
        .zip(content.chunks_exact(CHUNK_BYTES));
    let same = pairs.take_while(|(old, new)| old == new).count() * CHUNK_BYTES;
    if same < archived.len() && same < content.len() {
        same
    } else {
        0
    }
}

/// What the store writes of a file: nothing if it has not changed, only what
/// was appended if it has grown, all of it if it is new or was rewritten; of
/// rows, the chunks from the first that has changed on.
fn file_write(
    planned: &PlannedSession,
    file: &PlannedFile,
    content: &Content,
) -> Option<FileWrite> {
    if !file.changed {
        return None;
    }
    let (stamp, unchanged) = (content.stamp, content.unchanged as u64);
    let content = content.bytes.as_slice();
    let is_rows = matches!(file.source, Source::Database(_));
    let archived = file
        .known
        .as_ref()
        .filter(|state| !is_rows && continues(state, content));
    let offset = archived.map_or(unchanged, |state| state.cursor);
    let fresh = &content[usize::try_from(offset)
        .unwrap_or(content.len())
        .min(content.len())..];
    let chunks = fresh
        .par_chunks(CHUNK_BYTES)
        .enumerate()
        .map(|(index, bytes)| ArchiveChunk::new(offset + (index * CHUNK_BYTES) as u64, bytes))
        .collect();
    Some(FileWrite {
        state: FileState {
            id: file
                .known
                .as_ref()
                .map(|state| state.id)
                .unwrap_or_default(),
            harness: planned.harness,
            path: file.path.to_string_lossy().into_owned(),
            native_id: file.native_id.clone(),
            parent: file.parent.clone(),
            size: stamp.size,
            modified_ns: stamp.modified_ns,
            inode: stamp.inode,
            cursor: content.len() as u64,
            tail_hash: tail_hash(content),
            vanished: false,
        },
        chunks,
        replaced: archived.is_none() && unchanged == 0,
    })
}

/// Whether a file's content begins with what is archived of it.
fn continues(state: &FileState, content: &[u8]) -> bool {
    usize::try_from(state.cursor)
        .ok()
        .and_then(|cursor| content.get(..cursor))
        .is_some_and(|archived| tail_hash(archived) == state.tail_hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_chunks_before_the_first_change_stay() {
        let old = vec![1; CHUNK_BYTES * 3 + 5];
        let mut new = old.clone();
        assert_eq!(unchanged_chunks(&old, &new), CHUNK_BYTES * 3);
        new[CHUNK_BYTES * 2] = 2;
        assert_eq!(unchanged_chunks(&old, &new), CHUNK_BYTES * 2);
        new[0] = 2;
        assert_eq!(unchanged_chunks(&old, &new), 0);
        // Nothing behind them: what stood there must go, so all is written.
        assert_eq!(unchanged_chunks(&old, &old[..CHUNK_BYTES * 2]), 0);
        assert_eq!(unchanged_chunks(&old[..CHUNK_BYTES], &old), 0);
    }
}
