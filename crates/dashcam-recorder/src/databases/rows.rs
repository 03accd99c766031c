//! Rows as evidence: one line of JSON each.

use super::open::{DatabaseError, OpenDatabase};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use dashcam_harness::RowQuery;
use rusqlite::types::ValueRef;
use rustc_hash::FxHasher;
use serde_json::value::RawValue;
use std::hash::Hasher;

/// A session, as a database lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ListedSession {
    pub(crate) native_id: String,
    pub(crate) parent: Option<String>,
    pub(crate) modified_ns: i64,
    /// Tells whether its rows are as they were.
    pub(crate) stamp: u64,
}

impl OpenDatabase {
    /// Its sessions. Rows without an id are none.
    pub(crate) fn sessions(&self) -> Result<Vec<ListedSession>, DatabaseError> {
        let mut statement = self.connection.prepare_cached(self.layout.sessions)?;
        let columns = statement.column_count();
        let mut rows = statement.query([])?;
        let mut sessions = Vec::new();
        let mut line = Vec::new();
        while let Some(row) = rows.next()? {
            let Ok(native_id) = row.get::<_, String>(0) else {
                continue;
            };
            line.clear();
            for column in 0..columns {
                write_value(&mut line, row.get_ref(column)?, false);
                line.push(b',');
            }
            let mut hasher = FxHasher::default();
            hasher.write(&line);
            let parent: Option<String> = row.get(1).unwrap_or_default();
            let modified_ms: i64 = row.get(2).unwrap_or_default();
            sessions.push(ListedSession {
                parent: parent.filter(|parent| !parent.is_empty() && *parent != native_id),
                native_id,
                modified_ns: modified_ms.saturating_mul(1_000_000),
                stamp: hasher.finish(),
            });
        }
        Ok(sessions)
    }

    /// About how many bytes the rows of a session hold.
    pub(crate) fn bytes(&self, session: &str) -> Result<u64, DatabaseError> {
        let mut statement = self.connection.prepare_cached(self.layout.bytes)?;
        let bytes: Option<i64> = statement.query_row([session], |row| row.get(0))?;
        Ok(bytes
            .and_then(|bytes| u64::try_from(bytes).ok())
            .unwrap_or_default())
    }

    /// The rows of a session, all of one moment.
    pub(crate) fn evidence(&self, session: &str) -> Result<Vec<u8>, DatabaseError> {
        self.lines(session, self.layout.rows)
    }

    /// Those of its rows that usage is counted from.
    pub(crate) fn usage(&self, session: &str) -> Result<Vec<u8>, DatabaseError> {
        self.lines(session, self.layout.usage)
    }

    fn lines(&self, session: &str, queries: &'static [RowQuery]) -> Result<Vec<u8>, DatabaseError> {
        // A reader's transaction: it ends with the session, so that the
        // harness's log can always be moved into its database soon.
        let transaction = self.connection.unchecked_transaction()?;
        let mut lines = Vec::new();
        for query in queries {
            let mut statement = transaction.prepare_cached(query.sql)?;
            let columns: Vec<(String, bool)> = statement
                .column_names()
                .map(|name| (name.to_owned(), query.json.contains(&name)))
                .collect();
            let mut rows = statement.query([session])?;
            while let Some(row) = rows.next()? {
                lines.extend_from_slice(b"{\"table\":");
                write_text(&mut lines, query.table);
                for (column, (name, is_json)) in columns.iter().enumerate() {
                    let value = row.get_ref(column)?;
                    if value == ValueRef::Null {
                        continue;
                    }
                    lines.push(b',');
                    write_text(&mut lines, name);
                    lines.push(b':');
                    write_value(&mut lines, value, *is_json);
                }
                lines.extend_from_slice(b"}\n");
            }
        }
        transaction.finish()?;
        Ok(lines)
    }
}

fn write_value(line: &mut Vec<u8>, value: ValueRef<'_>, is_json: bool) {
    match value {
        ValueRef::Null => line.extend_from_slice(b"null"),
        ValueRef::Integer(number) => line.extend_from_slice(number.to_string().as_bytes()),
        // What JSON has no number for becomes `null`.
        ValueRef::Real(number) => write_json(line, &number),
        ValueRef::Text(text) | ValueRef::Blob(text) if is_json && write_raw(line, text) => {}
        ValueRef::Text(text) => write_text(line, &String::from_utf8_lossy(text)),
        ValueRef::Blob(bytes) => {
            if let Ok(text) = std::str::from_utf8(bytes) {
                write_text(line, text);
            } else {
                line.extend_from_slice(b"{\"base64\":\"");
                line.extend_from_slice(STANDARD.encode(bytes).as_bytes());
                line.extend_from_slice(b"\"}");
            }
        }
    }
}

/// Writes a column's own JSON, on one line. Returns whether it is JSON.
fn write_raw(line: &mut Vec<u8>, text: &[u8]) -> bool {
    if serde_json::from_slice::<&RawValue>(text).is_err() {
        return false;
    }
    let start = line.len();
    line.extend_from_slice(text.trim_ascii());
    // Between values only: within a string a line's end is always escaped.
    if memchr::memchr2(b'\n', b'\r', text).is_some() {
        for byte in &mut line[start..] {
            if matches!(byte, b'\n' | b'\r') {
                *byte = b' ';
            }
        }
    }
    true
}

fn write_text(line: &mut Vec<u8>, text: &str) {
    write_json(line, &text);
}

fn write_json(line: &mut Vec<u8>, value: &impl serde::Serialize) {
    // Neither a text nor a number fails to be written, and memory takes all.
    let _ = serde_json::to_writer(line, value);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(value: ValueRef<'_>, is_json: bool) -> String {
        let mut line = Vec::new();
        write_value(&mut line, value, is_json);
        String::from_utf8(line).unwrap()
    }

    #[test]
    fn json_stays_as_it_was_written_but_on_one_line() {
        let text = ValueRef::Text(b"{\n  \"a\": 1.50,\n  \"b\": \"x\\ny\"\n}");
        assert_eq!(written(text, true), r#"{   "a": 1.50,   "b": "x\ny" }"#);
        assert_eq!(written(ValueRef::Blob(b"[1]"), true), "[1]");
    }

    #[test]
    fn what_only_claims_to_be_json_is_a_text() {
        assert_eq!(written(ValueRef::Text(b"{\"a\":"), true), r#""{\"a\":""#);
        assert_eq!(
            written(ValueRef::Text(b"\xFFa\n"), true),
            "\"\u{fffd}a\\n\""
        );
    }

    #[test]
    fn every_kind_of_value_has_its_json() {
        assert_eq!(written(ValueRef::Integer(-7), false), "-7");
        assert_eq!(written(ValueRef::Real(0.013), false), "0.013");
        assert_eq!(written(ValueRef::Real(f64::NAN), false), "null");
        assert_eq!(
            written(ValueRef::Blob(b"\xFF\x00"), false),
            r#"{"base64":"/wA="}"#
        );
        assert_eq!(written(ValueRef::Blob(b"plain"), false), r#""plain""#);
    }
}
