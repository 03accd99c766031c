//! A prepared session into rows; turns that have not changed are left alone.

use super::prepared::{PreparedSession, PreparedTurn, SpanRow, TurnContent};
use super::removal;
use super::writer::Writing;
use crate::codes::{Code, nanos};
use crate::sums::{CallSums, Sums};
use crate::turn_key::{MAX_TURNS, split, turn_key, turn_keys};
use crate::{Store, StoreError};
use dashcam_trace::SessionId;
use rusqlite::{OptionalExtension, params};
use rustc_hash::{FxHashMap, FxHashSet};

/// Why a session could not be written.
pub(super) enum WriteError {
    Sqlite(rusqlite::Error),
    /// It was prepared from an older state of the store.
    Outdated(SessionId),
}

impl From<rusqlite::Error> for WriteError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl WriteError {
    pub(super) fn into_store_error(self, store: &Store) -> StoreError {
        match self {
            Self::Sqlite(error) => store.error(error),
            Self::Outdated(session) => StoreError::Outdated { session },
        }
    }
}

/// The stored session, as far as writing it anew depends on it.
struct Stored {
    id: i64,
    first_record_at: i64,
    ended_at: i64,
    sample: bool,
    shared: bool,
}

/// A stored turn.
struct StoredTurn {
    revision: u64,
    copied: bool,
}

/// Writes a session: its header, and those of its turns that are new or have
/// changed. Turns that it no longer has are removed.
pub(super) fn write_session(
    writing: &mut Writing<'_>,
    prepared: &PreparedSession,
) -> Result<(), WriteError> {
    let key = prepared.id();
    let stored = stored_session(writing, key)?;
    if prepared.extras.sample && stored.as_ref().is_some_and(|stored| !stored.sample) {
        // The user's own record of the same session is worth more.
        return Ok(());
    }
    let id = write_header(writing, prepared, stored.as_ref().map(|stored| stored.id))?;
    let turns = stored_turns(writing, id)?;
    writing.change(key).new |= stored.is_none();

    let names = prepared
        .names
        .iter()
        .map(|name| writing.name(name))
        .collect::<rusqlite::Result<Vec<i64>>>()?;
    let contested_before = writing.contested.len();
    let mut present = FxHashSet::default();
    for turn in prepared.turns.iter().filter(|turn| turn.index < MAX_TURNS) {
        present.insert(turn.index);
        let old = turns.get(&turn.index);
        if old.is_some_and(|old| old.revision == turn.revision) {
            continue;
        }
        let Some(content) = &turn.content else {
            return Err(WriteError::Outdated(key));
        };
        if old.is_some() {
            removal::remove_spans(writing, id, turn.index)?;
        }
        write_turn(writing, id, turn, content, &names)?;
        if !prepared.extras.sample {
            writing.queue(turn_key(id, turn.index))?;
        }
        writing.change(key).turns.insert(turn.index);
    }
    for index in turns.keys().filter(|index| !present.contains(index)) {
        removal::remove_turn(writing, id, *index)?;
        writing.change(key).turns.insert(*index);
    }

    let shared = stored.as_ref().is_some_and(|stored| stored.shared);
    let rank_changed = stored.as_ref().is_some_and(|stored| {
        stored.first_record_at != nanos(prepared.extras.first_record_at)
            || stored.ended_at != nanos(prepared.header.session.ended_at)
    });
    if shared && rank_changed {
        contest_all(writing, id)?;
    }
    let copies = turns.values().any(|turn| turn.copied);
    if shared || copies || writing.contested.len() > contested_before {
        writing.recount.insert(id);
    }
    // Sessions to be counted again get these sums too: they are overwritten.
    write_sums(
        writing,
        id,
        &prepared.sums,
        |name| names[name as usize],
        |name| &prepared.names[name as usize],
    )?;
    write_extras(writing, id, prepared, stored.is_some())?;
    Ok(())
}

