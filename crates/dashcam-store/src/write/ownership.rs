//! Which session counts a response that stands in several.
//!
//! A fork repeats its parent's lines, so one response may have several
//! records. One of them counts: the fullest; of equals the one in the session
//! whose own record began first, then the one whose session ended first, then
//! the one with the lesser native id, then the first in its session. That is
//! a function of the records alone, so the order of import does not matter.

use super::session_rows::write_sums;
use super::writer::Writing;
use crate::columns::session_id;
use crate::steps::{TurnSteps, read_steps};
use crate::sums::Sums;
use crate::turn_key::{split, turn_key, turn_keys};
use dashcam_trace::SessionId;
use rusqlite::params;
use rustc_hash::{FxHashMap, FxHashSet};
use std::cmp::Reverse;

/// Decides everything that a transaction has left open.
pub(super) struct Settlement<'a, 'w> {
    writing: &'a mut Writing<'w>,
}

/// One record of a response.
struct Claim {
    session: i64,
    turn: u32,
    ordinal: i64,
    completion: i64,
    first_record_at: i64,
    ended_at: i64,
    native_id: String,
    owner: Option<i64>,
}

impl<'a, 'w> Settlement<'a, 'w> {
    pub(super) fn new(writing: &'a mut Writing<'w>) -> Self {
        Self { writing }
    }

    /// Gives each contested response to one record, and adds up anew the
    /// sessions that this concerns.
    pub(super) fn settle(mut self) -> rusqlite::Result<()> {
        let contested = std::mem::take(&mut self.writing.contested);
        for response in contested {
            self.decide(response)?;
        }
        let mut sessions: Vec<i64> = self.writing.recount.drain().collect();
        sessions.sort_unstable();
        for session in sessions {
            self.recount(session)?;
        }
        Ok(())
    }

    fn decide(&mut self, response: i64) -> rusqlite::Result<()> {
        let claims = self.claims(response)?;
        let Some(winner) = claims.iter().min_by_key(|claim| {
            (
                Reverse(claim.completion),
                claim.first_record_at,
                claim.ended_at,
                &claim.native_id,
                claim.turn,
                claim.ordinal,
            )
        }) else {
            return Ok(());
        };
        for claim in &claims {
            let owner = (!std::ptr::eq(claim, winner)).then_some(winner.session);
            if owner != claim.owner {
                self.writing
                    .transaction
                    .prepare_cached(
                        "UPDATE spans SET owner = ?4
                         WHERE session = ?1 AND turn = ?2 AND ordinal = ?3",
                    )?
                    .execute(params![claim.session, claim.turn, claim.ordinal, owner])?;
            }
            // Also those that stay as they are: their sums were written as if
            // everything were their own.
            self.writing.recount.insert(claim.session);
        }
        Ok(())
    }

    fn claims(&self, response: i64) -> rusqlite::Result<Vec<Claim>> {
        self.writing
            .transaction
            .prepare_cached(
                "SELECT c.session, c.turn, c.ordinal, c.completion, s.first_record_at, s.ended_at,
                        s.native_id, p.owner
                 FROM claims c
                 CROSS JOIN sessions s ON s.id = c.session
                 CROSS JOIN spans p
                    ON p.session = c.session AND p.turn = c.turn AND p.ordinal = c.ordinal
                 WHERE c.response = ?1",
            )?
            .query_map([response], |row| {
                Ok(Claim {
                    session: row.get(0)?,
                    turn: row.get(1)?,
                    ordinal: row.get(2)?,
                    completion: row.get(3)?,
                    first_record_at: row.get(4)?,
                    ended_at: row.get(5)?,
                    native_id: row.get(6)?,
                    owner: row.get(7)?,
                })
            })?
            .collect()
    }

