//! Which turns wait to be sent.

use super::ids;
use crate::codes::{nanos, timestamp};
use crate::columns::session_id;
use crate::turn_key::{split, turn_keys};
use crate::{Store, StoreError};
use dashcam_trace::{SessionId, SpanId, Timestamp};
use rusqlite::{Connection, OptionalExtension, Transaction, params};
use rustc_hash::FxHashSet;
use std::time::Duration;

/// While a turn goes on, what is done in it is looked at after so many times
/// the wait for a turn at rest.
const PATIENCE: u32 = 3;

/// A turn, as the outbox names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TurnKey(pub(super) i64);

/// A turn that waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueuedTurn {
    /// Names it.
    pub key: TurnKey,
    /// Its place in the session.
    pub index: u32,
    /// When it last changed: what is said of the turn holds only for this.
    pub changed_at: Timestamp,
}

/// A session of which turns wait.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueuedSession {
    /// The session.
    pub id: SessionId,
    /// Its waiting turns, by index; also those that are not ready by
    /// themselves, which another turn may have made ready.
    pub turns: Vec<QueuedTurn>,
}

/// Queues a turn that is new or has changed, for every target that is to see
/// what happens from now on.
pub(crate) fn queue_turn(
    transaction: &Transaction<'_>,
    turn: i64,
    now: Timestamp,
) -> rusqlite::Result<()> {
    transaction
        .prepare_cached(
            "INSERT INTO outbox (target, turn, queued_at, changed_at)
             SELECT g.id, t.id, ?2, ?2 FROM targets g JOIN turns t ON t.id = ?1
             WHERE coalesce(t.finish, ?2) >= g.since
             ON CONFLICT (target, turn) DO UPDATE SET changed_at = ?2, not_before = NULL",
        )?
        .execute(params![turn, nanos(now)])?;
    Ok(())
}

fn queued_turns(
    connection: &Connection,
    target: &str,
    session: i64,
) -> rusqlite::Result<Vec<QueuedTurn>> {
    let (first, last) = turn_keys(session);
    connection
        .prepare_cached(
            "SELECT o.turn, o.changed_at FROM outbox o JOIN targets g ON g.id = o.target
             WHERE g.name = ?1 AND o.turn BETWEEN ?2 AND ?3 ORDER BY o.turn",
        )?
        .query_map(params![target, first, last], |row| {
            let turn = row.get(0)?;
            Ok(QueuedTurn {
                key: TurnKey(turn),
                index: split(turn).1,
                changed_at: timestamp(row.get(1)?),
            })
        })?
        .collect()
}

