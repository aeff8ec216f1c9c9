-- Work in the background that is done once, however many workers and nodes there are: one row a
-- kind of work, with its newest run.
-- Times are microseconds since 1970, UTC.

CREATE TABLE jobs (
    name TEXT PRIMARY KEY,
    -- Who runs it, until claimed_until; null when nobody does.
    holder TEXT,
    claimed_until INTEGER NOT NULL DEFAULT 0,
    started_at INTEGER NOT NULL,
    -- Null while the run is not done, even when nobody is at it any more: whoever claims it next
    -- goes on with it.
    finished_at INTEGER,
    outcome TEXT NOT NULL DEFAULT '',
    -- How far the run is, in the words of its work.
    progress TEXT NOT NULL DEFAULT ''
) WITHOUT ROWID;
