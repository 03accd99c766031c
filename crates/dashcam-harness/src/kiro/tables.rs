//! What to ask of `data.sqlite3`.
//!
//! Its other tables hold the person's credentials and settings: they are never
//! asked for. One conversation may stand under several folders: the row that
//! was changed last is the whole one.

use crate::{DatabaseLayout, RowQuery};

const SESSIONS: &str = "SELECT conversation_id, NULL, max(updated_at), count(*)
     FROM conversations_v2 GROUP BY conversation_id ORDER BY conversation_id";

const BYTES: &str =
    "SELECT max(octet_length(value)) FROM conversations_v2 WHERE conversation_id = ?1";

/// `timestamp` is where the recorder looks for the beginning of a record.
const CONVERSATION: RowQuery = RowQuery {
    table: "conversation",
    sql: "SELECT strftime('%Y-%m-%dT%H:%M:%fZ', created_at / 1000.0, 'unixepoch') AS timestamp,
              key, conversation_id, created_at, updated_at, value
          FROM conversations_v2 WHERE conversation_id = ?1
          ORDER BY updated_at DESC, created_at DESC, key DESC LIMIT 1",
    json: &["value"],
};

/// The requests of a conversation, without what was said.
const REQUEST: RowQuery = RowQuery {
    table: "request",
    sql: "SELECT strftime('%Y-%m-%dT%H:%M:%fZ', created_at / 1000.0, 'unixepoch') AS timestamp,
              newest.key, newest.conversation_id, newest.created_at,
              newest.value ->> '$.model_info.model_id' AS model,
              entry.value -> '$.request_metadata' AS request_metadata
          FROM (SELECT * FROM conversations_v2 WHERE conversation_id = ?1
                ORDER BY updated_at DESC, created_at DESC, key DESC LIMIT 1) AS newest,
               json_each(iif(json_valid(newest.value), newest.value, '{}'), '$.history') AS entry
          ORDER BY entry.key",
    json: &["request_metadata"],
};

/// The layouts, the newest first.
pub(super) const LAYOUTS: &[DatabaseLayout] = &[DatabaseLayout {
    sessions: SESSIONS,
    bytes: BYTES,
    rows: &[CONVERSATION],
    usage: &[REQUEST],
}];
