-- Uploads that ended a short while ago, for clients that ask once more: the blob that one became, or
-- why it was refused. Times are microseconds since 1970, UTC.
CREATE TABLE ended_uploads (
    id TEXT PRIMARY KEY,
    repository TEXT NOT NULL,
    owner TEXT NOT NULL,
    digest TEXT,
    -- JSON: the message and the detail.
    refusal TEXT,
    ended_at INTEGER NOT NULL
) WITHOUT ROWID;

CREATE INDEX ended_uploads_by_age ON ended_uploads (ended_at);
