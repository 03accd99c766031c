//! Searches: finds turns by their words, ranks them, and opens the best.
//!
//! A turn's rank is the sum over the words of the weight of the best field
//! that holds them (what the person asked before what a tool gave back),
//! scaled by how recently its session was worked on: half as much a month
//! later, and never below a quarter. Within one session, hits come in order
//! of the conversation instead.

use super::query::{Query, Term, Words};
use super::sieve::Sieve;
use super::snippet::snippet;
use super::text::{FIELDS, TurnText, number};
use crate::columns::{harness, session_id};
use crate::read::{pending_turns, sessions::Condition};
use crate::turn_key::{split, split_search};
use crate::view::{SearchField, SearchHit, SearchQuery, SearchResults};
use crate::zstd_frames::decompress;
use crate::{Store, StoreError};
use dashcam_trace::{Harness, SessionId};
use rayon::prelude::*;
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};
use rustc_hash::{FxHashMap, FxHashSet};

/// How much a word in each field counts.
const WEIGHTS: [f64; FIELDS.len()] = [4.0, 3.0, 1.5, 2.0, 1.0];
/// How many turns are opened at a time, on all cores.
const OPENED_AT_ONCE: usize = 32;
/// After how many seconds a turn counts half.
const HALF_LIFE: f64 = 30.0 * 86400.0;
/// How often a term is looked for in one text.
const MOST_MATCHES: usize = 20;

/// A session that may have hits.
struct Candidate {
    id: SessionId,
    harness: Harness,
    title: String,
    project: String,
    ended_at: i64,
}

/// A turn's fields as bits, with its rank.
struct Ranked {
    turn: i64,
    rank: f64,
}

/// What is looked for in the turns themselves.
struct Look<'q> {
    query: &'q Query,
    sieve: Sieve,
    /// The fields to look into, as bits.
    allowed: u32,
    /// The most hits of one turn.
    of_each: usize,
}

/// A turn as it is stored.
struct StoredTurn<'s> {
    index: u32,
    session: &'s Candidate,
    json_bytes: i64,
    body: Vec<u8>,
}

impl Look<'_> {
    /// Whether the words of a text are worth being told apart.
    fn is_worth(&self, field: SearchField, text: &str, scratch: &mut Vec<u8>) -> bool {
        self.allowed & 1 << number(field) != 0 && self.sieve.lets_through(text, scratch)
    }
}

impl Store {
    /// Searches all turns, or those that a filter lets through.
    pub fn search(&self, query: &SearchQuery) -> Result<SearchResults, StoreError> {
        let parsed = Query::parse(&query.text)?;
        let mut reader = self.reader()?;
        let sqlite = |error| self.error(error);
        let snapshot = reader.connection().transaction().map_err(sqlite)?;
        let sessions = candidates(&snapshot, query).map_err(sqlite)?;
        let allowed = fields(query);
        let turns = matching(&snapshot, &parsed, allowed, &sessions).map_err(sqlite)?;
        let ranked = rank(turns, &sessions, query.session.is_some());

        let look = Look {
            query: &parsed,
            sieve: Sieve::new(&parsed),
            allowed,
            // Elsewhere, a second hit in a turn would push out other turns.
            of_each: if query.session.is_some() {
                usize::MAX
            } else {
                1
            },
        };
        let mut hits = Vec::new();
        let enough = query.offset as usize + query.limit as usize;
        for ranked in ranked.chunks(OPENED_AT_ONCE) {
            let stored = ranked
                .iter()
                .filter_map(|ranked| {
                    let (session, index) = split(ranked.turn);
                    let candidate = sessions.get(&session)?;
                    Some(self.stored_turn(&snapshot, ranked.turn, index, candidate))
                })
                .collect::<Result<Vec<_>, _>>()?;
            let found: Vec<Vec<SearchHit>> = stored
                .par_iter()
                .map_init(Vec::new, |scratch, turn| self.hits_of(turn, &look, scratch))
                .collect::<Result<_, _>>()?;
            hits.extend(found.into_iter().flatten());
            if hits.len() > enough {
                break;
            }
        }
        let more = hits.len() > enough;
        hits.truncate(enough);
        hits.drain(..hits.len().min(query.offset as usize));
        let pending_turns = pending_turns(&snapshot).map_err(sqlite)?;
        Ok(SearchResults {
            hits,
            more,
            pending_turns,
        })
    }

