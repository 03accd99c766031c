//! What the store holds, and what could not be read.

use super::detail::problems;
use crate::codes::timestamp;
use crate::view::{FileTrouble, HarnessHealth, Health};
use crate::{Store, StoreError, schema};
use dashcam_trace::Harness;
use rusqlite::Connection;
use std::collections::BTreeMap;
use std::path::Path;

/// How many problems are told with their text.
const LATEST_PROBLEMS: i64 = 100;

impl Store {
    /// What the store holds, and what could not be read.
    pub fn health(&self) -> Result<Health, StoreError> {
        let mut reader = self.reader()?;
        let read = |connection: &mut Connection| {
            let snapshot = connection.transaction()?;
            let (evidence_bytes, archived_bytes) = archive_sizes(&snapshot)?;
            let unreadable = snapshot
                .prepare_cached("SELECT path, message FROM unreadable ORDER BY path")?
                .query_map([], |row| {
                    Ok(FileTrouble {
                        path: row.get(0)?,
                        message: row.get(1)?,
                    })
                })?
                .collect::<rusqlite::Result<_>>()?;
            let harnesses = Harness::ALL
                .into_iter()
                .map(|harness| harness_health(&snapshot, harness))
                .filter(|health| {
                    !health
                        .as_ref()
                        .is_ok_and(|health| health.files == 0 && health.sessions == 0)
                })
                .collect::<rusqlite::Result<_>>()?;
            Ok(Health {
                path: self.path().display().to_string(),
                schema_version: schema::version(&snapshot)?,
                store_bytes: size_on_disk(self.path()),
                evidence_bytes,
                archived_bytes,
                pending_turns: pending_turns(&snapshot)?,
                harnesses,
                unreadable,
                problems: problems(
                    &snapshot,
                    "1 ORDER BY (SELECT ended_at FROM sessions WHERE id = session) DESC, ordinal
                     LIMIT ?1",
                    LATEST_PROBLEMS,
                )?,
                problem_count: sum(&snapshot, "SELECT total(problem_count) FROM sessions")?,
                unpriced_models: counts(
                    &snapshot,
                    "SELECT name, sum(unpriced) FROM rollup JOIN names ON names.id = model
                     WHERE unpriced > 0 GROUP BY model",
                    (),
                )?,
            })
        };
        read(reader.connection()).map_err(|error| self.error(error))
    }

    /// How many turns the search index does not hold as they are now.
    pub fn pending_turns(&self) -> Result<u64, StoreError> {
        let mut reader = self.reader()?;
        pending_turns(reader.connection()).map_err(|error| self.error(error))
    }
}

pub(crate) fn pending_turns(connection: &Connection) -> rusqlite::Result<u64> {
    sum(connection, "SELECT count(*) FROM pending")
}

fn sum(connection: &Connection, sql: &str) -> rusqlite::Result<u64> {
    connection
        .prepare_cached(sql)?
        .query_row([], |row| {
            row.get::<_, f64>(0)
                .or_else(|_| row.get::<_, i64>(0).map(|n| n as f64))
        })
        .map(|sum| sum as u64)
}

/// Bytes of evidence, and of what they were compressed to.
fn archive_sizes(connection: &Connection) -> rusqlite::Result<(u64, u64)> {
    let raw = sum(
        connection,
        "SELECT total(raw_len) FROM chunks INDEXED BY chunks_by_place",
    )?;
    // `length` of a blob reads the row's header, not the blob.
    let compressed = sum(connection, "SELECT total(length(frame)) FROM chunks")?;
    Ok((raw, compressed))
}

fn harness_health(connection: &Connection, harness: Harness) -> rusqlite::Result<HarnessHealth> {
    let name = harness.as_str();
    // A database counts by its sessions, which have rows of their own.
    let (files, vanished): (i64, i64) = connection
        .prepare_cached(
            "SELECT count(*), total(vanished) FROM files WHERE harness = ?1 AND native_id <> ''",
        )?
        .query_row([name], |row| {
            Ok((row.get(0)?, row.get::<_, f64>(1)? as i64))
        })?;
    let (sessions, last): (i64, Option<i64>) = connection
        .prepare_cached("SELECT count(*), max(ended_at) FROM sessions WHERE harness = ?1")?
        .query_row([name], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let versions = connection
        .prepare_cached(
            "SELECT version FROM sessions WHERE harness = ?1 AND version IS NOT NULL
             GROUP BY version ORDER BY max(ended_at) DESC",
        )?
        .query_map([name], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    Ok(HarnessHealth {
        harness,
        files: files as u64,
        vanished_files: vanished as u64,
        sessions: sessions as u64,
        last_activity: last.map(timestamp),
        versions,
        unknown_records: counts(
            connection,
            "SELECT type, sum(count) FROM unknown_records
             WHERE session IN (SELECT id FROM sessions WHERE harness = ?1) GROUP BY type",
            [name],
        )?,
    })
}

fn counts(
    connection: &Connection,
    sql: &str,
    values: impl rusqlite::Params,
) -> rusqlite::Result<BTreeMap<String, u64>> {
    connection
        .prepare_cached(sql)?
        .query_map(values, |row| {
            Ok((row.get(0)?, row.get::<_, i64>(1)? as u64))
        })?
        .collect()
}

/// The size of the store's file and its journal.
fn size_on_disk(path: &Path) -> u64 {
    let journal = |suffix: &str| {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        name
    };
    [
        path.as_os_str().to_owned(),
        journal("-wal"),
        journal("-shm"),
    ]
    .iter()
    .filter_map(|file| std::fs::metadata(file).ok())
    .map(|metadata| metadata.len())
    .sum()
}
