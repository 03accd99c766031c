//! Columns that hold something of the vocabulary.

use crate::codes::Code;
use dashcam_trace::{Harness, Parent, ParentRelation, SessionId, SpanId, Tokens};
use rusqlite::types::Type;
use rusqlite::{Error, Result, Row};

/// A harness by its name.
pub(crate) fn harness(row: &Row<'_>, column: usize) -> Result<Harness> {
    let name = row.get_ref(column)?.as_str()?;
    name.parse().map_err(|error| {
        Error::FromSqlConversionFailure(
            column,
            Type::Text,
            Box::<dyn std::error::Error + Send + Sync>::from(
                dashcam_trace::UnknownHarness::to_string(&error),
            ),
        )
    })
}

/// A session's id.
pub(crate) fn session_id(row: &Row<'_>, column: usize) -> Result<SessionId> {
    row.get(column).map(SessionId::from_bytes)
}

/// A session's id, or nothing.
pub(crate) fn optional_session_id(row: &Row<'_>, column: usize) -> Result<Option<SessionId>> {
    Ok(row
        .get::<_, Option<[u8; 16]>>(column)?
        .map(SessionId::from_bytes))
}

/// The parent of a session: the one that its evidence names (session, span,
/// relation), or else the one that its copied turns come from.
pub(crate) fn parent(row: &Row<'_>, first: usize) -> Result<Option<Parent>> {
    if let Some(session) = optional_session_id(row, first)? {
        return Ok(Some(Parent {
            session,
            span: row
                .get::<_, Option<[u8; 8]>>(first + 1)?
                .map(SpanId::from_bytes),
            relation: ParentRelation::word(
                row.get::<_, Option<i64>>(first + 2)?.unwrap_or_default(),
            ),
        }));
    }
    let fork_of = optional_session_id(row, first + 3)?;
    Ok(fork_of.map(|session| Parent {
        session,
        span: None,
        relation: ParentRelation::Fork,
    }))
}

/// Six columns of token counts.
pub(crate) fn tokens(row: &Row<'_>, first: usize) -> Result<Tokens> {
    let count = |offset: usize| row.get::<_, i64>(first + offset).map(|count| count as u64);
    Ok(Tokens {
        prompt: count(0)?,
        cache_read: count(1)?,
        cache_write_5m: count(2)?,
        cache_write_1h: count(3)?,
        completion: count(4)?,
        reasoning: count(5)?,
    })
}

/// Six columns of token counts, all absent where none are known.
pub(crate) fn optional_tokens(row: &Row<'_>, first: usize) -> Result<Option<Tokens>> {
    match row.get_ref(first)? {
        rusqlite::types::ValueRef::Null => Ok(None),
        _ => tokens(row, first).map(Some),
    }
}
