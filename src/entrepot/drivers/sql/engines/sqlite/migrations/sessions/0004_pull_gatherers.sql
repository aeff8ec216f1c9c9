-- Workers that gather pulls and write them down now and then, so that whoever judges by pulls can
-- ask for them. Times are microseconds since 1970, UTC.

CREATE TABLE pull_gatherers (
    name TEXT PRIMARY KEY,
    -- How often it was asked, and the last time of these after which it has written everything.
    asked INTEGER NOT NULL DEFAULT 0,
    answered INTEGER NOT NULL DEFAULT 0,
    -- A worker that dies leaves its row: nobody waits for it after this.
    alive_until INTEGER NOT NULL
) WITHOUT ROWID;
