-- What a mirror fetches from other registries, so that one worker does and all others follow.
-- Times are microseconds since 1970, UTC.
CREATE TABLE fills (
    key TEXT PRIMARY KEY,
    -- Takes the bytes of a blob; empty for manifests, and where the bytes were wrong.
    upload_id TEXT NOT NULL,
    -- Bytes of the whole; null while nobody knows.
    size INTEGER,
    -- Who fetches it, until claimed_until.
    holder TEXT,
    claimed_until INTEGER NOT NULL DEFAULT 0,
    -- Why the last attempt failed; null for none.
    problem TEXT,
    message TEXT,
    touched_at INTEGER NOT NULL
) WITHOUT ROWID;

CREATE INDEX fills_by_age ON fills (touched_at) WHERE upload_id <> '';
CREATE INDEX fills_without_upload_by_age ON fills (touched_at) WHERE upload_id = '';

-- When tags were last compared with their upstream.
CREATE TABLE checked_tags (
    key TEXT PRIMARY KEY,
    checked_at INTEGER NOT NULL
) WITHOUT ROWID;

CREATE INDEX checked_tags_by_age ON checked_tags (checked_at);
