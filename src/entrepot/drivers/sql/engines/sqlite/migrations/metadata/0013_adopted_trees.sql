-- What Docker Registry's tree looked like when it was read, so that a start notices what Docker
-- Registry has written since, and takes what is newer. One row a repository of the tree.
-- Times are microseconds since 1970, UTC.

CREATE TABLE adopted_trees (
    repository TEXT PRIMARY KEY,
    fingerprint TEXT NOT NULL,
    -- When the newest link was written, by the clock of its file system.
    newest INTEGER NOT NULL,
    -- A JSON list of the tags: those that are missing later were deleted.
    tags TEXT NOT NULL
);

-- When the tree was read last; null before this version.
ALTER TABLE adoption ADD COLUMN read_at INTEGER;
