//! The search index catches up with what was written.
//!
//! Turns are opened and split into words on every core; one thread writes,
//! in transactions of some megabytes. Stopping loses at most the one under
//! way. A turn that changes meanwhile stays pending.

use super::text::{FIELDS, TurnText, number};
use super::words::DistinctWords;
use crate::turn_key::search_key;
use crate::write::remove_words;
use crate::zstd_frames::decompress;
use crate::{Store, StoreError};
use rayon::prelude::*;
use rusqlite::{OptionalExtension, TransactionBehavior, params};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::sync_channel;

/// How much content is opened at a time.
const BATCH_BYTES: i64 = 8 << 20;
/// The most turns that are opened at a time.
const BATCH_TURNS: usize = 2000;

/// A turn's words, by field.
struct Words {
    turn: i64,
    revision: i64,
    json_bytes: i64,
    fields: [String; FIELDS.len()],
}

/// A turn that waits for the index.
struct Pending {
    turn: i64,
    revision: i64,
    json_bytes: i64,
    body: Vec<u8>,
}

impl Store {
    /// Brings the search index up to date. `progress` is told how many bytes
    /// of content are done, of how many; `stop` ends it early. Returns the
    /// bytes of content taken in.
    pub fn index_pending(
        &self,
        progress: &dyn Fn(u64, u64),
        stop: &AtomicBool,
    ) -> Result<u64, StoreError> {
        let total = self.pending_bytes()?;
        if total == 0 {
            return Ok(0);
        }
        progress(0, total);
        let mut done = 0;
        std::thread::scope(|scope| {
            // One batch waits while one is written: enough to keep both busy,
            // and little enough to bound memory.
            let (sender, receiver) = sync_channel(1);
            let read = scope.spawn(move || -> Result<(), StoreError> {
                let mut after = i64::MIN;
                while !stop.load(Ordering::Relaxed) {
                    let batch = self.pending_after(after)?;
                    let Some(last) = batch.last() else {
                        return Ok(());
                    };
                    after = last.turn;
                    if sender.send(extract(&batch)).is_err() {
                        return Ok(());
                    }
                }
                Ok(())
            });
            let mut written = Ok(());
            // The receiver ends with this loop, whatever ends it: so does the reader.
            for batch in receiver {
                written = self.write_words(&batch);
                if written.is_err() {
                    break;
                }
                done += batch
                    .iter()
                    .map(|words| words.json_bytes as u64)
                    .sum::<u64>();
                progress(done.min(total), total);
            }
            let read = read
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            written.and(read)
        })?;
        Ok(done)
    }

    fn pending_bytes(&self) -> Result<u64, StoreError> {
        self.reader()?
            .prepare_cached(
                "SELECT total(t.content_bytes) FROM pending p JOIN turns t ON t.id = p.turn",
            )
            .and_then(|mut statement| statement.query_row([], |row| row.get::<_, f64>(0)))
            .map(|bytes| bytes as u64)
            .map_err(|error| self.error(error))
    }

    fn pending_after(&self, after: i64) -> Result<Vec<Pending>, StoreError> {
        let reader = self.reader()?;
        let read = || {
            let mut statement = reader.prepare_cached(
                "SELECT p.turn, t.revision, t.content_bytes, c.body
                 FROM pending p
                 CROSS JOIN turns t ON t.id = p.turn
                 CROSS JOIN content c ON c.id = p.turn
                 WHERE p.turn > ?1 ORDER BY p.turn",
            )?;
            let mut rows = statement.query([after])?;
            let mut batch = Vec::new();
            let mut bytes = 0;
            while let Some(row) = rows.next()? {
                let pending = Pending {
                    turn: row.get(0)?,
                    revision: row.get(1)?,
                    json_bytes: row.get(2)?,
                    body: row.get(3)?,
                };
                bytes += pending.json_bytes;
                batch.push(pending);
                if bytes >= BATCH_BYTES || batch.len() >= BATCH_TURNS {
                    break;
                }
            }
            Ok(batch)
        };
        read().map_err(|error| self.error(error))
    }

    fn write_words(&self, batch: &[Words]) -> Result<(), StoreError> {
        self.with_writer(|connection| {
            let mut write = || {
                let transaction = connection
                    .connection
                    .transaction_with_behavior(TransactionBehavior::Immediate)?;
                for words in batch {
                    write_turn(&transaction, words)?;
                }
                transaction.commit()
            };
            write().map_err(|error| self.error(error))
        })
    }
}

fn extract(batch: &[Pending]) -> Vec<Words> {
    batch
        .par_iter()
        .map_init(
            Default::default,
            |scratch: &mut [DistinctWords; FIELDS.len()], pending| {
                // What cannot be opened has no words; opening it tells of the damage.
                if let Ok(json) = decompress(&pending.body, pending.json_bytes)
                    && let Ok(text) = TurnText::parse(&json)
                {
                    text.for_each(&mut |_, field, text| scratch[number(field)].add(text));
                }
                Words {
                    turn: pending.turn,
                    revision: pending.revision,
                    json_bytes: pending.json_bytes,
                    fields: std::array::from_fn(|field| scratch[field].take()),
                }
            },
        )
        .collect()
}

fn write_turn(transaction: &rusqlite::Transaction<'_>, words: &Words) -> rusqlite::Result<()> {
    let indexed: Option<i64> = transaction
        .prepare_cached(
            "SELECT t.indexed FROM pending p JOIN turns t ON t.id = p.turn
             WHERE p.turn = ?1 AND t.revision = ?2",
        )?
        .query_row([words.turn, words.revision], |row| row.get(0))
        .optional()?;
    // Changed or done by another process since it was read.
    let Some(indexed) = indexed else {
        return Ok(());
    };
    remove_words(transaction, words.turn, indexed)?;
    let mut now_indexed = 0;
    let mut insert =
        transaction.prepare_cached("INSERT INTO search (rowid, words) VALUES (?1, ?2)")?;
    for (field, text) in words
        .fields
        .iter()
        .enumerate()
        .filter(|(_, text)| !text.is_empty())
    {
        insert.execute(params![search_key(words.turn, field), text])?;
        now_indexed |= 1 << field;
    }
    if now_indexed != indexed {
        transaction
            .prepare_cached("UPDATE turns SET indexed = ?2 WHERE id = ?1")?
            .execute([words.turn, now_indexed])?;
    }
    transaction
        .prepare_cached("DELETE FROM pending WHERE turn = ?1")?
        .execute([words.turn])?;
    Ok(())
}