fn stored_session(writing: &Writing<'_>, key: SessionId) -> rusqlite::Result<Option<Stored>> {
    writing
        .transaction
        .prepare_cached(
            "SELECT id, first_record_at, ended_at, sample, shared FROM sessions WHERE key = ?1",
        )?
        .query_row([key.as_bytes()], |row| {
            Ok(Stored {
                id: row.get(0)?,
                first_record_at: row.get(1)?,
                ended_at: row.get(2)?,
                sample: row.get(3)?,
                shared: row.get(4)?,
            })
        })
        .optional()
}

fn stored_turns(writing: &Writing<'_>, id: i64) -> rusqlite::Result<FxHashMap<u32, StoredTurn>> {
    let (first, last) = turn_keys(id);
    writing
        .transaction
        .prepare_cached(
            "SELECT id, revision, copied_from IS NOT NULL FROM turns WHERE id BETWEEN ?1 AND ?2",
        )?
        .query_map([first, last], |row| {
            let turn = StoredTurn {
                revision: row.get::<_, i64>(1)? as u64,
                copied: row.get(2)?,
            };
            Ok((split(row.get(0)?).1, turn))
        })?
        .collect()
}

fn write_header(
    writing: &Writing<'_>,
    prepared: &PreparedSession,
    id: Option<i64>,
) -> rusqlite::Result<i64> {
    let header = &prepared.header;
    let session = &header.session;
    let parent = session.parent.as_ref();
    let outcome = session.outcome.as_ref();
    writing
        .transaction
        .prepare_cached(
            "INSERT INTO sessions (id, key, harness, native_id, given_title, title, project, cwd,
                branch, revision, remote, version, entrypoint, started_at, ended_at,
                first_record_at, parent, parent_span, parent_relation, outcome, outcome_evidence,
                status, sample, files, problem_count)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17,
                ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25)
             ON CONFLICT (id) DO UPDATE SET
                given_title = ?5, title = ?6, project = ?7, cwd = ?8, branch = ?9, revision = ?10,
                remote = ?11, version = ?12, entrypoint = ?13, started_at = ?14, ended_at = ?15,
                first_record_at = ?16, parent = ?17, parent_span = ?18, parent_relation = ?19,
                outcome = ?20, outcome_evidence = ?21, status = ?22, sample = ?23, files = ?24,
                problem_count = ?25",
        )?
        .execute(params![
            id,
            session.id.as_bytes(),
            session.harness.as_str(),
            session.native_id,
            session.title,
            header.title,
            header.project,
            session.cwd,
            session.git.branch,
            session.git.commit,
            session.git.remote,
            session.version,
            session.entrypoint,
            nanos(session.started_at),
            nanos(session.ended_at),
            nanos(prepared.extras.first_record_at),
            parent.map(|parent| *parent.session.as_bytes()),
            parent
                .and_then(|parent| parent.span)
                .map(|span| *span.as_bytes()),
            parent.map(|parent| parent.relation.code()),
            outcome.map(|outcome| &outcome.label),
            outcome.map(|outcome| &outcome.evidence),
            header.status.code(),
            prepared.extras.sample,
            prepared.extras.files.join("\n"),
            prepared.extras.problem_count as i64,
        ])?;
    Ok(id.unwrap_or_else(|| writing.transaction.last_insert_rowid()))
}

