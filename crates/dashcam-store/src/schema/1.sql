-- Texts that occur in row after row: models, tools, span names.
CREATE TABLE names (
    id   INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
);

-- Files of evidence, and how far they are archived.
CREATE TABLE files (
    id          INTEGER PRIMARY KEY,
    harness     TEXT NOT NULL,
    path        TEXT NOT NULL UNIQUE,
    native_id   TEXT NOT NULL,
    parent      TEXT,
    size        INTEGER NOT NULL,
    modified_ns INTEGER NOT NULL,
    inode       INTEGER NOT NULL,
    cursor      INTEGER NOT NULL,
    tail_hash   INTEGER NOT NULL,
    vanished    INTEGER NOT NULL
);

-- Their content: compressed pieces. Lengths stand before the frames, so that
-- they are read without them.
CREATE TABLE chunks (
    id      INTEGER PRIMARY KEY,
    file    INTEGER NOT NULL,
    start   INTEGER NOT NULL,
    raw_len INTEGER NOT NULL,
    frame   BLOB NOT NULL
);
CREATE UNIQUE INDEX chunks_by_place ON chunks (file, start, raw_len);

-- Files that could not be read at the last import.
CREATE TABLE unreadable (
    path    TEXT NOT NULL,
    message TEXT NOT NULL
);

