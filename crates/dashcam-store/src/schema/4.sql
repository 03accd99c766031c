-- How far each segment of the spool has been taken in. A row vanishes with its
-- segment.
CREATE TABLE spool_read (
    segment TEXT PRIMARY KEY,
    bytes   INTEGER NOT NULL
) WITHOUT ROWID;

-- What hooks told, for the person.
CREATE TABLE hooks_seen (
    harness TEXT PRIMARY KEY,  -- as the hook was registered; empty for damaged records
    kept    INTEGER NOT NULL,  -- calls that tell of a session
    lost    INTEGER NOT NULL,  -- calls that do not, and damaged records
    last_at INTEGER NOT NULL   -- nanoseconds since 1970
) WITHOUT ROWID;
