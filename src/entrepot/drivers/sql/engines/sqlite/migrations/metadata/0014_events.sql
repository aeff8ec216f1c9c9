-- What has happened (ports/events.py), in the transaction of the change itself.

-- Numbers rise in the order of commits, and are never given twice, also where the last rows went.
CREATE TABLE events (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    -- Sorts by time, whichever database or node it comes from.
    id TEXT NOT NULL,
    at INTEGER NOT NULL,
    kind TEXT NOT NULL,
    caller_kind TEXT NOT NULL,
    caller TEXT NOT NULL,
    address TEXT NOT NULL,
    user_agent TEXT NOT NULL,
    request_id TEXT NOT NULL,
    node TEXT NOT NULL,
    repository TEXT NOT NULL,
    reference TEXT NOT NULL,
    digest TEXT NOT NULL,
    -- A JSON object.
    details TEXT NOT NULL
);

-- What has happened in a repository.
CREATE INDEX events_by_repository ON events (repository, number) WHERE repository <> '';
