//! The one connection that writes, and its transactions.

use super::archive::{FileWrite, write_file};
use super::ownership::Settlement;
use super::prepared::PreparedSession;
use super::{removal, session_rows};
use crate::outbox::{has_targets, queue_turn};
use crate::spool::{self, HooksSeen, SpoolCursor};
use crate::telemetry::{ProgramTelemetry, TelemetryCursor, write_cursor, write_seen};
use crate::{FileId, Store, StoreError};
use dashcam_trace::{SessionId, Timestamp};
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior};
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::BTreeMap;
use std::collections::BTreeSet;

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
    /// How far the telemetry log was taken in with these files.
    pub telemetry: Option<TelemetryCursor>,
    /// What programs sent in what was taken in.
    pub seen: Vec<ProgramTelemetry>,
    /// How far the spool was taken in with these files.
    pub spool: Option<SpoolCursor>,
    /// What hooks told in what was taken in.
    pub hooks_seen: Vec<HooksSeen>,
}

impl ImportBatch {
    /// Whether there is nothing to write.
    pub const fn is_empty(&self) -> bool {
        self.files.is_empty()
            && self.sessions.is_empty()
            && self.vanished.is_empty()
            && self.obsolete.is_empty()
            && self.telemetry.is_none()
            && self.seen.is_empty()
            && self.spool.is_none()
            && self.hooks_seen.is_empty()
    }
}

/// What writing did to one session.
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

/// What happened to a session within a transaction.
#[derive(Debug, Default)]
pub(super) struct Changed {
    pub(super) turns: BTreeSet<u32>,
    pub(super) new: bool,
    pub(super) removed: bool,
}

/// The connection that writes, and what it remembers between transactions.
pub(crate) struct WriteConnection {
    pub(crate) connection: Connection,
    names: FxHashMap<Box<str>, i64>,
    data_version: i64,
}

impl WriteConnection {
    pub(crate) fn new(connection: Connection) -> Self {
        Self {
            connection,
            names: FxHashMap::default(),
            data_version: 0,
        }
    }

    /// Forgets what a transaction that failed may have remembered.
    pub(crate) fn forget(&mut self) {
        self.names.clear();
    }

    /// Begins a transaction in which nobody else writes.
    pub(crate) fn begin(&mut self) -> rusqlite::Result<Writing<'_>> {
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        let data_version =
            transaction.pragma_query_value(None, "data_version", |row| row.get(0))?;
        let has_targets = has_targets(&transaction)?;
        if std::mem::replace(&mut self.data_version, data_version) != data_version {
            self.names.clear();
        }
        Ok(Writing {
            transaction,
            names: &mut self.names,
            changes: BTreeMap::new(),
            contested: FxHashSet::default(),
            recount: FxHashSet::default(),
            has_targets,
        })
    }
}

/// A transaction under way.
pub(crate) struct Writing<'a> {
    pub(super) transaction: Transaction<'a>,
    names: &'a mut FxHashMap<Box<str>, i64>,
    pub(super) changes: BTreeMap<SessionId, Changed>,
    /// Responses whose records have changed, and that have several of them.
    pub(super) contested: FxHashSet<i64>,
    /// Sessions, by row id, whose sums depend on who counts their responses.
    pub(super) recount: FxHashSet<i64>,
    /// Whether anything is to be sent anywhere.
    has_targets: bool,
}

impl Writing<'_> {
    /// The number of a name.
    pub(super) fn name(&mut self, name: &str) -> rusqlite::Result<i64> {
        if let Some(id) = self.names.get(name) {
            return Ok(*id);
        }
        let known: Option<i64> = self
            .transaction
            .prepare_cached("SELECT id FROM names WHERE name = ?1")?
            .query_row([name], |row| row.get(0))
            .optional()?;
        let id = if let Some(id) = known {
            id
        } else {
            self.transaction
                .prepare_cached("INSERT INTO names (name) VALUES (?1)")?
                .execute([name])?;
            self.transaction.last_insert_rowid()
        };
        self.names.insert(name.into(), id);
        Ok(id)
    }

    /// Queues a turn for the targets, if there are any.
    pub(super) fn queue(&self, turn: i64) -> rusqlite::Result<()> {
        if self.has_targets {
            queue_turn(&self.transaction, turn, Timestamp::now())?;
        }
        Ok(())
    }

    /// What happened to a session so far.
    pub(super) fn change(&mut self, session: SessionId) -> &mut Changed {
        self.changes.entry(session).or_default()
    }

    pub(super) fn remove(&mut self, session: SessionId) -> rusqlite::Result<bool> {
        let removed = removal::remove_session(self, session)?;
        if removed {
            self.change(session).removed = true;
        }
        Ok(removed)
    }

    /// Decides who counts what, and commits.
    fn finish(mut self) -> rusqlite::Result<Vec<SessionChange>> {
        Settlement::new(&mut self).settle()?;
        self.transaction.commit()?;
        let changes = self.changes.into_iter();
        Ok(changes
            .map(|(id, change)| SessionChange {
                id,
                turns: change.turns.into_iter().collect(),
                new: change.new,
                removed: change.removed,
            })
            .collect())
    }
}