-- One row a session: its header, and sums over what is its own.
CREATE TABLE sessions (
    id               INTEGER PRIMARY KEY,
    key              BLOB NOT NULL UNIQUE,
    harness          TEXT NOT NULL,
    native_id        TEXT NOT NULL,
    given_title      TEXT,
    title            TEXT NOT NULL,
    project          TEXT NOT NULL,
    cwd              TEXT,
    branch           TEXT,
    revision         TEXT,
    remote           TEXT,
    version          TEXT,
    entrypoint       TEXT,
    started_at       INTEGER NOT NULL,
    ended_at         INTEGER NOT NULL,
    first_record_at  INTEGER NOT NULL,
    parent           BLOB,
    parent_span      BLOB,
    parent_relation  INTEGER,
    -- The session that most of its copied turns come from, for lack of a named parent.
    fork_of          BLOB,
    outcome          TEXT,
    outcome_evidence TEXT,
    status           INTEGER NOT NULL,
    sample           INTEGER NOT NULL,
    files            TEXT NOT NULL,
    problem_count    INTEGER NOT NULL,
    -- Whether any response of it has another record, here or in another session.
    shared           INTEGER NOT NULL DEFAULT 0,
    models           TEXT NOT NULL DEFAULT '',
    turns            INTEGER NOT NULL DEFAULT 0,
    spans            INTEGER NOT NULL DEFAULT 0,
    model_calls      INTEGER NOT NULL DEFAULT 0,
    tool_calls       INTEGER NOT NULL DEFAULT 0,
    errors           INTEGER NOT NULL DEFAULT 0,
    agent_runs       INTEGER NOT NULL DEFAULT 0,
    prompt           INTEGER NOT NULL DEFAULT 0,
    cache_read       INTEGER NOT NULL DEFAULT 0,
    cache_write_5m   INTEGER NOT NULL DEFAULT 0,
    cache_write_1h   INTEGER NOT NULL DEFAULT 0,
    completion       INTEGER NOT NULL DEFAULT 0,
    reasoning        INTEGER NOT NULL DEFAULT 0,
    cost             INTEGER NOT NULL DEFAULT 0,
    unpriced         INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX sessions_by_end ON sessions (ended_at);
CREATE INDEX sessions_by_parent ON sessions (parent) WHERE parent IS NOT NULL;
CREATE INDEX sessions_by_fork ON sessions (fork_of) WHERE fork_of IS NOT NULL;
CREATE INDEX sessions_by_native_id ON sessions (native_id);

-- Turns without content. A turn's id is its session's, then 24 bits of index.
CREATE TABLE turns (
    id            INTEGER PRIMARY KEY,
    key           BLOB NOT NULL,
    start         INTEGER NOT NULL,
    finish        INTEGER,
    status        INTEGER NOT NULL,
    abandoned     INTEGER NOT NULL,
    copied_from   BLOB,
    revision      INTEGER NOT NULL,
    prompt        TEXT NOT NULL,
    content_bytes INTEGER NOT NULL,
    -- Which fields of it stand in the search index, as bits.
    indexed       INTEGER NOT NULL DEFAULT 0
);

-- The JSON of each turn, compressed.
CREATE TABLE content (
    id   INTEGER PRIMARY KEY,
    body BLOB NOT NULL
);

-- Turns that the search index does not hold as they are now.
CREATE TABLE pending (
    turn INTEGER PRIMARY KEY
);

-- Spans without content. The key ascends as spans are written.
CREATE TABLE spans (
    session        INTEGER NOT NULL,
    turn           INTEGER NOT NULL,
    ordinal        INTEGER NOT NULL,
    id             INTEGER NOT NULL,
    parent         INTEGER,
    kind           INTEGER NOT NULL,
    status         INTEGER NOT NULL,
    timing         INTEGER NOT NULL,
    name           INTEGER NOT NULL,
    start          INTEGER NOT NULL,
    finish         INTEGER,
    -- The kind of a tool or an event.
    detail         INTEGER,
    -- The model or the tool.
    subject        INTEGER,
    target         TEXT,
    prompt         INTEGER,
    cache_read     INTEGER,
    cache_write_5m INTEGER,
    cache_write_1h INTEGER,
    completion     INTEGER,
    reasoning      INTEGER,
    cost           INTEGER,
    -- A hash of the response's id.
    response       INTEGER,
    -- The session that the response is counted in, if that is another record.
    owner          INTEGER,
    PRIMARY KEY (session, turn, ordinal)
) WITHOUT ROWID;

-- Every record of every response: who may count it.
CREATE TABLE claims (
    response   INTEGER NOT NULL,
    session    INTEGER NOT NULL,
    turn       INTEGER NOT NULL,
    ordinal    INTEGER NOT NULL,
    completion INTEGER NOT NULL,
    PRIMARY KEY (response, session, turn, ordinal)
) WITHOUT ROWID;

-- Usage by quarter of an hour (its number since 1970) and model.
CREATE TABLE rollup (
    session        INTEGER NOT NULL,
    quarter        INTEGER NOT NULL,
    model          INTEGER NOT NULL,
    calls          INTEGER NOT NULL,
    prompt         INTEGER NOT NULL,
    cache_read     INTEGER NOT NULL,
    cache_write_5m INTEGER NOT NULL,
    cache_write_1h INTEGER NOT NULL,
    completion     INTEGER NOT NULL,
    reasoning      INTEGER NOT NULL,
    cost           INTEGER NOT NULL,
    unpriced       INTEGER NOT NULL,
    PRIMARY KEY (session, quarter, model)
) WITHOUT ROWID;

-- Tool calls by quarter of an hour, tool, and the model that called it (0: none).
CREATE TABLE tool_rollup (
    session INTEGER NOT NULL,
    quarter INTEGER NOT NULL,
    tool    INTEGER NOT NULL,
    model   INTEGER NOT NULL,
    calls   INTEGER NOT NULL,
    errors  INTEGER NOT NULL,
    PRIMARY KEY (session, quarter, tool, model)
) WITHOUT ROWID;

CREATE TABLE problems (
    session INTEGER NOT NULL,
    ordinal INTEGER NOT NULL,
    kind    INTEGER NOT NULL,
    file    TEXT NOT NULL,
    line    INTEGER,
    message TEXT NOT NULL,
    PRIMARY KEY (session, ordinal)
) WITHOUT ROWID;

CREATE TABLE unknown_records (
    session INTEGER NOT NULL,
    type    TEXT NOT NULL,
    count   INTEGER NOT NULL,
    PRIMARY KEY (session, type)
) WITHOUT ROWID;

CREATE TABLE images (
    id         INTEGER PRIMARY KEY,
    key        TEXT NOT NULL UNIQUE,
    media_type TEXT NOT NULL,
    bytes      BLOB NOT NULL
);

CREATE TABLE image_uses (
    session INTEGER NOT NULL,
    image   TEXT NOT NULL,
    PRIMARY KEY (session, image)
) WITHOUT ROWID;
CREATE INDEX image_uses_by_image ON image_uses (image);

-- The distinct words of each field of each turn. A row's id is its turn's,
-- then 3 bits of field. The words arrive lower-cased and split.
CREATE VIRTUAL TABLE search USING fts5 (
    words,
    content = '',
    contentless_delete = 1,
    detail = none,
    tokenize = "ascii tokenchars '_'"
);
INSERT INTO search (search, rank) VALUES ('pgsz', 4050);
INSERT INTO search (search, rank) VALUES ('hashsize', 8388608);
