-- When manifests were last pulled, and repositories that are being deleted.
-- Times are microseconds since 1970, UTC.

-- A table of its own: noting a pull must not rewrite the manifest, whose row holds its payload.
CREATE TABLE manifest_pulls (
    manifest_id INTEGER PRIMARY KEY REFERENCES manifests (id) ON DELETE CASCADE,
    pulled_at INTEGER NOT NULL
);

-- A repository that was deleted has a name that no request can ask for, so that it is gone at once;
-- its rows follow in small steps. The name keeps its first component: usage is counted by that.
ALTER TABLE repositories ADD COLUMN deleted_at INTEGER;

CREATE INDEX repositories_deleted ON repositories (deleted_at) WHERE deleted_at IS NOT NULL;