fn write_turn(
    writing: &mut Writing<'_>,
    session: i64,
    turn: &PreparedTurn,
    content: &TurnContent,
    names: &[i64],
) -> rusqlite::Result<()> {
    let key = turn_key(session, turn.index);
    writing
        .transaction
        .prepare_cached(
            "INSERT INTO turns (id, key, start, finish, status, abandoned, revision, prompt,
                                content_bytes)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
             ON CONFLICT (id) DO UPDATE SET
                key = ?2, start = ?3, finish = ?4, status = ?5, abandoned = ?6, revision = ?7,
                prompt = ?8, content_bytes = ?9",
        )?
        .execute(params![
            key,
            turn.key,
            turn.start,
            turn.finish,
            turn.status.code(),
            turn.abandoned,
            turn.revision as i64,
            turn.prompt,
            content.json_bytes,
        ])?;
    writing
        .transaction
        .prepare_cached("INSERT OR REPLACE INTO content (id, body) VALUES (?1, ?2)")?
        .execute(params![key, content.body])?;
    writing
        .transaction
        .prepare_cached("INSERT OR IGNORE INTO pending (turn) VALUES (?1)")?
        .execute([key])?;
    for (ordinal, span) in content.spans.iter().enumerate() {
        write_span(writing, session, turn.index, ordinal as i64, span, names)?;
    }
    Ok(())
}

fn write_span(
    writing: &mut Writing<'_>,
    session: i64,
    turn: u32,
    ordinal: i64,
    span: &SpanRow,
    names: &[i64],
) -> rusqlite::Result<()> {
    let step = &span.step;
    let tokens = step.tokens;
    writing
        .transaction
        .prepare_cached(
            "INSERT INTO spans (session, turn, ordinal, id, parent, kind, status, timing, name,
                start, finish, detail, subject, target, prompt, cache_read, cache_write_5m,
                cache_write_1h, completion, reasoning, cost, response, credits)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17,
                ?18, ?19, ?20, ?21, ?22, ?23)",
        )?
        .execute(params![
            session,
            turn,
            ordinal,
            step.id,
            step.parent,
            step.kind.code(),
            step.status.code(),
            span.timing,
            names[span.name as usize],
            step.start,
            step.finish,
            span.detail,
            step.subject.map(|name| names[name as usize]),
            span.target,
            tokens.map(|tokens| tokens.prompt as i64),
            tokens.map(|tokens| tokens.cache_read as i64),
            tokens.map(|tokens| tokens.cache_write_5m as i64),
            tokens.map(|tokens| tokens.cache_write_1h as i64),
            tokens.map(|tokens| tokens.completion as i64),
            tokens.map(|tokens| tokens.reasoning as i64),
            step.cost,
            span.response,
            step.credits,
        ])?;
    let Some(response) = span.response else {
        return Ok(());
    };
    let elsewhere = writing
        .transaction
        .prepare_cached("SELECT 1 FROM claims WHERE response = ?1")?
        .exists([response])?;
    if elsewhere {
        writing.contested.insert(response);
    }
    writing
        .transaction
        .prepare_cached(
            "INSERT INTO claims (response, session, turn, ordinal, completion)
             VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![
            response,
            session,
            turn,
            ordinal,
            tokens.map_or(0, |tokens| tokens.completion as i64),
        ])?;
    Ok(())
}

/// Has every response of a session decided again.
fn contest_all(writing: &mut Writing<'_>, id: i64) -> rusqlite::Result<()> {
    let mut statement = writing
        .transaction
        .prepare_cached("SELECT response FROM spans WHERE session = ?1 AND response IS NOT NULL")?;
    let responses = statement.query_map([id], |row| row.get(0))?;
    for response in responses {
        writing.contested.insert(response?);
    }
    Ok(())
}

