-- Sessions of projects that are left out: that they are, and why, but nothing
-- of them. The stamp is of their files: as long as it and the rule hold, they
-- are not read again.
CREATE TABLE left_out (
    harness   TEXT NOT NULL,
    native_id TEXT NOT NULL,
    cwd       TEXT NOT NULL,
    reason    TEXT NOT NULL,
    stamp     INTEGER NOT NULL,
    PRIMARY KEY (harness, native_id)
) WITHOUT ROWID;
