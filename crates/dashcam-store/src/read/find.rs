//! Which session a person means.

use crate::columns::session_id;
use crate::{Store, StoreError};
use dashcam_trace::SessionId;
use rusqlite::Connection;

/// How many candidates of an ambiguous name are told.
const CANDIDATES: i64 = 8;

impl Store {
    /// The session that a name means: an id or its beginning, or the
    /// harness's own id or its beginning.
    pub fn find_session(&self, name: &str) -> Result<SessionId, StoreError> {
        let wanted = name.trim();
        let reader = self.reader()?;
        let mut found = candidates(&reader, wanted).map_err(|error| self.error(error))?;
        match (found.pop(), found.is_empty()) {
            (Some(only), true) => Ok(only),
            (None, _) => Err(StoreError::NoSession {
                name: name.to_owned(),
            }),
            (Some(last), false) => {
                found.push(last);
                Err(StoreError::Ambiguous {
                    name: name.to_owned(),
                    candidates: found,
                })
            }
        }
    }
}

/// Exact names come alone; else every session whose id begins like this.
fn candidates(connection: &Connection, name: &str) -> rusqlite::Result<Vec<SessionId>> {
    if name.is_empty() {
        return Ok(Vec::new());
    }
    let mut exact = connection.prepare_cached("SELECT key FROM sessions WHERE native_id = ?1")?;
    let found: Vec<SessionId> = exact
        .query_map([name], |row| session_id(row, 0))?
        .collect::<rusqlite::Result<_>>()?;
    if !found.is_empty() {
        return Ok(found);
    }
    let (low, high) = key_range(name).unwrap_or(([0xff; 16], [0; 16]));
    let mut beginning = connection.prepare_cached(
        "SELECT key FROM sessions WHERE key BETWEEN ?1 AND ?2
         UNION SELECT key FROM sessions WHERE substr(native_id, 1, length(?3)) = ?3
         LIMIT ?4",
    )?;
    let rows = beginning.query_map((low, high, name, CANDIDATES), |row| session_id(row, 0))?;
    rows.collect()
}

/// The least and the greatest id that begin with these digits.
fn key_range(digits: &str) -> Option<([u8; 16], [u8; 16])> {
    if digits.len() > 32 || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    let padded = |with: &str| {
        let text = format!("{digits}{}", with.repeat(32 - digits.len()));
        text.to_ascii_lowercase()
            .parse::<SessionId>()
            .ok()
            .map(|id| *id.as_bytes())
    };
    Some((padded("0")?, padded("f")?))
}
