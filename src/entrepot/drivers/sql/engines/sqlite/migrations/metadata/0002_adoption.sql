-- How far the adoption of another registry's directory is: one row, from the first start on.
-- Times are microseconds since 1970, UTC. Sizes are bytes.

CREATE TABLE adoption (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    started_at INTEGER NOT NULL,
    -- Null while it is under way: nothing may be served until it is done.
    finished_at INTEGER,
    -- The last repository that is wholly adopted.
    reached TEXT NOT NULL DEFAULT '',
    repositories INTEGER NOT NULL DEFAULT 0,
    manifests INTEGER NOT NULL DEFAULT 0,
    tags INTEGER NOT NULL DEFAULT 0,
    blobs INTEGER NOT NULL DEFAULT 0,
    blob_bytes INTEGER NOT NULL DEFAULT 0
);

-- What adoption found that it could not take as it lay there, or that is worth knowing.
CREATE TABLE adoption_findings (
    kind TEXT NOT NULL,
    repository TEXT NOT NULL,
    reference TEXT NOT NULL,
    detail TEXT NOT NULL,
    PRIMARY KEY (kind, repository, reference, detail)
) WITHOUT ROWID;
