-- What exists: repositories, their blobs, manifests, tags.
-- Times are microseconds since 1970, UTC. Sizes are bytes. Digests are written ALGORITHM:HEX.

CREATE TABLE repositories (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    -- 1 when it has a manifest: the catalogue lists these only, by the index below.
    populated INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL
);

CREATE INDEX repositories_in_catalogue ON repositories (populated, name);

CREATE TABLE blobs (
    id INTEGER PRIMARY KEY,
    digest TEXT NOT NULL UNIQUE,
    size INTEGER NOT NULL,
    -- Chosen and read by the blob storage alone.
    location TEXT NOT NULL,
    created_at INTEGER NOT NULL
);

-- A blob is readable only through a repository that has it.
CREATE TABLE repository_blobs (
    repository_id INTEGER NOT NULL REFERENCES repositories (id),
    blob_id INTEGER NOT NULL REFERENCES blobs (id),
    linked_at INTEGER NOT NULL,
    PRIMARY KEY (repository_id, blob_id)
) WITHOUT ROWID;

CREATE INDEX repository_blobs_by_blob ON repository_blobs (blob_id, repository_id);

CREATE TABLE manifests (
    id INTEGER PRIMARY KEY,
    repository_id INTEGER NOT NULL REFERENCES repositories (id),
    digest TEXT NOT NULL,
    media_type TEXT NOT NULL,
    artifact_type TEXT,
    -- The digest of the manifest that this one says something about.
    subject TEXT,
    -- A JSON object, kept for those with a subject: lists of referrers show it.
    annotations TEXT,
    size INTEGER NOT NULL,
    pushed_at INTEGER NOT NULL,
    -- Last, so that reading the columns before it does not read it.
    payload BLOB NOT NULL,
    UNIQUE (repository_id, digest)
);

CREATE INDEX manifests_by_subject
    ON manifests (repository_id, subject, digest) WHERE subject IS NOT NULL;
CREATE INDEX manifests_by_subject_and_type
    ON manifests (repository_id, subject, artifact_type, digest) WHERE subject IS NOT NULL;

-- What a manifest needs. The child is named by digest, for it may be absent where a policy or
-- the specification allows that: foreign layers, subjects, sparse indexes.
CREATE TABLE manifest_edges (
    manifest_id INTEGER NOT NULL REFERENCES manifests (id),
    role TEXT NOT NULL,
    digest TEXT NOT NULL,
    repository_id INTEGER NOT NULL,
    size INTEGER NOT NULL,
    PRIMARY KEY (manifest_id, role, digest)
) WITHOUT ROWID;

CREATE INDEX manifest_edges_by_child ON manifest_edges (digest, repository_id, manifest_id);

CREATE TABLE tags (
    repository_id INTEGER NOT NULL REFERENCES repositories (id),
    name TEXT NOT NULL,
    manifest_id INTEGER NOT NULL REFERENCES manifests (id),
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (repository_id, name)
) WITHOUT ROWID;

CREATE INDEX tags_by_manifest ON tags (manifest_id, name);

-- Who pointed which tag from what to what; a null digest is "there was none".
CREATE TABLE tag_history (
    id INTEGER PRIMARY KEY,
    repository_id INTEGER NOT NULL,
    tag TEXT NOT NULL,
    old_digest TEXT,
    new_digest TEXT,
    caller TEXT NOT NULL,
    changed_at INTEGER NOT NULL
);

CREATE INDEX tag_history_by_tag ON tag_history (repository_id, tag, id);
