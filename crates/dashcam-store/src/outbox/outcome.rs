//! What became of what was sent.

use super::add_ids;
use super::queue::TurnKey;
use crate::codes::nanos;
use crate::{Store, StoreError};
use dashcam_trace::{SpanId, Timestamp};
use rusqlite::{OptionalExtension, Transaction, params};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A span that a target has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivered {
    /// The turn.
    pub turn: TurnKey,
    /// The span.
    pub span: SpanId,
    /// The project that it was sent under.
    pub project: Arc<str>,
}

/// A span that a target will not get.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The turn.
    pub turn: TurnKey,
    /// The span.
    pub span: SpanId,
    /// Why.
    pub reason: String,
}

/// Whether a turn is done with, as it was when it was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanting {
    /// The turn.
    pub turn: TurnKey,
    /// When it had changed last by then.
    pub changed_at: Timestamp,
    /// When to look at it again even if nothing changes; `None`: it is done.
    pub again_at: Option<Timestamp>,
}

/// How the last attempt went.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Attempt {
    /// Nothing was sent.
    #[default]
    None,
    /// The target took it.
    Taken {
        /// What it warned of.
        warning: Option<String>,
    },
    /// It did not, and is left alone for a while.
    Failed {
        /// Why.
        reason: String,
        /// Until when.
        retry_at: Timestamp,
    },
}

/// What became of a request, to be remembered in one transaction.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dispatch {
    /// What the target has now.
    pub delivered: Vec<Delivered>,
    /// What it will not get.
    pub refused: Vec<Refusal>,
    /// How many of the delivered spans it said that it did not take, without
    /// saying which.
    pub rejected: u64,
    /// Turns that were looked at.
    pub looked_at: Vec<Wanting>,
    /// How it went.
    pub attempt: Attempt,
}

impl Dispatch {
    /// Whether there is nothing to remember.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl Store {
    /// Remembers what became of a request. A target that was removed
    /// meanwhile is left alone.
    pub fn record_dispatch(
        &self,
        target: &str,
        dispatch: &Dispatch,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        if dispatch.is_empty() {
            return Ok(());
        }
        self.with_writer(|writer| {
            let mut record = || {
                let transaction = writer.connection.transaction()?;
                let target: Option<i64> = transaction
                    .prepare_cached("SELECT id FROM targets WHERE name = ?1")?
                    .query_row([target], |row| row.get(0))
                    .optional()?;
                if let Some(target) = target {
                    write(&transaction, target, dispatch, now)?;
                }
                transaction.commit()
            };
            record().map_err(|error| self.error(error))
        })
    }

    /// Forgets that a target has these spans, and queues their turns again.
    /// Returns how many it was thought to have.
    pub fn forget_delivered(
        &self,
        target: &str,
        lost: &[(TurnKey, Vec<SpanId>)],
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        self.with_writer(|writer| {
            let mut forget = || {
                let transaction = writer.connection.transaction()?;
                let target: i64 = transaction.query_row(
                    "SELECT id FROM targets WHERE name = ?1",
                    [target],
                    |row| row.get(0),
                )?;
                let mut forgotten = 0;
                for (turn, spans) in lost {
                    let known = delivered_of(&transaction, target, *turn)?;
                    let mut kept = Vec::with_capacity(known.len());
                    for id in super::ids(&known).filter(|id| !spans.contains(id)) {
                        kept.extend_from_slice(id.as_bytes());
                    }
                    forgotten += ((known.len() - kept.len()) / super::ID_BYTES) as u64;
                    transaction
                        .prepare_cached(
                            "UPDATE delivered SET spans = ?3 WHERE target = ?1 AND turn = ?2",
                        )?
                        .execute(params![target, turn.0, kept])?;
                    transaction
                        .prepare_cached(
                            "INSERT INTO outbox (target, turn, queued_at, changed_at)
                             VALUES (?1, ?2, ?3, ?3)
                             ON CONFLICT (target, turn) DO UPDATE SET not_before = NULL",
                        )?
                        .execute(params![target, turn.0, nanos(now)])?;
                }
                transaction.execute(
                    "UPDATE targets SET delivered = max(0, delivered - ?2) WHERE id = ?1",
                    params![target, forgotten as i64],
                )?;
                transaction.commit()?;
                Ok(forgotten)
            };
            forget().map_err(|error| self.error(error))
        })
    }
}

