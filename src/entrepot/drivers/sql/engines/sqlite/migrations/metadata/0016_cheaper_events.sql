-- Events without an index and without AUTOINCREMENT: each of them was one more page to write for
-- every push. Numbers rise all the same, for the newest event is never forgotten.

CREATE TABLE recorded_events (
    number INTEGER PRIMARY KEY,
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

INSERT INTO recorded_events
SELECT number, id, at, kind, caller_kind, caller, address, user_agent, request_id, node,
       repository, reference, digest, details
FROM events;

DROP TABLE events;

ALTER TABLE recorded_events RENAME TO events;
