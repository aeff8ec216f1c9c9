-- What the collector looks at (docs/decisions/0015-collecting-while-serving.md).
-- Times are microseconds since 1970, UTC. Sizes are bytes.
--
-- A candidate is something that may be garbage. `since` is null until a collector has seen it; its
-- grace begins then, so no change needs to know the time. Whoever confirms it sets it to null anew.

-- A repository's blob, which no manifest there needed when this was written.
CREATE TABLE link_candidates (
    repository_id INTEGER NOT NULL,
    blob_id INTEGER NOT NULL,
    since INTEGER,
    PRIMARY KEY (repository_id, blob_id)
) WITHOUT ROWID;

CREATE INDEX link_candidates_by_age ON link_candidates (since);

-- A manifest that lost a tag, an index that held it, or its subject.
CREATE TABLE manifest_candidates (
    manifest_id INTEGER PRIMARY KEY,
    since INTEGER,
    -- 1 when what it spoke of was deleted: it goes even where untagged manifests stay.
    widowed INTEGER NOT NULL DEFAULT 0
);

CREATE INDEX manifest_candidates_by_age ON manifest_candidates (widowed, since);
CREATE INDEX manifest_candidates_undated ON manifest_candidates (manifest_id)
    WHERE since IS NULL;

-- A blob that no repository has. Nobody can have been promised it, so it has no grace.
CREATE TABLE blob_candidates (
    blob_id INTEGER PRIMARY KEY
);

-- Bytes whose row is gone, and which are about to be removed. A row of its own for each time: the
-- same place may be filled and doomed again while somebody is at work on it.
CREATE TABLE doomed_bytes (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    location TEXT NOT NULL,
    digest TEXT NOT NULL,
    size INTEGER NOT NULL,
    holder TEXT,
    claimed_until INTEGER NOT NULL DEFAULT 0
);

CREATE INDEX doomed_bytes_by_claim ON doomed_bytes (claimed_until, id);

-- Two blobs may share their bytes: one digest of each algorithm.
CREATE INDEX blobs_by_location ON blobs (location);

-- Whatever takes something away fills the queue, so that no way to do it can forget to.

CREATE TRIGGER edge_deleted AFTER DELETE ON manifest_edges WHEN OLD.role <> 'subject'
BEGIN
    INSERT INTO link_candidates (repository_id, blob_id, since)
    SELECT OLD.repository_id, blobs.id, NULL
    FROM blobs
    JOIN repository_blobs
        ON repository_blobs.repository_id = OLD.repository_id
        AND repository_blobs.blob_id = blobs.id
    WHERE blobs.digest = OLD.digest
    ON CONFLICT (repository_id, blob_id) DO UPDATE SET since = NULL;
END;

CREATE TRIGGER child_edge_deleted AFTER DELETE ON manifest_edges WHEN OLD.role = 'manifest'
BEGIN
    INSERT INTO manifest_candidates (manifest_id)
    SELECT manifests.id FROM manifests
    WHERE manifests.repository_id = OLD.repository_id AND manifests.digest = OLD.digest
    ON CONFLICT (manifest_id) DO UPDATE SET since = NULL;
END;

CREATE TRIGGER tag_deleted AFTER DELETE ON tags
BEGIN
    INSERT INTO manifest_candidates (manifest_id) VALUES (OLD.manifest_id)
    ON CONFLICT (manifest_id) DO UPDATE SET since = NULL;
END;

CREATE TRIGGER tag_moved AFTER UPDATE OF manifest_id ON tags
WHEN OLD.manifest_id <> NEW.manifest_id
BEGIN
    INSERT INTO manifest_candidates (manifest_id) VALUES (OLD.manifest_id)
    ON CONFLICT (manifest_id) DO UPDATE SET since = NULL;
END;

-- Referrers go with their subject, and so does the list that older clients keep under a tag
-- (services/fallback.py: both parts of the digest are cut).
CREATE TRIGGER manifest_deleted AFTER DELETE ON manifests
BEGIN
    DELETE FROM manifest_candidates WHERE manifest_id = OLD.id;
    INSERT INTO manifest_candidates (manifest_id, widowed)
    SELECT manifests.id, 1 FROM manifests
    WHERE manifests.repository_id = OLD.repository_id AND manifests.subject = OLD.digest
    ON CONFLICT (manifest_id) DO UPDATE SET since = NULL, widowed = 1;
    INSERT INTO manifest_candidates (manifest_id, widowed)
    SELECT tags.manifest_id, 1 FROM tags
    WHERE tags.repository_id = OLD.repository_id
      AND tags.name = substr(OLD.digest, 1, min(instr(OLD.digest, ':') - 1, 32)) || '-'
          || substr(OLD.digest, instr(OLD.digest, ':') + 1, 64)
    ON CONFLICT (manifest_id) DO UPDATE SET since = NULL, widowed = 1;
END;

CREATE TRIGGER link_deleted AFTER DELETE ON repository_blobs
BEGIN
    DELETE FROM link_candidates
    WHERE repository_id = OLD.repository_id AND blob_id = OLD.blob_id;
    INSERT INTO blob_candidates (blob_id)
    SELECT OLD.blob_id
    WHERE NOT EXISTS (SELECT 1 FROM repository_blobs WHERE blob_id = OLD.blob_id)
    ON CONFLICT (blob_id) DO NOTHING;
END;

CREATE TRIGGER blob_deleted AFTER DELETE ON blobs
BEGIN
    DELETE FROM blob_candidates WHERE blob_id = OLD.id;
END;
