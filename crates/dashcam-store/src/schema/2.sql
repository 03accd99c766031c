-- How far each segment of the telemetry log has been taken in. A row vanishes
-- with its segment.
CREATE TABLE telemetry_read (
    segment TEXT PRIMARY KEY,
    bytes   INTEGER NOT NULL
) WITHOUT ROWID;

-- What each program sent, for the person.
CREATE TABLE telemetry_seen (
    program TEXT PRIMARY KEY,
    kept    INTEGER NOT NULL, -- spans, log records and points that sessions are made from
    dropped INTEGER NOT NULL, -- those that are the program's internals
    last_at INTEGER NOT NULL  -- nanoseconds since 1970
) WITHOUT ROWID;
