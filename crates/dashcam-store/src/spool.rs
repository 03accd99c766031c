//! How far the spool of hooks has been taken in, and what was in it.

use crate::codes::{nanos, timestamp};
use crate::{Store, StoreError};
use dashcam_trace::Timestamp;
use rusqlite::{OptionalExtension, Transaction, params};

/// How far a segment was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpoolCursor {
    /// The segment's name.
    pub segment: String,
    /// How many of its bytes were read.
    pub bytes: u64,
}

/// What hooks of one harness told.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HooksSeen {
    /// The harness, as its hooks were registered; empty for records that are
    /// damaged.
    pub harness: String,
    /// Calls that tell of a session.
    pub kept: u64,
    /// Calls that do not tell of which session they are, and damaged records.
    pub lost: u64,
    /// When the last of them came.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub last_at: Timestamp,
}

impl Store {
    /// How many bytes of a segment have been taken in.
    pub fn spool_read(&self, segment: &str) -> Result<u64, StoreError> {
        let reader = self.reader()?;
        let bytes: Option<i64> = reader
            .prepare_cached("SELECT bytes FROM spool_read WHERE segment = ?1")
            .and_then(|mut statement| statement.query_row([segment], |row| row.get(0)).optional())
            .map_err(|error| self.error(error))?;
        Ok(bytes.unwrap_or_default() as u64)
    }

    /// Forgets a segment that is gone.
    pub fn forget_spool(&self, segment: &str) -> Result<(), StoreError> {
        self.with_writer(|writer| {
            writer
                .connection
                .execute("DELETE FROM spool_read WHERE segment = ?1", [segment])
                .map(drop)
                .map_err(|error| self.error(error))
        })
    }

    /// What hooks told, by harness.
    pub fn hooks_seen(&self) -> Result<Vec<HooksSeen>, StoreError> {
        let reader = self.reader()?;
        let read = || {
            let mut statement = reader.prepare_cached(
                "SELECT harness, kept, lost, last_at FROM hooks_seen ORDER BY harness",
            )?;
            let rows = statement.query_map([], |row| {
                Ok(HooksSeen {
                    harness: row.get(0)?,
                    kept: row.get::<_, i64>(1)? as u64,
                    lost: row.get::<_, i64>(2)? as u64,
                    last_at: timestamp(row.get(3)?),
                })
            })?;
            rows.collect::<rusqlite::Result<Vec<_>>>()
        };
        read().map_err(|error| self.error(error))
    }
}

/// Notes how far a segment is in the store.
pub(crate) fn write_cursor(
    transaction: &Transaction<'_>,
    cursor: &SpoolCursor,
) -> rusqlite::Result<()> {
    transaction
        .prepare_cached(
            "INSERT INTO spool_read (segment, bytes) VALUES (?1, ?2)
             ON CONFLICT (segment) DO UPDATE SET bytes = ?2",
        )?
        .execute(params![cursor.segment, cursor.bytes as i64])?;
    Ok(())
}

/// Adds to what is known of a harness's hooks.
pub(crate) fn write_seen(transaction: &Transaction<'_>, seen: &HooksSeen) -> rusqlite::Result<()> {
    transaction
        .prepare_cached(
            "INSERT INTO hooks_seen (harness, kept, lost, last_at) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (harness) DO UPDATE SET
                kept = kept + ?2, lost = lost + ?3, last_at = max(last_at, ?4)",
        )?
        .execute(params![
            seen.harness,
            seen.kept as i64,
            seen.lost as i64,
            nanos(seen.last_at),
        ])?;
    Ok(())
}