    fn stored_turn<'s>(
        &self,
        connection: &Connection,
        turn: i64,
        index: u32,
        session: &'s Candidate,
    ) -> Result<StoredTurn<'s>, StoreError> {
        connection
            .prepare_cached(
                "SELECT t.content_bytes, c.body FROM turns t JOIN content c ON c.id = t.id
                 WHERE t.id = ?1",
            )
            .and_then(|mut statement| {
                statement.query_row([turn], |row| {
                    Ok(StoredTurn {
                        index,
                        session,
                        json_bytes: row.get(0)?,
                        body: row.get(1)?,
                    })
                })
            })
            .map_err(|error| self.error(error))
    }

    /// The spans of a turn that match, if the turn does: the best first.
    fn hits_of(
        &self,
        turn: &StoredTurn<'_>,
        look: &Look<'_>,
        scratch: &mut Vec<u8>,
    ) -> Result<Vec<SearchHit>, StoreError> {
        let StoredTurn { index, session, .. } = *turn;
        let damaged = |error: &dyn std::fmt::Display| {
            self.damaged(format!("turn {index} of session {}", session.id), error)
        };
        let json = decompress(&turn.body, turn.json_bytes).map_err(|error| damaged(&error))?;
        let text = TurnText::parse(&json).map_err(|error| damaged(&error))?;
        let spans = Matches::of(&text, look, scratch).map_or_else(Vec::new, Matches::spans);
        Ok(spans
            .into_iter()
            .take(look.of_each)
            .filter_map(|found| {
                let span = text.spans.get(found.ordinal)?;
                Some(SearchHit {
                    session: session.id,
                    harness: session.harness,
                    title: session.title.clone(),
                    project: session.project.clone(),
                    turn: index,
                    span: span.id,
                    span_name: span.name.clone().into_owned(),
                    field: found.field,
                    at: span.start,
                    snippet: found.snippet,
                    matches: found.marks,
                })
            })
            .collect())
    }
}

/// The allowed fields, as bits.
fn fields(query: &SearchQuery) -> u32 {
    if query.fields.is_empty() {
        (1 << FIELDS.len()) - 1
    } else {
        query
            .fields
            .iter()
            .fold(0, |bits, field| bits | 1 << number(*field))
    }
}

fn candidates(
    connection: &Connection,
    query: &SearchQuery,
) -> rusqlite::Result<FxHashMap<i64, Candidate>> {
    let mut condition = Condition::of(&query.sessions);
    if let Some(session) = query.session {
        condition.add("key = ?", [Value::from(session.as_bytes().to_vec())]);
    }
    connection
        .prepare_cached(&format!(
            "SELECT id, key, harness, title, project, ended_at FROM sessions WHERE {}",
            condition.sql()
        ))?
        .query_map(params_from_iter(&condition.values), |row| {
            let candidate = Candidate {
                id: session_id(row, 1)?,
                harness: harness(row, 2)?,
                title: row.get(3)?,
                project: row.get(4)?,
                ended_at: row.get(5)?,
            };
            Ok((row.get(0)?, candidate))
        })?
        .collect()
}

/// The turns that hold all wanted words, with the sum of their weights.
fn matching(
    connection: &Connection,
    query: &Query,
    allowed: u32,
    sessions: &FxHashMap<i64, Candidate>,
) -> rusqlite::Result<FxHashMap<i64, f64>> {
    // The longest words first: they tend to be the rarest.
    let mut words: Vec<(&str, bool)> = query.wanted.iter().flat_map(Term::lookups).collect();
    words.sort_by_key(|(word, prefix)| (*prefix, std::cmp::Reverse(word.len())));
    words.dedup();
    let mut turns: Option<FxHashMap<i64, f64>> = None;
    for (word, prefix) in words {
        let mut found: FxHashMap<i64, f64> = FxHashMap::default();
        let mut statement = connection.prepare_cached(LOOK_UP)?;
        let mut rows = statement.query([looked_up(word, prefix)])?;
        while let Some(row) = rows.next()? {
            let (turn, field) = split_search(row.get(0)?);
            let Some(weight) = WEIGHTS.get(field).filter(|_| allowed & 1 << field != 0) else {
                continue;
            };
            let before = match &turns {
                Some(turns) => turns.get(&turn).copied(),
                None => sessions.contains_key(&split(turn).0).then_some(0.0),
            };
            if let Some(before) = before {
                let rank = found.entry(turn).or_default();
                *rank = rank.max(before + weight);
            }
        }
        if found.is_empty() {
            return Ok(found);
        }
        turns = Some(found);
    }
    let mut turns = turns.unwrap_or_default();
    // A phrase's words may stand apart, so only single words rule a turn out
    // before it is opened.
    for (word, prefix) in query
        .unwanted
        .iter()
        .filter(|term| term.parts)
        .flat_map(Term::lookups)
    {
        let mut statement = connection.prepare_cached(LOOK_UP)?;
        let mut rows = statement.query([looked_up(word, prefix)])?;
        while let Some(row) = rows.next()? {
            let (turn, field) = split_search(row.get(0)?);
            if allowed & 1 << field != 0 {
                turns.remove(&turn);
            }
        }
    }
    Ok(turns)
}

