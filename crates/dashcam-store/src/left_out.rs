//! Sessions that were left out because the user left out their project.

use crate::{Store, StoreError};
use dashcam_trace::Harness;

/// A session that was left out. Nothing of it is kept but this.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// The harness that it belongs to.
    pub harness: Harness,
    /// The harness's own id of it.
    pub native_id: String,
    /// The folder it began in.
    pub cwd: String,
    /// The rule that left it out, for the person.
    pub reason: String,
    /// Tells whether its files are as they were when it was left out.
    pub stamp: u64,
}

impl Store {
    /// The sessions that were left out, by rule.
    pub fn left_out(&self) -> Result<Vec<LeftOut>, StoreError> {
        let reader = self.reader()?;
        let read = || {
            let mut statement = reader.prepare_cached(
                "SELECT harness, native_id, cwd, reason, stamp FROM left_out
                 ORDER BY reason, harness, native_id",
            )?;
            let rows = statement.query_map([], |row| {
                let harness: String = row.get(0)?;
                Ok(harness.parse::<Harness>().ok().map(|harness| LeftOut {
                    harness,
                    native_id: row.get(1).unwrap_or_default(),
                    cwd: row.get(2).unwrap_or_default(),
                    reason: row.get(3).unwrap_or_default(),
                    stamp: row.get::<_, i64>(4).unwrap_or_default() as u64,
                }))
            })?;
            // Sessions of harnesses that only a later version knows are its matter.
            rows.filter_map(Result::transpose)
                .collect::<rusqlite::Result<Vec<_>>>()
        };
        read().map_err(|error| self.error(error))
    }

    /// The folders that recorded sessions began in, each with how many.
    pub fn folders(&self) -> Result<Vec<(String, u64)>, StoreError> {
        let reader = self.reader()?;
        let read = || {
            let mut statement = reader.prepare_cached(
                "SELECT cwd, count(*) FROM sessions WHERE cwd IS NOT NULL GROUP BY cwd ORDER BY cwd",
            )?;
            let rows =
                statement.query_map([], |row| Ok((row.get(0)?, row.get::<_, i64>(1)? as u64)))?;
            rows.collect::<rusqlite::Result<Vec<_>>>()
        };
        read().map_err(|error| self.error(error))
    }

    /// Remembers sessions that were left out, and forgets those that no rule
    /// leaves out any more. Hold the import lock.
    pub fn update_left_out(
        &self,
        left_out: &[LeftOut],
        no_longer: &[(Harness, String)],
    ) -> Result<(), StoreError> {
        if left_out.is_empty() && no_longer.is_empty() {
            return Ok(());
        }
        self.with_writer(|writer| {
            let mut update = || {
                let transaction = writer.connection.transaction()?;
                for (harness, native_id) in no_longer {
                    transaction
                        .prepare_cached(
                            "DELETE FROM left_out WHERE harness = ?1 AND native_id = ?2",
                        )?
                        .execute((harness.as_str(), native_id))?;
                }
                for session in left_out {
                    transaction
                        .prepare_cached(
                            "INSERT OR REPLACE INTO left_out
                             (harness, native_id, cwd, reason, stamp)
                             VALUES (?1, ?2, ?3, ?4, ?5)",
                        )?
                        .execute((
                            session.harness.as_str(),
                            &session.native_id,
                            &session.cwd,
                            &session.reason,
                            session.stamp as i64,
                        ))?;
                }
                transaction.commit()
            };
            update().map_err(|error| self.error(error))
        })
    }
}
