//! What to ask of Cursor's databases.
//!
//! `state.vscdb` is a table of keys and values for all conversations together
//! (`cursorDiskKV`, seen with up to 190,000 rows and several GB). Writing a
//! value replaces its row, which gets the highest row number: so the number of
//! a conversation's rows and the highest of theirs, which the index alone
//! tells, say whether anything in it has changed. Other keys, and the table
//! with accounts and tokens (`ItemTable`), are never asked for.
//!
//! `store.db` of the terminal holds one conversation: its messages by their
//! hash, and a root that lists them.

use crate::{DatabaseLayout, RowQuery};

/// The rows of a conversation's messages, by the index alone.
macro_rules! bubbles_of {
    ($what:literal, $id:literal) => {
        concat!(
            "SELECT ",
            $what,
            " FROM cursorDiskKV AS bubble WHERE bubble.key >= 'bubbleId:' || ",
            $id,
            " || ':' AND bubble.key < 'bubbleId:' || ",
            $id,
            " || ';'"
        )
    };
}

/// The conversations, whatever else is known of them.
macro_rules! composers {
    ($parent:literal, $changed:literal, $join:literal) => {
        concat!(
            "WITH composer AS MATERIALIZED (
                SELECT substr(key, 14) AS id, rowid AS row FROM cursorDiskKV
                WHERE key >= 'composerData:' AND key < 'composerData;')
             SELECT composer.id, ",
            $parent,
            ", ",
            $changed,
            ", composer.row, (",
            bubbles_of!("count(*) || ' ' || max(bubble.rowid)", "composer.id"),
            ") FROM composer ",
            $join,
            " ORDER BY composer.id"
        )
    };
}

const BYTES: &str = concat!(
    "SELECT coalesce((",
    bubbles_of!("sum(octet_length(bubble.value))", "?1"),
    "), 0) + coalesce((SELECT octet_length(value) FROM cursorDiskKV
        WHERE key = 'composerData:' || ?1), 0)"
);

/// `timestamp` is where the recorder looks for the beginning of a record.
const BEGIN: RowQuery = RowQuery {
    table: "begin",
    sql: "SELECT strftime('%Y-%m-%dT%H:%M:%fZ',
              CASE WHEN json_valid(CAST(value AS TEXT))
                  THEN CAST(value AS TEXT) ->> '$.createdAt' END / 1000.0,
              'unixepoch') AS timestamp, ?1 AS id
          FROM cursorDiskKV WHERE key = 'composerData:' || ?1",
    json: &[],
};

/// Messages in the order in which they were written last: what is appended
/// stands behind what is archived. A value that Cursor has emptied is gone.
const BUBBLE: RowQuery = RowQuery {
    table: "bubble",
    sql: concat!(
        "SELECT kv.key AS id, kv.value AS data FROM (",
        bubbles_of!("bubble.rowid AS row", "?1"),
        " ORDER BY row) AS listed CROSS JOIN cursorDiskKV AS kv ON kv.rowid = listed.row
         WHERE kv.value IS NOT NULL"
    ),
    json: &["data"],
};

