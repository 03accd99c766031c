//! The store's layout, and how older layouts become the present one.

use crate::StoreError;
use rusqlite::{Connection, TransactionBehavior};
use std::path::Path;

/// Each step brings the layout to the version of its place in the list,
/// counted from 1. Steps that were released are never changed.
const MIGRATIONS: &[&str] = &[
    include_str!("schema/1.sql"),
    include_str!("schema/2.sql"),
    include_str!("schema/3.sql"),
    include_str!("schema/4.sql"),
    include_str!("schema/5.sql"),
    include_str!("schema/6.sql"),
];

/// The layout that this version of dashcam writes.
pub(crate) const VERSION: u32 = MIGRATIONS.len() as u32;

/// Marks the file as dashcam's (`PRAGMA application_id`): `dcam`.
const APPLICATION_ID: i64 = 0x6463_616d;

/// The layout of an open store; 0 for an empty file.
pub(crate) fn version(connection: &Connection) -> rusqlite::Result<u32> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}

/// Refuses files that are not dashcam's, and layouts of the future.
pub(crate) fn check(connection: &Connection, path: &Path) -> Result<u32, StoreError> {
    let sqlite = |source| StoreError::sqlite(path, source);
    // One statement sees one moment: another process may be making the store.
    let (found, application, tables): (u32, i64, i64) = connection
        .query_row(
            "SELECT (SELECT user_version FROM pragma_user_version),
                    (SELECT application_id FROM pragma_application_id),
                    (SELECT count(*) FROM sqlite_master)",
            [],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        )
        .map_err(sqlite)?;
    if application != APPLICATION_ID && tables > 0 {
        return Err(StoreError::NotAStore {
            path: path.to_owned(),
        });
    }
    if found > VERSION {
        return Err(StoreError::Newer {
            path: path.to_owned(),
            found,
            known: VERSION,
        });
    }
    Ok(found)
}

/// Brings the layout up to date. Two processes may do this at once: the
/// second finds it done.
pub(crate) fn migrate(connection: &mut Connection, path: &Path) -> Result<(), StoreError> {
    if check(connection, path)? == VERSION {
        return Ok(());
    }
    let sqlite = |source| StoreError::sqlite(path, source);
    let transaction = connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(sqlite)?;
    let from = check(&transaction, path)?;
    for (done, step) in MIGRATIONS.iter().enumerate().skip(from as usize) {
        transaction.execute_batch(step).map_err(sqlite)?;
        transaction
            .pragma_update(None, "user_version", done as u32 + 1)
            .map_err(sqlite)?;
    }
    transaction
        .pragma_update(None, "application_id", APPLICATION_ID)
        .map_err(sqlite)?;
    transaction.commit().map_err(sqlite)
}
