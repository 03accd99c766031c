//! Whole turns and sessions, out of their compressed content.

use super::sessions::{SUMMARY, summary};
use crate::turn_key::{MAX_TURNS, split, turn_key, turn_keys};
use crate::view::{ImageBytes, SessionSummary};
use crate::write::TurnHashes;
use crate::zstd_frames::decompress;
use crate::{Store, StoreError};
use dashcam_trace::{ImageId, Session, SessionId, Turn};
use rusqlite::{Connection, OptionalExtension};

/// A session's row id and header.
pub(super) fn header(
    connection: &Connection,
    id: SessionId,
) -> rusqlite::Result<Option<(i64, SessionSummary)>> {
    connection
        .prepare_cached(&format!(
            "SELECT {SUMMARY}, id AS row FROM sessions WHERE key = ?1"
        ))?
        .query_row([id.as_bytes()], |row| Ok((row.get("row")?, summary(row)?)))
        .optional()
}

impl Store {
    pub(crate) fn no_session(id: SessionId) -> StoreError {
        StoreError::NoSession {
            name: id.to_string(),
        }
    }

    /// The revisions of a session's turns; empty for one that is not stored.
    pub fn turn_hashes(&self, session: SessionId) -> Result<TurnHashes, StoreError> {
        let reader = self.reader()?;
        let read = || {
            let id: Option<i64> = reader
                .prepare_cached("SELECT id FROM sessions WHERE key = ?1")?
                .query_row([session.as_bytes()], |row| row.get(0))
                .optional()?;
            let Some(id) = id else {
                return Ok(TurnHashes::default());
            };
            reader
                .prepare_cached("SELECT id, revision FROM turns WHERE id BETWEEN ?1 AND ?2")?
                .query_map(turn_keys(id), |row| {
                    Ok((split(row.get(0)?).1, row.get::<_, i64>(1)? as u64))
                })?
                .collect()
        };
        read().map_err(|error| self.error(error))
    }

    /// A turn as JSON, as [`Turn`] writes it.
    pub fn turn_json(&self, session: SessionId, index: u32) -> Result<Vec<u8>, StoreError> {
        let reader = self.reader()?;
        let read = || {
            let id: Option<i64> = reader
                .prepare_cached("SELECT id FROM sessions WHERE key = ?1")?
                .query_row([session.as_bytes()], |row| row.get(0))
                .optional()?;
            let Some(id) = id.filter(|_| index < MAX_TURNS) else {
                return Ok(None);
            };
            reader
                .prepare_cached(
                    "SELECT t.content_bytes, c.body, t.copied_from
                     FROM turns t JOIN content c ON c.id = t.id
                     WHERE t.id = ?1",
                )?
                .query_row([turn_key(id, index)], |row| {
                    let body = row.get_ref(1)?.as_blob()?;
                    Ok((
                        decompress(body, row.get(0)?),
                        row.get::<_, Option<[u8; 16]>>(2)?,
                    ))
                })
                .optional()
        };
        let found = read().map_err(|error| self.error(error))?;
        let Some((json, copied_from)) = found else {
            return Err(StoreError::NoSession {
                name: format!("{session} (turn {index})"),
            });
        };
        let json = json
            .map_err(|error| self.damaged(format!("turn {index} of session {session}"), &error))?;
        Ok(match copied_from.map(SessionId::from_bytes) {
            Some(from) => with_copied_from(&json, from),
            None => json,
        })
    }

    /// A whole session.
    pub fn session(&self, id: SessionId) -> Result<Session, StoreError> {
        let mut reader = self.reader()?;
        let sqlite = |error| self.error(error);
        let snapshot = reader.connection().transaction().map_err(sqlite)?;
        let (row_id, summary) = header(&snapshot, id)
            .map_err(sqlite)?
            .ok_or_else(|| Self::no_session(id))?;
        let title: Option<String> = snapshot
            .prepare_cached("SELECT given_title FROM sessions WHERE id = ?1")
            .and_then(|mut statement| statement.query_row([row_id], |row| row.get(0)))
            .map_err(sqlite)?;
        let mut statement = snapshot
            .prepare_cached(
                "SELECT t.id, t.content_bytes, c.body, t.copied_from
                 FROM turns t JOIN content c ON c.id = t.id
                 WHERE t.id BETWEEN ?1 AND ?2 ORDER BY t.id",
            )
            .map_err(sqlite)?;
        let mut turns = Vec::new();
        let mut rows = statement.query(turn_keys(row_id)).map_err(sqlite)?;
        while let Some(row) = rows.next().map_err(sqlite)? {
            let key: i64 = row.get(0).map_err(sqlite)?;
            let damaged = |error: &dyn std::fmt::Display| {
                self.damaged(format!("turn {} of session {id}", split(key).1), error)
            };
            let size: i64 = row.get(1).map_err(sqlite)?;
            let body = row
                .get_ref(2)
                .map_err(sqlite)?
                .as_blob()
                .map_err(|error| damaged(&error))?;
            let json = decompress(body, size).map_err(|error| damaged(&error))?;
            let mut turn: Turn = serde_json::from_slice(&json).map_err(|error| damaged(&error))?;
            let copied_from: Option<[u8; 16]> = row.get(3).map_err(sqlite)?;
            turn.copied_from = copied_from.map(SessionId::from_bytes);
            turns.push(turn);
        }
        Ok(Session {
            harness: summary.harness,
            id: summary.id,
            native_id: summary.native_id,
            title,
            cwd: summary.cwd,
            git: summary.git,
            version: summary.version,
            entrypoint: summary.entrypoint,
            started_at: summary.started_at,
            ended_at: summary.ended_at,
            parent: summary.parent,
            outcome: summary.outcome,
            turns,
        })
    }

    /// The sessions that were decoded from evidence, the samples left out.
    pub fn recorded_sessions(&self) -> Result<Vec<SessionId>, StoreError> {
        let reader = self.reader()?;
        let read = || {
            reader
                .prepare_cached("SELECT key FROM sessions WHERE sample = 0 ORDER BY id")?
                .query_map([], |row| crate::columns::session_id(row, 0))?
                .collect::<rusqlite::Result<_>>()
        };
        read().map_err(|error| self.error(error))
    }

    /// The bytes of an image, where they were kept.
    pub fn image(&self, id: &ImageId) -> Result<Option<ImageBytes>, StoreError> {
        let reader = self.reader()?;
        let read = || {
            reader
                .prepare_cached("SELECT media_type, bytes FROM images WHERE key = ?1")?
                .query_row([&id.0], |row| {
                    Ok(ImageBytes {
                        media_type: row.get(0)?,
                        bytes: row.get(1)?,
                    })
                })
                .optional()
        };
        read().map_err(|error| self.error(error))
    }
}

/// A turn's JSON with its origin put in. A turn as it is stored has none: who
/// counts a response may change without the turn being written anew.
fn with_copied_from(json: &[u8], from: SessionId) -> Vec<u8> {
    let mut changed = Vec::with_capacity(json.len() + 52);
    changed.extend_from_slice(format!("{{\"copied_from\":\"{from}\",").as_bytes());
    changed.extend_from_slice(json.strip_prefix(b"{").unwrap_or(json));
    changed
}