    /// Adds up a session anew, and says which of its turns are copies.
    fn recount(&mut self, session: i64) -> rusqlite::Result<()> {
        let turns = read_steps(&self.writing.transaction, session)?;
        let copied_from = copies(session, &turns);
        let mut sums = Sums::<i64>::default();
        for (turn, owner) in turns.iter().zip(&copied_from) {
            sums.add_turn(&turn.steps, owner.is_some());
        }
        let names = self.texts(sums.models().into_keys())?;
        write_sums(
            self.writing,
            session,
            &sums,
            |name| name,
            |name| names.get(&name).map_or("", String::as_str),
        )?;
        let shared = turns.iter().any(|turn| turn.shared);
        self.mark_copies(session, &turns, &copied_from, shared)
    }

    fn texts(&self, names: impl Iterator<Item = i64>) -> rusqlite::Result<FxHashMap<i64, String>> {
        let mut statement = self
            .writing
            .transaction
            .prepare_cached("SELECT name FROM names WHERE id = ?1")?;
        names
            .map(|name| Ok((name, statement.query_row([name], |row| row.get(0))?)))
            .collect()
    }

    fn mark_copies(
        &mut self,
        session: i64,
        turns: &[TurnSteps],
        copied_from: &[Option<i64>],
        shared: bool,
    ) -> rusqlite::Result<()> {
        let own_key = self.key_of(session)?;
        let owners: FxHashSet<i64> = copied_from.iter().copied().flatten().collect();
        let keys = owners
            .into_iter()
            .map(|owner| Ok((owner, self.key_of(owner)?)))
            .collect::<rusqlite::Result<FxHashMap<i64, SessionId>>>()?;
        let (first, last) = turn_keys(session);
        let before: FxHashMap<u32, [u8; 16]> = self
            .writing
            .transaction
            .prepare_cached(
                "SELECT id, copied_from FROM turns
                 WHERE id BETWEEN ?1 AND ?2 AND copied_from IS NOT NULL",
            )?
            .query_map([first, last], |row| Ok((split(row.get(0)?).1, row.get(1)?)))?
            .collect::<rusqlite::Result<_>>()?;
        let mut fork_of = None;
        for (turn, owner) in turns.iter().zip(copied_from) {
            let from = owner
                .and_then(|owner| keys.get(&owner))
                .map(|key| *key.as_bytes());
            fork_of = from.or(fork_of);
            if before.get(&turn.index) != from.as_ref() {
                self.writing
                    .transaction
                    .prepare_cached("UPDATE turns SET copied_from = ?2 WHERE id = ?1")?
                    .execute(params![turn_key(session, turn.index), from])?;
                self.writing.change(own_key).turns.insert(turn.index);
            }
        }
        self.writing
            .transaction
            .prepare_cached("UPDATE sessions SET fork_of = ?2, shared = ?3 WHERE id = ?1")?
            .execute(params![session, fork_of, shared])?;
        // Its sums may have changed, even where none of its turns has.
        self.writing.change(own_key);
        Ok(())
    }

    fn key_of(&self, session: i64) -> rusqlite::Result<SessionId> {
        self.writing
            .transaction
            .prepare_cached("SELECT key FROM sessions WHERE id = ?1")?
            .query_row([session], |row| session_id(row, 0))
    }
}

/// For each turn the session that it was copied from, if it is a copy: if all
/// its responses are counted elsewhere. Turns without any model call that
/// stand before copied ones came with them.
fn copies(session: i64, turns: &[TurnSteps]) -> Vec<Option<i64>> {
    let mut copies: Vec<Option<i64>> = turns
        .iter()
        .map(|turn| {
            let elsewhere = |owner: &Option<i64>| owner.filter(|owner| *owner != session);
            let all = turn.responses.iter().all(Option::is_some);
            if all {
                turn.responses.iter().rev().find_map(elsewhere)
            } else {
                None
            }
        })
        .collect();
    let mut next = None;
    for (turn, copied) in turns.iter().zip(&mut copies).rev() {
        match copied {
            Some(owner) => next = Some(*owner),
            None if !turn.calls => *copied = next,
            None => {}
        }
    }
    copies
}
