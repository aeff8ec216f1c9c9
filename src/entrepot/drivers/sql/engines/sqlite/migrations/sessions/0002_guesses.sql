-- Wrong credentials, so that guessing slows down on every worker. May be lost with the file.

CREATE TABLE guesses (
    subject TEXT PRIMARY KEY,         -- an address, or an address and an account, hashed
    failures INTEGER NOT NULL,        -- since the last pause that was long enough
    failed_at INTEGER NOT NULL,       -- microseconds since 1970, UTC; of the newest; 0 for none
    waits_until INTEGER NOT NULL,     -- nothing is looked at before; 0 for no wait
    succeeded_at INTEGER NOT NULL,    -- when it last went well; 0 for never
    seen_at INTEGER NOT NULL          -- the later of the two: how old the row is
) WITHOUT ROWID;

CREATE INDEX guesses_by_wait ON guesses (waits_until);
CREATE INDEX guesses_by_age ON guesses (seen_at);
