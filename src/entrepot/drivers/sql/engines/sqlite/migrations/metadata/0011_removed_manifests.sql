-- Manifests that were removed, for as long as their blobs are surely there: `tag restore` brings
-- them back. Times are microseconds since 1970, UTC.
CREATE TABLE removed_manifests (
    id INTEGER PRIMARY KEY,
    repository_id INTEGER NOT NULL,
    digest TEXT NOT NULL,
    media_type TEXT NOT NULL,
    pushed_at INTEGER NOT NULL,
    -- Null for one that was never pulled.
    pulled_at INTEGER,
    removed_at INTEGER NOT NULL,
    -- Last, so that reading the columns before it does not read it.
    payload BLOB NOT NULL,
    UNIQUE (repository_id, digest)
);

CREATE INDEX removed_manifests_by_age ON removed_manifests (removed_at);