/// Finds the fields of turns that hold a word.
const LOOK_UP: &str = "SELECT rowid FROM search WHERE search MATCH ?1";

/// A word in the index's own language. Words hold no quotes, so nothing in
/// them is taken for anything else.
fn looked_up(word: &str, prefix: bool) -> String {
    format!("\"{word}\"{}", if prefix { "*" } else { "" })
}

/// The turns in the order in which their hits are shown.
fn rank(
    turns: FxHashMap<i64, f64>,
    sessions: &FxHashMap<i64, Candidate>,
    in_order: bool,
) -> Vec<Ranked> {
    let latest = sessions
        .values()
        .map(|session| session.ended_at)
        .max()
        .unwrap_or_default();
    let mut ranked: Vec<Ranked> = turns
        .into_iter()
        .map(|(turn, weight)| {
            let ended_at = sessions
                .get(&split(turn).0)
                .map_or(0, |session| session.ended_at);
            let age = latest.saturating_sub(ended_at) as f64 / 1e9;
            Ranked {
                turn,
                rank: weight * (-age / HALF_LIFE).exp2().max(0.25),
            }
        })
        .collect();
    if in_order {
        ranked.sort_by_key(|ranked| ranked.turn);
    } else {
        ranked.sort_by(|a, b| b.rank.total_cmp(&a.rank).then(b.turn.cmp(&a.turn)));
    }
    ranked
}

/// What was found in one turn.
struct Matches {
    texts: Vec<Found>,
}

/// A text that holds at least one of the wanted terms.
struct Found {
    ordinal: usize,
    field: SearchField,
    /// How many of the terms.
    terms: usize,
    snippet: String,
    marks: Vec<(u32, u32)>,
}

impl Matches {
    /// Looks at the turn itself; `None` if it does not match after all.
    fn of(turn: &TurnText<'_>, look: &Look<'_>, scratch: &mut Vec<u8>) -> Option<Self> {
        let query = look.query;
        let mut present: FxHashSet<usize> = FxHashSet::default();
        let mut unwanted = false;
        let mut texts = Vec::new();
        turn.for_each(&mut |ordinal, field, text| {
            if unwanted || !look.is_worth(field, text, scratch) {
                return;
            }
            let words = Words::of(text);
            unwanted |= query
                .unwanted
                .iter()
                .any(|term| !words.find(term, 1).is_empty());
            let mut matches = Vec::new();
            let mut terms = 0;
            for (index, term) in query.wanted.iter().enumerate() {
                let found = words.find(term, MOST_MATCHES);
                if !found.is_empty() {
                    terms += 1;
                    present.insert(index);
                    matches.extend(found);
                }
            }
            if terms > 0 {
                matches.sort_unstable();
                let (snippet, marks) = snippet(text, &matches);
                texts.push(Found {
                    ordinal,
                    field,
                    terms,
                    snippet,
                    marks,
                });
            }
        });
        (!unwanted && present.len() == query.wanted.len()).then_some(Self { texts })
    }

    /// One text for each span and field, the best first.
    fn spans(mut self) -> Vec<Found> {
        let weight = |found: &Found| WEIGHTS[number(found.field)] * found.terms as f64;
        self.texts.sort_by(|a, b| {
            (b.terms.cmp(&a.terms))
                .then(weight(b).total_cmp(&weight(a)))
                .then(a.ordinal.cmp(&b.ordinal))
        });
        let mut seen = FxHashSet::default();
        self.texts
            .retain(|found| seen.insert((found.ordinal, found.field)));
        self.texts
    }
}
