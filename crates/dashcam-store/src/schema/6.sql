-- What harnesses' makers charge in units of their own, in billionths.
ALTER TABLE spans ADD COLUMN credits INTEGER;
ALTER TABLE sessions ADD COLUMN credits INTEGER NOT NULL DEFAULT 0;
ALTER TABLE rollup ADD COLUMN credits INTEGER NOT NULL DEFAULT 0;
