//! What to ask of `opencode.db`.
//!
//! Tables and columns as in 1.18.33; `event_sequence`, which counts what
//! happened in a session, came after 1.2. Tables with accounts and credentials
//! are never asked for.

use crate::{DatabaseLayout, RowQuery};

/// The newest messages of a session: what is written while it runs is theirs.
/// What changes in older ones comes with a change in these.
macro_rules! newest {
    ($columns:literal) => {
        concat!(
            "SELECT ",
            $columns,
            " FROM message WHERE message.session_id = session.id
              ORDER BY message.time_created DESC, message.id DESC LIMIT 3"
        )
    };
}

macro_rules! sessions {
    ($counted:literal) => {
        concat!(
            "SELECT session.id, session.parent_id,
                max(session.time_updated,
                    coalesce((SELECT max(time_updated) FROM part WHERE message_id IN (",
            newest!("message.id"),
            ")), 0)),
                session.time_updated,
                (SELECT count(*) FROM message WHERE message.session_id = session.id),
                (SELECT group_concat(id || time_updated) FROM (",
            newest!("message.id AS id, message.time_updated AS time_updated"),
            ")),
                (SELECT count(*) FROM part WHERE message_id IN (",
            newest!("message.id"),
            ")),",
            $counted,
            " FROM session ORDER BY session.id"
        )
    };
}

const BYTES: &str = "SELECT
    coalesce((SELECT sum(octet_length(data)) FROM part WHERE session_id = ?1), 0) +
    coalesce((SELECT sum(octet_length(data)) FROM message WHERE session_id = ?1), 0)";

/// `timestamp` is where the recorder looks for the beginning of a record. The
/// session's own row comes last: it changes with every step, and what stands
/// before the first change is not archived again.
const BEGIN: RowQuery = RowQuery {
    table: "begin",
    sql:
        "SELECT strftime('%Y-%m-%dT%H:%M:%fZ', time_created / 1000.0, 'unixepoch') AS timestamp, id
          FROM session WHERE id = ?1",
    json: &[],
};

const SESSION: RowQuery = RowQuery {
    table: "session",
    sql: "SELECT * FROM session WHERE id = ?1",
    json: &["metadata", "model", "permission", "revert", "summary_diffs"],
};

const MESSAGE: RowQuery = RowQuery {
    table: "message",
    sql: "SELECT id, time_created, time_updated, data FROM message
          WHERE session_id = ?1 ORDER BY time_created, id",
    json: &["data"],
};

const PART: RowQuery = RowQuery {
    table: "part",
    sql: "SELECT part.id, part.message_id, part.time_created, part.time_updated, part.data
          FROM message CROSS JOIN part ON part.message_id = message.id
          WHERE message.session_id = ?1
          ORDER BY message.time_created, message.id, part.id",
    json: &["data"],
};

/// The session, and the one at the root of its tree, whose usage it is.
const SESSION_AND_ROOT: RowQuery = RowQuery {
    table: "session",
    sql: "WITH RECURSIVE above (id, parent_id, height) AS (
              SELECT id, parent_id, 0 FROM session WHERE id = ?1
              UNION
              SELECT session.id, session.parent_id, height + 1
              FROM above JOIN session ON session.id = above.parent_id WHERE height < 100
          )
          SELECT strftime('%Y-%m-%dT%H:%M:%fZ', time_created / 1000.0, 'unixepoch') AS timestamp,
              id, directory, (SELECT id FROM above ORDER BY height DESC LIMIT 1) AS root_id
          FROM session WHERE id = ?1",
    json: &[],
};

/// Of the parts only what usage and its times are counted from.
const COUNTED: RowQuery = RowQuery {
    table: "part",
    sql: "SELECT part.message_id, part.time_created,
              CASE WHEN json_valid(part.data) THEN json_object(
                  'type', part.data -> '$.type', 'tokens', part.data -> '$.tokens',
                  'cost', part.data -> '$.cost', 'time', part.data -> '$.time',
                  'state', json_object('time', part.data -> '$.state.time')
              ) END AS data
          FROM message CROSS JOIN part ON part.message_id = message.id
          WHERE message.session_id = ?1
          ORDER BY message.time_created, message.id, part.id",
    json: &["data"],
};

const ANSWER: RowQuery = RowQuery {
    table: "message",
    sql: "SELECT id, time_created, data FROM message
          WHERE session_id = ?1 AND instr(data, '\"assistant\"')
          ORDER BY time_created, id",
    json: &["data"],
};

/// The layouts, the newest first.
pub(super) const LAYOUTS: &[DatabaseLayout] = &[
    DatabaseLayout {
        sessions: sessions!("(SELECT seq FROM event_sequence WHERE aggregate_id = session.id)"),
        bytes: BYTES,
        rows: &[BEGIN, PART, MESSAGE, SESSION],
        usage: &[SESSION_AND_ROOT, COUNTED, ANSWER],
    },
    DatabaseLayout {
        sessions: sessions!("NULL"),
        bytes: BYTES,
        rows: &[BEGIN, PART, MESSAGE, SESSION],
        usage: &[SESSION_AND_ROOT, COUNTED, ANSWER],
    },
];
