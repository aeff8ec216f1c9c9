-- Who may do what: users, robots, their tokens, groups, rules.
-- Times are microseconds since 1970, UTC. Lists of grants, actions and patterns are JSON.

-- Users and robots, in one space of names: whoever reads a name knows who is meant.
CREATE TABLE accounts (
    -- Never given again: what was trusted for one account is not trusted for a later one.
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL CHECK (kind IN ('user', 'robot')),
    description TEXT NOT NULL DEFAULT '',
    -- Users only: argon2id with its parameters. Robots have tokens and no password.
    password_hash TEXT,
    password_changed_at INTEGER NOT NULL,
    admin INTEGER NOT NULL DEFAULT 0 CHECK (admin = 0 OR kind = 'user'),
    disabled INTEGER NOT NULL DEFAULT 0,
    expires_at INTEGER,
    -- Robots only: the user whose rights bound the robot's.
    owner_id INTEGER REFERENCES accounts (id),
    -- Robots only: all that the robot may do; null leaves it to the rules.
    grants TEXT,
    created_at INTEGER NOT NULL,
    last_used_at INTEGER,
    last_used_from TEXT
);

CREATE INDEX accounts_by_kind ON accounts (kind, name);
CREATE INDEX accounts_by_owner ON accounts (owner_id, name) WHERE owner_id IS NOT NULL;

-- Personal access tokens of users, and what robots log in with. The secret itself is nowhere: it
-- has 256 random bits, which need no slow hash.
CREATE TABLE account_tokens (
    id INTEGER PRIMARY KEY,
    -- The part of the token by which it is found.
    public_id TEXT NOT NULL UNIQUE,
    account_id INTEGER NOT NULL REFERENCES accounts (id),
    name TEXT NOT NULL,
    secret_hash BLOB NOT NULL,
    -- The secret before the last rotation, good until a moment.
    old_secret_hash BLOB,
    old_until INTEGER,
    -- Rights are no wider than these; null: as the account's.
    limits TEXT,
    expires_at INTEGER,
    created_at INTEGER NOT NULL,
    rotated_at INTEGER,
    last_used_at INTEGER,
    last_used_from TEXT,
    UNIQUE (account_id, name)
);

CREATE TABLE account_groups (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    description TEXT NOT NULL DEFAULT '',
    created_at INTEGER NOT NULL
);

-- Members are named, not numbered: users of a password file can be members, too.
CREATE TABLE group_members (
    group_id INTEGER NOT NULL REFERENCES account_groups (id),
    member TEXT NOT NULL,
    added_at INTEGER NOT NULL,
    PRIMARY KEY (group_id, member)
) WITHOUT ROWID;

CREATE INDEX group_members_by_member ON group_members (member, group_id);

CREATE TABLE access_rules (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    description TEXT NOT NULL DEFAULT '',
    who TEXT NOT NULL,
    may TEXT NOT NULL,
    repositories TEXT NOT NULL,
    created_at INTEGER NOT NULL
);

-- One number that every change above raises, in the change's own transaction. Workers keep what
-- they read as long as it stays. Triggers do it, so that no way of writing can forget it; when
-- and from where something was last used is no change. Changes of rules raise a second one, too:
-- there may be a thousand, which need not be read again because somebody has a new password.
CREATE TABLE access_generation (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    number INTEGER NOT NULL,
    rules INTEGER NOT NULL
);

INSERT INTO access_generation (id, number, rules) VALUES (1, 1, 1);

CREATE TRIGGER accounts_added AFTER INSERT ON accounts
BEGIN UPDATE access_generation SET number = number + 1 WHERE id = 1; END;

CREATE TRIGGER accounts_changed AFTER UPDATE OF
    name, kind, password_hash, password_changed_at, admin, disabled, expires_at, owner_id, grants
ON accounts
BEGIN UPDATE access_generation SET number = number + 1 WHERE id = 1; END;

CREATE TRIGGER accounts_removed AFTER DELETE ON accounts
BEGIN UPDATE access_generation SET number = number + 1 WHERE id = 1; END;

CREATE TRIGGER account_tokens_changed AFTER UPDATE OF
    public_id, account_id, secret_hash, old_secret_hash, old_until, limits, expires_at
ON account_tokens
BEGIN UPDATE access_generation SET number = number + 1 WHERE id = 1; END;

-- A new token changes nothing that anybody can have read before.
CREATE TRIGGER account_tokens_removed AFTER DELETE ON account_tokens
BEGIN UPDATE access_generation SET number = number + 1 WHERE id = 1; END;

CREATE TRIGGER group_members_added AFTER INSERT ON group_members
BEGIN UPDATE access_generation SET number = number + 1 WHERE id = 1; END;

CREATE TRIGGER group_members_removed AFTER DELETE ON group_members
BEGIN UPDATE access_generation SET number = number + 1 WHERE id = 1; END;

CREATE TRIGGER access_rules_added AFTER INSERT ON access_rules
BEGIN UPDATE access_generation SET number = number + 1, rules = rules + 1 WHERE id = 1; END;

CREATE TRIGGER access_rules_changed AFTER UPDATE ON access_rules
BEGIN UPDATE access_generation SET number = number + 1, rules = rules + 1 WHERE id = 1; END;

CREATE TRIGGER access_rules_removed AFTER DELETE ON access_rules
BEGIN UPDATE access_generation SET number = number + 1, rules = rules + 1 WHERE id = 1; END;
