//! One session with the outline of its spans.

use super::sessions::{Condition, lines, list};
use super::turn::header;
use crate::codes::{Code, timestamp};
use crate::columns::{optional_session_id, optional_tokens};
use crate::turn_key::{split, turn_keys};
use crate::view::{SessionDetail, SpanOutline, TurnOutline};
use crate::{Store, StoreError};
use dashcam_trace::{
    CreditSum, Credits, Harness, Money, Problem, ProblemKind, SessionId, SpanId, SpanKind, Status,
    Timing, TurnId, TurnStatus,
};
use rusqlite::Connection;
use rusqlite::types::Value;
use rustc_hash::FxHashMap;

impl Store {
    /// A session with the outline of all its spans, without their content.
    pub fn session_detail(&self, id: SessionId) -> Result<SessionDetail, StoreError> {
        let mut reader = self.reader()?;
        let read = |connection: &mut Connection| {
            let snapshot = connection.transaction()?;
            let Some((row_id, summary)) = header(&snapshot, id)? else {
                return Ok(None);
            };
            let mut children = Condition::default();
            let key = || Value::from(id.as_bytes().to_vec());
            children.add(
                "parent = ? OR (parent IS NULL AND fork_of = ?)",
                [key(), key()],
            );
            let files: String = snapshot
                .prepare_cached("SELECT files FROM sessions WHERE id = ?1")?
                .query_row([row_id], |row| row.get(0))?;
            let turns = turns(&snapshot, row_id, summary.harness)?;
            Ok(Some(SessionDetail {
                summary,
                children: list(&snapshot, &children, "started_at", None, 0)?,
                turns,
                problems: problems(&snapshot, "session = ?1 ORDER BY ordinal", row_id)?,
                files: lines(&files),
            }))
        };
        read(reader.connection())
            .map_err(|error| self.error(error))?
            .ok_or_else(|| Self::no_session(id))
    }
}

/// Problems, as `rest` (after `WHERE`, with one value) chooses and orders them.
pub(super) fn problems(
    connection: &Connection,
    rest: &str,
    value: i64,
) -> rusqlite::Result<Vec<Problem>> {
    connection
        .prepare_cached(&format!(
            "SELECT kind, file, line, message FROM problems WHERE {rest}"
        ))?
        .query_map([value], |row| {
            Ok(Problem {
                kind: ProblemKind::word(row.get(0)?),
                file: row.get(1)?,
                line: row.get::<_, Option<i64>>(2)?.map(|line| line as u64),
                message: row.get(3)?,
            })
        })?
        .collect()
}

fn turns(
    connection: &Connection,
    session: i64,
    harness: Harness,
) -> rusqlite::Result<Vec<TurnOutline>> {
    let mut turns: Vec<TurnOutline> = connection
        .prepare_cached(
            "SELECT id, key, start, finish, status, abandoned, copied_from, revision, prompt
             FROM turns WHERE id BETWEEN ?1 AND ?2 ORDER BY id",
        )?
        .query_map(turn_keys(session), |row| {
            let copied_from = optional_session_id(row, 6)?;
            let mut revision = format!("{:016x}", row.get::<_, i64>(7)?);
            if let Some(from) = copied_from {
                revision.push_str(&from.to_string()[..8]);
            }
            Ok(TurnOutline {
                id: TurnId::from_bytes(row.get(1)?),
                index: split(row.get(0)?).1,
                prompt: row.get(8)?,
                start: timestamp(row.get(2)?),
                end: row.get::<_, Option<i64>>(3)?.map(timestamp),
                status: TurnStatus::word(row.get(4)?),
                abandoned: row.get(5)?,
                copied_from,
                revision,
                tokens: dashcam_trace::Tokens::default(),
                cost: Money::ZERO,
                credits: None,
                spans: Vec::new(),
            })
        })?
        .collect::<rusqlite::Result<_>>()?;
    add_spans(connection, session, harness, &mut turns)?;
    Ok(turns)
}

fn add_spans(
    connection: &Connection,
    session: i64,
    harness: Harness,
    turns: &mut [TurnOutline],
) -> rusqlite::Result<()> {
    let mut names = connection.prepare_cached("SELECT name FROM names WHERE id = ?1")?;
    let mut known: FxHashMap<i64, String> = FxHashMap::default();
    let mut statement = connection.prepare_cached(
        "SELECT turn, id, parent, kind, name, start, finish, status, timing, detail, target, cost,
                prompt, cache_read, cache_write_5m, cache_write_1h, completion, reasoning, credits
         FROM spans WHERE session = ?1 ORDER BY turn, ordinal",
    )?;
    let mut rows = statement.query([session])?;
    let mut turns = turns.iter_mut().peekable();
    while let Some(row) = rows.next()? {
        let index: u32 = row.get(0)?;
        while turns.peek().is_some_and(|turn| turn.index < index) {
            turns.next();
        }
        let Some(turn) = turns.peek_mut().filter(|turn| turn.index == index) else {
            continue;
        };
        let name: i64 = row.get(4)?;
        let name = if let Some(text) = known.get(&name) {
            text.clone()
        } else {
            let text: String = names.query_row([name], |row| row.get(0))?;
            known.insert(name, text.clone());
            text
        };
        let kind = SpanKind::word(row.get(3)?);
        let detail: Option<i64> = row.get(9)?;
        let credits = row.get::<_, Option<i64>>(18)?.map(Credits::from_nanos);
        let credits = credits.unwrap_or_default();
        let span = SpanOutline {
            id: span_id(row.get(1)?),
            parent: row.get::<_, Option<i64>>(2)?.map(span_id),
            kind,
            name,
            start: timestamp(row.get(5)?),
            end: row.get::<_, Option<i64>>(6)?.map(timestamp),
            status: Status::word(row.get(7)?),
            timing: Timing::word(row.get(8)?),
            tool_kind: detail
                .filter(|_| kind == SpanKind::ToolCall)
                .map(Code::word),
            event: detail.filter(|_| kind == SpanKind::Event).map(Code::word),
            target: row.get(10)?,
            tokens: optional_tokens(row, 12)?,
            cost: row.get::<_, Option<i64>>(11)?.map(Money::from_nanos),
            credits: CreditSum::of(harness, credits),
        };
        turn.tokens += span.tokens.unwrap_or_default();
        turn.cost += span.cost.unwrap_or_default();
        let known = turn.credits.as_ref().map(|sum| sum.amount);
        turn.credits = CreditSum::of(harness, known.unwrap_or_default() + credits);
        turn.spans.push(span);
    }
    Ok(())
}

fn span_id(id: i64) -> SpanId {
    SpanId::from_bytes(id.to_be_bytes())
}
