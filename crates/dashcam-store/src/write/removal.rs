//! Taking things out of the store again.

use super::writer::Writing;
use crate::columns::session_id;
use crate::turn_key::{search_key, split, turn_key, turn_keys};
use dashcam_trace::SessionId;
use rusqlite::{OptionalExtension, Transaction};

/// The bundled sample sessions.
pub(super) fn sample_sessions(transaction: &Transaction<'_>) -> rusqlite::Result<Vec<SessionId>> {
    transaction
        .prepare_cached("SELECT key FROM sessions WHERE sample = 1")?
        .query_map([], |row| session_id(row, 0))?
        .collect()
}

/// Removes a session and everything that belongs to it, evidence excepted.
/// Returns whether it was there.
pub(super) fn remove_session(
    writing: &mut Writing<'_>,
    session: SessionId,
) -> rusqlite::Result<bool> {
    let id: Option<i64> = writing
        .transaction
        .prepare_cached("SELECT id FROM sessions WHERE key = ?1")?
        .query_row([session.as_bytes()], |row| row.get(0))
        .optional()?;
    let Some(id) = id else { return Ok(false) };
    let (first, last) = turn_keys(id);
    let turns: Vec<i64> = writing
        .transaction
        .prepare_cached("SELECT id FROM turns WHERE id BETWEEN ?1 AND ?2")?
        .query_map([first, last], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    for turn in turns {
        remove_turn(writing, id, split(turn).1)?;
    }
    remove_extras(&writing.transaction, id)?;
    for statement in [
        "DELETE FROM rollup WHERE session = ?1",
        "DELETE FROM tool_rollup WHERE session = ?1",
        "DELETE FROM sessions WHERE id = ?1",
    ] {
        writing
            .transaction
            .prepare_cached(statement)?
            .execute([id])?;
    }
    writing.recount.remove(&id);
    Ok(true)
}

/// Removes one turn with its spans, its content and its words.
pub(super) fn remove_turn(
    writing: &mut Writing<'_>,
    session: i64,
    index: u32,
) -> rusqlite::Result<()> {
    remove_spans(writing, session, index)?;
    let turn = turn_key(session, index);
    let indexed: Option<i64> = writing
        .transaction
        .prepare_cached("SELECT indexed FROM turns WHERE id = ?1")?
        .query_row([turn], |row| row.get(0))
        .optional()?;
    remove_words(&writing.transaction, turn, indexed.unwrap_or_default())?;
    for statement in [
        "DELETE FROM turns WHERE id = ?1",
        "DELETE FROM content WHERE id = ?1",
        "DELETE FROM pending WHERE turn = ?1",
        "DELETE FROM outbox WHERE target IN (SELECT id FROM targets) AND turn = ?1",
        "DELETE FROM delivered WHERE target IN (SELECT id FROM targets) AND turn = ?1",
        "DELETE FROM refused WHERE target IN (SELECT id FROM targets) AND turn = ?1",
    ] {
        writing
            .transaction
            .prepare_cached(statement)?
            .execute([turn])?;
    }
    Ok(())
}

/// Removes a turn's words from the search index: those of the fields that
/// `indexed` has bits for.
pub(crate) fn remove_words(
    transaction: &Transaction<'_>,
    turn: i64,
    indexed: i64,
) -> rusqlite::Result<()> {
    for field in (0..8).filter(|field| indexed & (1 << field) != 0) {
        transaction
            .prepare_cached("DELETE FROM search WHERE rowid = ?1")?
            .execute([search_key(turn, field)])?;
    }
    Ok(())
}

/// Removes a turn's spans and what they claim. Who counts the responses is
/// decided again.
pub(super) fn remove_spans(
    writing: &mut Writing<'_>,
    session: i64,
    turn: u32,
) -> rusqlite::Result<()> {
    let place = (session, turn);
    let responses: Vec<i64> = writing
        .transaction
        .prepare_cached(
            "SELECT response FROM spans
             WHERE session = ?1 AND turn = ?2 AND response IS NOT NULL",
        )?
        .query_map(place, |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    for response in responses {
        writing
            .transaction
            .prepare_cached(
                "DELETE FROM claims WHERE response = ?1 AND session = ?2 AND turn = ?3",
            )?
            .execute((response, session, turn))?;
        let elsewhere = writing
            .transaction
            .prepare_cached("SELECT 1 FROM claims WHERE response = ?1")?
            .exists([response])?;
        if elsewhere {
            writing.contested.insert(response);
        }
    }
    writing
        .transaction
        .prepare_cached("DELETE FROM spans WHERE session = ?1 AND turn = ?2")?
        .execute(place)?;
    Ok(())
}

/// Removes a session's problems, unknown records and images.
pub(super) fn remove_extras(transaction: &Transaction<'_>, session: i64) -> rusqlite::Result<()> {
    let images: Vec<String> = transaction
        .prepare_cached("SELECT image FROM image_uses WHERE session = ?1")?
        .query_map([session], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    for statement in [
        "DELETE FROM problems WHERE session = ?1",
        "DELETE FROM unknown_records WHERE session = ?1",
        "DELETE FROM image_uses WHERE session = ?1",
    ] {
        transaction.prepare_cached(statement)?.execute([session])?;
    }
    for image in images {
        transaction
            .prepare_cached(
                "DELETE FROM images WHERE key = ?1
                 AND NOT EXISTS (SELECT 1 FROM image_uses WHERE image = ?1)",
            )?
            .execute([image])?;
    }
    Ok(())
}