/// The files before and after an edit, which a message names by their hash.
const CONTENT: RowQuery = RowQuery {
    table: "content",
    sql: concat!(
        "WITH edit AS MATERIALIZED (
            SELECT CASE WHEN json_valid(text) THEN text ->> '$.toolFormerData.result' END AS result
            FROM (",
        bubbles_of!("CAST(bubble.value AS TEXT) AS text", "?1"),
        " AND instr(bubble.value, 'ContentId') > 0)),
          named AS (
            SELECT CASE WHEN json_valid(result) THEN result ->> '$.beforeContentId' END AS key
            FROM edit
            UNION
            SELECT CASE WHEN json_valid(result) THEN result ->> '$.afterContentId' END FROM edit)
         SELECT kv.key AS id, kv.value AS text FROM named
         CROSS JOIN cursorDiskKV AS kv ON kv.key = named.key
         WHERE named.key GLOB 'composer.content.*' AND kv.value IS NOT NULL ORDER BY kv.rowid"
    ),
    json: &[],
};

/// The conversation itself, without its keys and what only Cursor can read.
const COMPOSER: RowQuery = RowQuery {
    table: "composer",
    sql: "SELECT key AS id, CASE WHEN json_valid(CAST(value AS TEXT))
              THEN json_remove(CAST(value AS TEXT), '$.blobEncryptionKey',
                  '$.speculativeSummarizationEncryptionKey', '$.conversationState')
              END AS data
          FROM cursorDiskKV WHERE key = 'composerData:' || ?1",
    json: &["data"],
};

const HEADER: RowQuery = RowQuery {
    table: "header",
    sql: "SELECT composerId AS id, value AS data FROM composerHeaders WHERE composerId = ?1",
    json: &["data"],
};

/// The messages that Cursor itself counted tokens of, and the conversation.
const COUNTED: RowQuery = RowQuery {
    table: "counted",
    sql: concat!(
        "SELECT key AS id, ?1 AS session, CAST(text ->> '$.createdAt' AS TEXT) AS created,
            text ->> '$.modelInfo.modelName' AS model,
            text ->> '$.tokenCount.inputTokens' AS input,
            text ->> '$.tokenCount.outputTokens' AS output
         FROM (",
        bubbles_of!(
            "bubble.key AS key, CASE WHEN json_valid(CAST(bubble.value AS TEXT))
                THEN CAST(bubble.value AS TEXT) ELSE '{}' END AS text",
            "?1"
        ),
        ") WHERE text ->> '$.tokenCount.inputTokens' > 0
            OR text ->> '$.tokenCount.outputTokens' > 0"
    ),
    json: &[],
};

/// The layouts of the editor's database, the newest first: since 2.5 or so
/// `composerHeaders` lists the conversations, if not all of the older ones.
pub(super) const EDITOR: &[DatabaseLayout] = &[
    DatabaseLayout {
        sessions: composers!(
            "CASE WHEN json_valid(CAST(header.value AS TEXT))
                THEN CAST(header.value AS TEXT) ->> '$.subagentInfo.parentComposerId' END",
            "header.lastUpdatedAt",
            "LEFT JOIN composerHeaders AS header ON header.composerId = composer.id"
        ),
        bytes: BYTES,
        rows: &[BEGIN, BUBBLE, CONTENT, COMPOSER, HEADER],
        usage: &[COUNTED],
    },
    DatabaseLayout {
        sessions: composers!("NULL", "NULL", ""),
        bytes: BYTES,
        rows: &[BEGIN, BUBBLE, CONTENT, COMPOSER],
        usage: &[COUNTED],
    },
];

/// What a conversation of the terminal says of itself: JSON in hexadecimal.
macro_rules! about {
    () => {
        "(SELECT CASE
            WHEN json_valid(value) THEN value
            WHEN json_valid(CAST(unhex(value) AS TEXT)) THEN CAST(unhex(value) AS TEXT)
            ELSE '{}' END FROM meta WHERE key = '0')"
    };
}

/// The layout of the terminal's database.
pub(super) const TERMINAL: &[DatabaseLayout] = &[DatabaseLayout {
    sessions: concat!(
        "SELECT about ->> '$.agentId', NULL, CAST(about ->> '$.createdAt' AS INTEGER),
            about ->> '$.latestRootBlobId', about ->> '$.name',
            (SELECT count(*) || ' ' || max(rowid) FROM blobs)
         FROM (SELECT ",
        about!(),
        " AS about) WHERE about ->> '$.agentId' IS NOT NULL"
    ),
    bytes: "SELECT sum(octet_length(data)) FROM blobs WHERE ?1 IS NOT NULL",
    rows: &[
        RowQuery {
            table: "begin",
            sql: concat!(
                "SELECT strftime('%Y-%m-%dT%H:%M:%fZ', about ->> '$.createdAt' / 1000.0,
                    'unixepoch') AS timestamp, ?1 AS id FROM (SELECT ",
                about!(),
                " AS about)"
            ),
            json: &[],
        },
        // Messages are JSON objects; of what is not, only the root is asked.
        RowQuery {
            table: "blob",
            sql: concat!(
                "SELECT id, data FROM blobs WHERE ?1 IS NOT NULL
                 AND (substr(data, 1, 1) = x'7B' OR id = (SELECT ",
                about!(),
                " ->> '$.latestRootBlobId')) ORDER BY rowid"
            ),
            json: &["data"],
        },
        RowQuery {
            table: "meta",
            sql: concat!(
                "SELECT ?1 AS id, json_remove(",
                about!(),
                ", '$.blobEncryptionKey') AS data"
            ),
            json: &["data"],
        },
    ],
    usage: &[],
}];