/// Writes a session's sums and rollups. `id_of` and `text_of` tell a name's
/// number and text.
pub(super) fn write_sums<'n, N: Copy + Eq + std::hash::Hash>(
    writing: &Writing<'_>,
    session: i64,
    sums: &Sums<N>,
    id_of: impl Fn(N) -> i64,
    text_of: impl Fn(N) -> &'n str,
) -> rusqlite::Result<()> {
    let transaction = &writing.transaction;
    let CallSums {
        calls,
        tokens,
        cost,
        unpriced,
        credits,
    } = sums.total;
    let mut models: Vec<(i64, &str)> = sums
        .models()
        .into_iter()
        .map(|(model, calls)| (-calls, text_of(model)))
        .collect();
    models.sort_unstable();
    let models: Vec<&str> = models.into_iter().map(|(_, model)| model).collect();
    transaction
        .prepare_cached(
            "UPDATE sessions SET models = ?2, turns = ?3, spans = ?4, model_calls = ?5,
                tool_calls = ?6, errors = ?7, agent_runs = ?8, prompt = ?9, cache_read = ?10,
                cache_write_5m = ?11, cache_write_1h = ?12, completion = ?13, reasoning = ?14,
                cost = ?15, unpriced = ?16, credits = ?17
             WHERE id = ?1",
        )?
        .execute(params![
            session,
            models.join("\n"),
            sums.turns,
            sums.spans,
            calls,
            sums.tool_calls,
            sums.errors,
            sums.agent_runs,
            tokens.prompt as i64,
            tokens.cache_read as i64,
            tokens.cache_write_5m as i64,
            tokens.cache_write_1h as i64,
            tokens.completion as i64,
            tokens.reasoning as i64,
            cost,
            unpriced,
            credits,
        ])?;
    transaction
        .prepare_cached("DELETE FROM rollup WHERE session = ?1")?
        .execute([session])?;
    let mut insert = transaction.prepare_cached(
        "INSERT INTO rollup (session, quarter, model, calls, prompt, cache_read, cache_write_5m,
            cache_write_1h, completion, reasoning, cost, unpriced, credits)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
    )?;
    for ((quarter, model), sums) in &sums.usage {
        insert.execute(params![
            session,
            quarter,
            id_of(*model),
            sums.calls,
            sums.tokens.prompt as i64,
            sums.tokens.cache_read as i64,
            sums.tokens.cache_write_5m as i64,
            sums.tokens.cache_write_1h as i64,
            sums.tokens.completion as i64,
            sums.tokens.reasoning as i64,
            sums.cost,
            sums.unpriced,
            sums.credits,
        ])?;
    }
    transaction
        .prepare_cached("DELETE FROM tool_rollup WHERE session = ?1")?
        .execute([session])?;
    let mut insert = transaction.prepare_cached(
        "INSERT INTO tool_rollup (session, quarter, tool, model, calls, errors)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?;
    for ((quarter, tool, model), (calls, errors)) in &sums.tools {
        let model = model.map_or(0, &id_of);
        insert.execute(params![
            session,
            quarter,
            id_of(*tool),
            model,
            calls,
            errors
        ])?;
    }
    Ok(())
}

fn write_extras(
    writing: &Writing<'_>,
    session: i64,
    prepared: &PreparedSession,
    known: bool,
) -> rusqlite::Result<()> {
    let transaction = &writing.transaction;
    let extras = &prepared.extras;
    if known {
        removal::remove_extras(transaction, session)?;
    }
    for (ordinal, problem) in extras.problems.iter().enumerate() {
        transaction
            .prepare_cached(
                "INSERT INTO problems (session, ordinal, kind, file, line, message)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?
            .execute(params![
                session,
                ordinal as i64,
                problem.kind.code(),
                problem.file,
                problem.line.map(|line| line as i64),
                problem.message,
            ])?;
    }
    for (record_type, count) in &extras.unknown_records {
        transaction
            .prepare_cached(
                "INSERT INTO unknown_records (session, type, count) VALUES (?1, ?2, ?3)",
            )?
            .execute(params![session, record_type, *count as i64])?;
    }
    for (image, media_type, bytes) in &extras.images {
        transaction
            .prepare_cached(
                "INSERT OR IGNORE INTO images (key, media_type, bytes) VALUES (?1, ?2, ?3)",
            )?
            .execute(params![image.0, media_type, bytes])?;
        transaction
            .prepare_cached("INSERT OR IGNORE INTO image_uses (session, image) VALUES (?1, ?2)")?
            .execute(params![session, image.0])?;
    }
    Ok(())
}
