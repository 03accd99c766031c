//! What each program sent, summed up for the person.

use crate::codes::timestamp;
use crate::{Store, StoreError};
use dashcam_trace::Timestamp;
use rusqlite::{Transaction, params};

/// What one program sent over OTLP.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ProgramTelemetry {
    /// The program, as it calls itself (`service.name`).
    pub program: String,
    /// Spans, log records and data points that sessions are made from.
    pub kept: u64,
    /// Those that were left out: the program's internals.
    pub dropped: u64,
    /// When the last of them came.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub last_at: Timestamp,
}

impl Store {
    /// What each program sent, the latest first.
    pub fn telemetry_programs(&self) -> Result<Vec<ProgramTelemetry>, StoreError> {
        let reader = self.reader()?;
        let read = || {
            let mut statement = reader.prepare_cached(
                "SELECT program, kept, dropped, last_at FROM telemetry_seen
                 ORDER BY last_at DESC, program",
            )?;
            let rows = statement.query_map([], |row| {
                Ok(ProgramTelemetry {
                    program: row.get(0)?,
                    kept: row.get::<_, i64>(1)? as u64,
                    dropped: row.get::<_, i64>(2)? as u64,
                    last_at: timestamp(row.get(3)?),
                })
            })?;
            rows.collect::<rusqlite::Result<Vec<_>>>()
        };
        read().map_err(|error| self.error(error))
    }
}

/// Adds to what is known of a program.
pub(crate) fn write_seen(
    transaction: &Transaction<'_>,
    seen: &ProgramTelemetry,
) -> rusqlite::Result<()> {
    transaction
        .prepare_cached(
            "INSERT INTO telemetry_seen (program, kept, dropped, last_at) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (program) DO UPDATE SET
                kept = kept + ?2, dropped = dropped + ?3, last_at = max(last_at, ?4)",
        )?
        .execute(params![
            seen.program,
            seen.kept as i64,
            seen.dropped as i64,
            crate::codes::nanos(seen.last_at),
        ])?;
    Ok(())
}
