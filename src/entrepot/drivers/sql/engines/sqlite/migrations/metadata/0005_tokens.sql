-- What the token server keeps. Times are microseconds since 1970, UTC.

-- The root that certifies signing keys: one row, from the first start on.
CREATE TABLE token_authority (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    -- PEM; private keys as PKCS#8.
    private_key BLOB NOT NULL,
    certificate BLOB NOT NULL,
    created_at INTEGER NOT NULL
);

-- Keys in the order in which they sign. Two nodes that make the next one at the same time give it
-- the same number: the first one holds.
CREATE TABLE signing_keys (
    number INTEGER PRIMARY KEY,
    kid TEXT NOT NULL UNIQUE,
    private_key BLOB NOT NULL,
    certificate BLOB NOT NULL,
    signs_from INTEGER NOT NULL,
    created_at INTEGER NOT NULL
);

CREATE TABLE refresh_tokens (
    -- SHA-256 of the token, in hexadecimal.
    digest TEXT PRIMARY KEY,
    account TEXT NOT NULL,
    kind TEXT NOT NULL,
    -- A JSON array of names.
    groups TEXT NOT NULL,
    -- Of the account when the token was given: another one means that the password was replaced.
    mark TEXT NOT NULL,
    service TEXT NOT NULL,
    client TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    used_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) WITHOUT ROWID;

CREATE INDEX refresh_tokens_of_account ON refresh_tokens (account, digest);
CREATE INDEX refresh_tokens_by_end ON refresh_tokens (expires_at);