fn write(
    transaction: &Transaction<'_>,
    target: i64,
    dispatch: &Dispatch,
    now: Timestamp,
) -> rusqlite::Result<()> {
    let mut delivered: BTreeMap<(TurnKey, &str), Vec<SpanId>> = BTreeMap::new();
    for span in &dispatch.delivered {
        let spans = delivered.entry((span.turn, &span.project)).or_default();
        spans.push(span.span);
    }
    let mut delivered_spans = 0;
    for ((turn, project), spans) in delivered {
        let mut known = delivered_of(transaction, target, turn)?;
        delivered_spans += add_ids(&mut known, spans);
        transaction
            .prepare_cached(
                "INSERT OR REPLACE INTO delivered (target, turn, project, spans)
                 VALUES (?1, ?2, ?3, ?4)",
            )?
            .execute(params![target, turn.0, project, known])?;
    }
    let mut refused: BTreeMap<(TurnKey, &str), Vec<SpanId>> = BTreeMap::new();
    for refusal in &dispatch.refused {
        refused
            .entry((refusal.turn, &refusal.reason))
            .or_default()
            .push(refusal.span);
    }
    let mut refused_spans = dispatch.rejected;
    for ((turn, reason), spans) in refused {
        let mut known: Vec<u8> = transaction
            .prepare_cached(
                "SELECT spans FROM refused WHERE target = ?1 AND turn = ?2 AND reason = ?3",
            )?
            .query_row(params![target, turn.0, reason], |row| row.get(0))
            .optional()?
            .unwrap_or_default();
        refused_spans += add_ids(&mut known, spans);
        transaction
            .prepare_cached(
                "INSERT OR REPLACE INTO refused (target, turn, reason, at, spans)
                 VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute(params![target, turn.0, reason, nanos(now), known])?;
    }
    for wanting in &dispatch.looked_at {
        look(transaction, target, wanting)?;
    }
    transaction
        .prepare_cached(
            "UPDATE targets SET delivered = delivered + ?2, refused = refused + ?3 WHERE id = ?1",
        )?
        .execute(params![
            target,
            delivered_spans.saturating_sub(dispatch.rejected) as i64,
            refused_spans as i64
        ])?;
    match &dispatch.attempt {
        Attempt::None => {}
        Attempt::Taken { warning } => {
            transaction
                .prepare_cached(
                    "UPDATE targets SET failures = 0, retry_at = NULL, trouble = ?2, sent_at = ?3
                     WHERE id = ?1",
                )?
                .execute(params![target, warning, nanos(now)])?;
        }
        Attempt::Failed { reason, retry_at } => {
            transaction
                .prepare_cached(
                    "UPDATE targets SET failures = failures + 1, retry_at = ?3, trouble = ?2
                     WHERE id = ?1",
                )?
                .execute(params![target, reason, nanos(*retry_at)])?;
        }
    }
    Ok(())
}

/// A turn that changed since it was read stays queued as it is.
fn look(transaction: &Transaction<'_>, target: i64, wanting: &Wanting) -> rusqlite::Result<()> {
    let read_at = nanos(wanting.changed_at);
    match wanting.again_at {
        None => transaction
            .prepare_cached(
                "DELETE FROM outbox WHERE target = ?1 AND turn = ?2 AND changed_at = ?3",
            )?
            .execute(params![target, wanting.turn.0, read_at])?,
        Some(again_at) => transaction
            .prepare_cached(
                "UPDATE outbox SET not_before = ?4
                 WHERE target = ?1 AND turn = ?2 AND changed_at = ?3",
            )?
            .execute(params![target, wanting.turn.0, read_at, nanos(again_at)])?,
    };
    Ok(())
}

fn delivered_of(
    transaction: &Transaction<'_>,
    target: i64,
    turn: TurnKey,
) -> rusqlite::Result<Vec<u8>> {
    let known = transaction
        .prepare_cached("SELECT spans FROM delivered WHERE target = ?1 AND turn = ?2")?
        .query_row(params![target, turn.0], |row| row.get(0))
        .optional()?;
    Ok(known.unwrap_or_default())
}
