-- Upload sessions: a file of their own, for they need not outlive a power loss.
-- Times are microseconds since 1970, UTC.

CREATE TABLE upload_sessions (
    id TEXT PRIMARY KEY,
    repository TEXT NOT NULL,
    owner TEXT NOT NULL,
    algorithm TEXT NOT NULL,
    -- Bytes that the storage holds, and what it needs to go on behind them.
    received INTEGER NOT NULL,
    progress BLOB NOT NULL,
    -- The only request that may write, until claimed_until.
    holder TEXT,
    claimed_until INTEGER NOT NULL DEFAULT 0,
    started_at INTEGER NOT NULL,
    touched_at INTEGER NOT NULL
) WITHOUT ROWID;