impl Store {
    /// Queues history for one target: every turn that ended in a span of
    /// time, whatever the target is known to have. `again`: also what it
    /// refused. Returns how many turns were queued.
    pub fn queue_history(
        &self,
        target: &str,
        since: Option<Timestamp>,
        until: Option<Timestamp>,
        again: bool,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        let (since, until) = (since.map_or(i64::MIN, nanos), until.map_or(i64::MAX, nanos));
        self.with_writer(|writer| {
            let mut queue = || {
                let transaction = writer.connection.transaction()?;
                let count = transaction.execute(
                    "INSERT INTO outbox (target, turn, queued_at, changed_at)
                     SELECT g.id, t.id, ?4, ?4
                     FROM targets g, turns t JOIN sessions s ON s.id = t.id >> 24
                     WHERE g.name = ?1 AND s.sample = 0
                       AND coalesce(t.finish, t.start) BETWEEN ?2 AND ?3
                     ON CONFLICT (target, turn) DO UPDATE SET not_before = NULL",
                    params![target, since, until, nanos(now)],
                )?;
                if again {
                    let refused = transaction.execute(
                        "DELETE FROM refused WHERE target = (SELECT id FROM targets WHERE name = ?1)
                         AND turn IN (SELECT turn FROM outbox WHERE target = refused.target)",
                        [target],
                    )?;
                    if refused > 0 {
                        transaction.execute(
                            "UPDATE targets SET refused = coalesce((SELECT sum(length(spans) / 8)
                                FROM refused WHERE target = targets.id), 0)
                             WHERE name = ?1",
                            [target],
                        )?;
                    }
                }
                transaction.commit()?;
                Ok(count as u64)
            };
            queue().map_err(|error| self.error(error))
        })
    }

    /// The sessions of which something may be ready for a target, those that
    /// wait longest first, at most `limit` of them. `settle`: how long a turn
    /// is left alone after a change, because more of it may come.
    pub fn queued_sessions(
        &self,
        target: &str,
        now: Timestamp,
        settle: Duration,
        limit: usize,
    ) -> Result<Vec<QueuedSession>, StoreError> {
        let reader = self.reader()?;
        let before = |wait: Duration| {
            nanos(now).saturating_sub(i64::try_from(wait.as_nanos()).unwrap_or(i64::MAX))
        };
        let read = || {
            let mut ready = reader.prepare_cached(
                "SELECT o.turn >> 24, min(o.queued_at) FROM outbox o
                 JOIN targets g ON g.id = o.target
                 WHERE g.name = ?1 AND coalesce(o.not_before, 0) <= ?2
                   AND (o.changed_at <= ?3 OR o.queued_at <= ?4)
                 GROUP BY 1 ORDER BY 2, 1 LIMIT ?5",
            )?;
            let sessions: Vec<i64> = ready
                .query_map(
                    params![
                        target,
                        nanos(now),
                        before(settle),
                        before(settle * PATIENCE),
                        limit as i64
                    ],
                    |row| row.get(0),
                )?
                .collect::<rusqlite::Result<_>>()?;
            let mut queued = Vec::with_capacity(sessions.len());
            for session in sessions {
                let id = reader
                    .prepare_cached("SELECT key FROM sessions WHERE id = ?1")?
                    .query_row([session], |row| session_id(row, 0))
                    .optional()?;
                // Gone between the two questions: its rows went with it.
                if let Some(id) = id {
                    let turns = queued_turns(&reader, target, session)?;
                    queued.push(QueuedSession { id, turns });
                }
            }
            Ok(queued)
        };
        read().map_err(|error| self.error(error))
    }

    /// When something will be ready for a target that is not yet; `None` when
    /// nothing waits.
    pub fn next_ready(
        &self,
        target: &str,
        settle: Duration,
    ) -> Result<Option<Timestamp>, StoreError> {
        let reader = self.reader()?;
        let settle = i64::try_from(settle.as_nanos()).unwrap_or(i64::MAX);
        let read = || {
            let at: Option<i64> = reader
                .prepare_cached(
                    "SELECT min(max(coalesce(o.not_before, 0),
                            min(o.changed_at + ?2, o.queued_at + ?3)))
                     FROM outbox o JOIN targets g ON g.id = o.target WHERE g.name = ?1",
                )?
                .query_row(
                    params![target, settle, settle.saturating_mul(i64::from(PATIENCE))],
                    |row| row.get(0),
                )?;
            Ok(at.map(timestamp))
        };
        read().map_err(|error| self.error(error))
    }

    /// The spans of a turn that a target has, or will never get.
    pub fn settled_spans(
        &self,
        target: &str,
        turn: TurnKey,
    ) -> Result<FxHashSet<SpanId>, StoreError> {
        let reader = self.reader()?;
        let read = || {
            let mut statement = reader.prepare_cached(
                "SELECT spans FROM delivered
                 WHERE target = (SELECT id FROM targets WHERE name = ?1) AND turn = ?2
                 UNION ALL
                 SELECT spans FROM refused
                 WHERE target = (SELECT id FROM targets WHERE name = ?1) AND turn = ?2",
            )?;
            let blobs = statement
                .query_map(params![target, turn.0], |row| row.get::<_, Vec<u8>>(0))?
                .collect::<rusqlite::Result<Vec<_>>>()?;
            Ok(blobs.iter().flat_map(|blob| ids(blob)).collect())
        };
        read().map_err(|error| self.error(error))
    }
}
