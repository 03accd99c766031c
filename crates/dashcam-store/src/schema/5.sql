-- Where spans are sent to: how it fares. What a target is, the configuration
-- says. Times are nanoseconds since 1970.
CREATE TABLE targets (
    id        INTEGER PRIMARY KEY,
    name      TEXT NOT NULL UNIQUE,
    since     INTEGER NOT NULL,           -- turns that ended before are only sent when asked for
    delivered INTEGER NOT NULL DEFAULT 0, -- spans
    refused   INTEGER NOT NULL DEFAULT 0, -- spans that will not be sent again
    failures  INTEGER NOT NULL DEFAULT 0, -- attempts in a row that brought nothing
    retry_at  INTEGER,
    trouble   TEXT,                       -- why the last attempt brought nothing, or what it warned of
    sent_at   INTEGER                     -- the last success
);

-- Turns of which a target may lack something.
CREATE TABLE outbox (
    target     INTEGER NOT NULL,
    turn       INTEGER NOT NULL,
    queued_at  INTEGER NOT NULL,
    changed_at INTEGER NOT NULL,
    not_before INTEGER, -- until then, only a change makes anything of it ready
    PRIMARY KEY (target, turn)
) WITHOUT ROWID;

-- What a target has of a turn, and under which project there: span ids of 8
-- bytes, one after another.
CREATE TABLE delivered (
    target  INTEGER NOT NULL,
    turn    INTEGER NOT NULL,
    project TEXT NOT NULL,
    spans   BLOB NOT NULL,
    PRIMARY KEY (target, turn)
) WITHOUT ROWID;

-- What a target will not get of a turn, and why.
CREATE TABLE refused (
    target INTEGER NOT NULL,
    turn   INTEGER NOT NULL,
    reason TEXT NOT NULL,
    at     INTEGER NOT NULL,
    spans  BLOB NOT NULL,
    PRIMARY KEY (target, turn, reason)
) WITHOUT ROWID;
