//! How targets fare.

use super::ids;
use super::queue::TurnKey;
use crate::codes::{nanos, timestamp};
use crate::{Store, StoreError};
use dashcam_trace::{SpanId, Timestamp};
use rusqlite::{Connection, params};

/// How a target fares.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TargetStatus {
    /// Its name.
    pub name: String,
    /// When it was added: turns that ended before are only sent when asked for.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub since: Timestamp,
    /// Turns of which it may lack something.
    pub waiting_turns: u64,
    /// Spans that it took.
    pub delivered_spans: u64,
    /// Spans that it will not get.
    pub refused_spans: u64,
    /// Attempts in a row that brought nothing.
    pub failures: u64,
    /// Until when it is left alone.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, format = DateTime))]
    pub retry_at: Option<Timestamp>,
    /// Why the last attempt brought nothing, or what it warned of.
    pub trouble: Option<String>,
    /// The last success.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, format = DateTime))]
    pub sent_at: Option<Timestamp>,
}

/// Spans that a target will not get, and why.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RefusedSpans {
    /// Why.
    pub reason: String,
    /// How many.
    pub spans: u64,
    /// When the last of them was refused.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub last_at: Timestamp,
}

/// What a target has of a turn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveredTurn {
    /// The turn.
    pub turn: TurnKey,
    /// The project that it was sent under.
    pub project: String,
    /// The spans.
    pub spans: Vec<SpanId>,
    /// When the turn began.
    pub start: Timestamp,
}

/// Whether anything is to be sent anywhere.
pub(crate) fn has_targets(connection: &Connection) -> rusqlite::Result<bool> {
    connection
        .prepare_cached("SELECT 1 FROM targets LIMIT 1")?
        .exists([])
}

impl Store {
    /// Makes the targets those of these names. What was sent to others, and
    /// what waits for them, is forgotten.
    pub fn set_targets(&self, names: &[&str], now: Timestamp) -> Result<(), StoreError> {
        let known: Vec<String> = self
            .targets()?
            .into_iter()
            .map(|target| target.name)
            .collect();
        let same = known.len() == names.len()
            && names
                .iter()
                .all(|name| known.iter().any(|known| known == name));
        if same {
            return Ok(());
        }
        self.with_writer(|writer| {
            let mut set = || {
                let transaction = writer.connection.transaction()?;
                for name in known
                    .iter()
                    .filter(|known| !names.contains(&known.as_str()))
                {
                    for table in ["outbox", "delivered", "refused"] {
                        transaction.execute(
                            &format!(
                                "DELETE FROM {table}
                                 WHERE target = (SELECT id FROM targets WHERE name = ?1)"
                            ),
                            [name],
                        )?;
                    }
                    transaction.execute("DELETE FROM targets WHERE name = ?1", [name])?;
                }
                for name in names {
                    transaction.execute(
                        "INSERT OR IGNORE INTO targets (name, since) VALUES (?1, ?2)",
                        params![name, nanos(now)],
                    )?;
                }
                transaction.commit()
            };
            set().map_err(|error| self.error(error))
        })
    }

    /// How each target fares, by name.
    pub fn targets(&self) -> Result<Vec<TargetStatus>, StoreError> {
        let reader = self.reader()?;
        let read = || {
            let mut statement = reader.prepare_cached(
                "SELECT name, since, delivered, refused, failures, retry_at, trouble, sent_at,
                        (SELECT count(*) FROM outbox WHERE target = targets.id)
                 FROM targets ORDER BY name",
            )?;
            let rows = statement.query_map([], |row| {
                Ok(TargetStatus {
                    name: row.get(0)?,
                    since: timestamp(row.get(1)?),
                    delivered_spans: row.get::<_, i64>(2)? as u64,
                    refused_spans: row.get::<_, i64>(3)? as u64,
                    failures: row.get::<_, i64>(4)? as u64,
                    retry_at: row.get::<_, Option<i64>>(5)?.map(timestamp),
                    trouble: row.get(6)?,
                    sent_at: row.get::<_, Option<i64>>(7)?.map(timestamp),
                    waiting_turns: row.get::<_, i64>(8)? as u64,
                })
            })?;
            rows.collect::<rusqlite::Result<Vec<_>>>()
        };
        read().map_err(|error| self.error(error))
    }

    /// What a target will not get, by reason, the most first.
    pub fn refused_spans(&self, target: &str) -> Result<Vec<RefusedSpans>, StoreError> {
        let reader = self.reader()?;
        let read = || {
            let mut statement = reader.prepare_cached(
                "SELECT r.reason, sum(length(r.spans) / 8), max(r.at)
                 FROM refused r JOIN targets g ON g.id = r.target
                 WHERE g.name = ?1 GROUP BY r.reason ORDER BY 2 DESC, 1",
            )?;
            let rows = statement.query_map([target], |row| {
                Ok(RefusedSpans {
                    reason: row.get(0)?,
                    spans: row.get::<_, i64>(1)? as u64,
                    last_at: timestamp(row.get(2)?),
                })
            })?;
            rows.collect::<rusqlite::Result<Vec<_>>>()
        };
        read().map_err(|error| self.error(error))
    }

    /// Tries a target again at once.
    pub fn clear_retry(&self, target: &str) -> Result<(), StoreError> {
        self.with_writer(|writer| {
            writer
                .connection
                .execute(
                    "UPDATE targets SET retry_at = NULL WHERE name = ?1",
                    [target],
                )
                .map(drop)
                .map_err(|error| self.error(error))
        })
    }

    /// What a target has of the turns that ended since a time.
    pub fn delivered_turns(
        &self,
        target: &str,
        since: Option<Timestamp>,
    ) -> Result<Vec<DeliveredTurn>, StoreError> {
        let reader = self.reader()?;
        let read = || {
            let mut statement = reader.prepare_cached(
                "SELECT d.turn, d.project, d.spans, t.start FROM delivered d
                 JOIN targets g ON g.id = d.target
                 JOIN turns t ON t.id = d.turn
                 WHERE g.name = ?1 AND coalesce(t.finish, t.start) >= ?2 ORDER BY d.turn",
            )?;
            let since = since.map_or(i64::MIN, nanos);
            let rows = statement.query_map(params![target, since], |row| {
                let spans: Vec<u8> = row.get(2)?;
                Ok(DeliveredTurn {
                    turn: TurnKey(row.get(0)?),
                    project: row.get(1)?,
                    spans: ids(&spans).collect(),
                    start: timestamp(row.get(3)?),
                })
            })?;
            rows.collect::<rusqlite::Result<Vec<_>>>()
        };
        read().map_err(|error| self.error(error))
    }
}