impl Store {
    /// Writes a batch in one transaction: all of it, or nothing.
    pub fn write(&self, batch: ImportBatch) -> Result<Vec<SessionChange>, StoreError> {
        let sqlite = |error| self.error(error);
        self.with_writer(|connection| {
            let mut writing = connection.begin().map_err(sqlite)?;
            for file in &batch.files {
                write_file(&writing.transaction, file).map_err(sqlite)?;
            }
            for file in &batch.vanished {
                writing
                    .transaction
                    .prepare_cached("UPDATE files SET vanished = 1 WHERE id = ?1")
                    .and_then(|mut statement| statement.execute([file.0]))
                    .map_err(sqlite)?;
            }
            if let Some(cursor) = &batch.telemetry {
                write_cursor(&writing.transaction, cursor).map_err(sqlite)?;
            }
            for seen in &batch.seen {
                write_seen(&writing.transaction, seen).map_err(sqlite)?;
            }
            if let Some(cursor) = &batch.spool {
                spool::write_cursor(&writing.transaction, cursor).map_err(sqlite)?;
            }
            for seen in &batch.hooks_seen {
                spool::write_seen(&writing.transaction, seen).map_err(sqlite)?;
            }
            for session in &batch.obsolete {
                writing.remove(*session).map_err(sqlite)?;
            }
            for session in batch.sessions {
                session_rows::write_session(&mut writing, &session)
                    .map_err(|error| error.into_store_error(self))?;
            }
            writing.finish().map_err(sqlite)
        })
    }

    /// Removes the bundled sample history. Returns how many sessions that were.
    pub fn remove_sample(&self) -> Result<u64, StoreError> {
        let sqlite = |error| self.error(error);
        self.with_writer(|connection| {
            let mut writing = connection.begin().map_err(sqlite)?;
            let samples = removal::sample_sessions(&writing.transaction).map_err(sqlite)?;
            for session in &samples {
                writing.remove(*session).map_err(sqlite)?;
            }
            writing.finish().map_err(sqlite)?;
            Ok(samples.len() as u64)
        })
    }

    /// Remembers the files that the last import could not read: path and reason.
    pub fn set_unreadable(&self, files: &[(String, String)]) -> Result<(), StoreError> {
        self.with_writer(|connection| {
            let mut replace = || {
                let writing = connection.begin()?;
                let known: i64 = writing.transaction.query_row(
                    "SELECT count(*) FROM unreadable",
                    [],
                    |row| row.get(0),
                )?;
                if known == 0 && files.is_empty() {
                    return Ok(());
                }
                writing.transaction.execute("DELETE FROM unreadable", [])?;
                for (path, message) in files {
                    writing
                        .transaction
                        .prepare_cached("INSERT INTO unreadable (path, message) VALUES (?1, ?2)")?
                        .execute([path, message])?;
                }
                writing.transaction.commit()
            };
            replace().map_err(|error| self.error(error))
        })
    }

    /// Moves what is in the journal into the store's file, as far as readers
    /// allow, and lets the query planner look at what has come.
    pub fn checkpoint(&self) -> Result<(), StoreError> {
        self.with_writer(|connection| {
            connection
                .connection
                .execute_batch("PRAGMA optimize; PRAGMA wal_checkpoint(TRUNCATE);")
                .map_err(|error| self.error(error))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ArchiveChunk, FileState};
    use dashcam_trace::Harness;

    fn file(path: &str, bytes: &[u8]) -> ImportBatch {
        let state = FileState {
            id: FileId::default(),
            harness: Harness::Codex,
            path: path.to_owned(),
            native_id: path.to_owned(),
            parent: None,
            size: bytes.len() as u64,
            modified_ns: 0,
            inode: 0,
            cursor: bytes.len() as u64,
            tail_hash: crate::tail_hash(bytes),
            vanished: false,
        };
        let chunks = vec![ArchiveChunk::new(0, bytes)];
        ImportBatch {
            files: vec![FileWrite {
                state,
                chunks,
                replaced: true,
            }],
            ..ImportBatch::default()
        }
    }

    #[test]
    fn a_full_disk_loses_only_what_did_not_fit() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        store.write(file("/small", b"kept")).unwrap();
        let limit = |pages: i64| {
            store
                .with_writer(|writer| {
                    writer
                        .connection
                        .pragma_update_and_check(None, "max_page_count", pages, |_| Ok(()))
                        .map_err(|error| store.error(error))
                })
                .unwrap();
        };
        limit(1);
        let noise: Vec<u8> = (0..500_000_u64)
            .map(|at| ((at * at).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 33) as u8)
            .collect();
        let error = store.write(file("/large", &noise)).unwrap_err();
        assert!(matches!(error, StoreError::DiskFull { .. }), "{error}");
        assert!(error.to_string().contains("free some space"));
        assert_eq!(store.files().unwrap().len(), 1);

        limit(1_000_000);
        store.write(file("/large", &noise)).unwrap();
        let files = store.files().unwrap();
        let contents: Vec<_> = files
            .iter()
            .map(|file| store.archived(file.id).unwrap())
            .collect();
        assert_eq!(contents, [noise, b"kept".to_vec()]);
    }
}
