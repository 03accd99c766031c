//! A stored session's spans as steps, turn by turn.

use crate::codes::Code;
use crate::columns::optional_tokens;
use crate::sums::Step;
use dashcam_trace::{SpanKind, Status};
use rusqlite::Connection;

/// The steps of one turn.
#[derive(Default)]
pub(crate) struct TurnSteps {
    pub(crate) index: u32,
    pub(crate) steps: Vec<Step<i64>>,
    /// For each response in it, the session that counts it, if not this record.
    pub(crate) responses: Vec<Option<i64>>,
    /// Whether any of these has another record.
    pub(crate) shared: bool,
    /// Whether there are model calls in it.
    pub(crate) calls: bool,
}

/// A session's turns with their steps, in order.
pub(crate) fn read_steps(
    connection: &Connection,
    session: i64,
) -> rusqlite::Result<Vec<TurnSteps>> {
    let mut statement = connection.prepare_cached(
        "SELECT turn, id, parent, kind, status, start, finish, subject, cost, response, owner,
                prompt, cache_read, cache_write_5m, cache_write_1h, completion, reasoning, credits,
                (SELECT count(*) FROM (
                    SELECT 1 FROM claims c WHERE c.response = spans.response LIMIT 2)) > 1
         FROM spans WHERE session = ?1 ORDER BY turn, ordinal",
    )?;
    let mut rows = statement.query([session])?;
    let mut turns: Vec<TurnSteps> = Vec::new();
    while let Some(row) = rows.next()? {
        let index: u32 = row.get(0)?;
        if turns.last().is_none_or(|turn| turn.index != index) {
            turns.push(TurnSteps {
                index,
                ..TurnSteps::default()
            });
        }
        let Some(turn) = turns.last_mut() else {
            continue;
        };
        let owner: Option<i64> = row.get(10)?;
        if row.get::<_, Option<i64>>(9)?.is_some() {
            turn.responses.push(owner);
            turn.shared |= row.get::<_, bool>(18)?;
        }
        let kind = SpanKind::word(row.get(3)?);
        turn.calls |= kind == SpanKind::ModelCall;
        turn.steps.push(Step {
            id: row.get(1)?,
            parent: row.get(2)?,
            kind,
            status: Status::word(row.get(4)?),
            start: row.get(5)?,
            finish: row.get(6)?,
            subject: row.get(7)?,
            tokens: optional_tokens(row, 11)?,
            cost: row.get(8)?,
            credits: row.get(17)?,
            counted: owner.is_none(),
        });
    }
    Ok(turns)
}
