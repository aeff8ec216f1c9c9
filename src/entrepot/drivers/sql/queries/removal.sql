-- name: tag_state
SELECT manifests.id, manifests.digest, tags.updated_at, manifest_pulls.pulled_at
FROM tags
JOIN manifests ON manifests.id = tags.manifest_id
LEFT JOIN manifest_pulls ON manifest_pulls.manifest_id = manifests.id
WHERE tags.repository_id = :repository AND tags.name = :tag;

-- name: tag_names
SELECT name FROM tags
WHERE repository_id = :repository AND name > :after
ORDER BY name
LIMIT :limit;

-- name: indexes_with
-- Manifests of the repository that have this one as a child.
SELECT manifests.digest
FROM manifest_edges
JOIN manifests ON manifests.id = manifest_edges.manifest_id
WHERE manifest_edges.digest = :digest
  AND manifest_edges.repository_id = :repository
  AND manifest_edges.role = 'manifest'
LIMIT :limit;

-- name: children
-- Manifests of the repository that an index there has as children.
SELECT child.digest
FROM manifest_edges
JOIN manifests AS child
    ON child.repository_id = :repository AND child.digest = manifest_edges.digest
WHERE manifest_edges.manifest_id = (
    SELECT id FROM manifests WHERE repository_id = :repository AND digest = :digest
)
  AND manifest_edges.role = 'manifest';

-- name: is_held
-- Whether a tag, an index, or the manifest that it is about, keeps a manifest.
SELECT EXISTS (SELECT 1 FROM tags WHERE tags.manifest_id = manifests.id)
    OR EXISTS (
        SELECT 1 FROM manifest_edges
        WHERE manifest_edges.digest = manifests.digest
          AND manifest_edges.repository_id = manifests.repository_id
          AND manifest_edges.role = 'manifest'
    )
    OR EXISTS (
        SELECT 1 FROM manifests AS about
        WHERE about.repository_id = manifests.repository_id AND about.digest = manifests.subject
    )
FROM manifests
WHERE manifests.repository_id = :repository AND manifests.digest = :digest;

-- name: hide_repository
UPDATE repositories
SET name = name || '/@' || id, populated = 0, deleted_at = :now
WHERE id = :repository AND deleted_at IS NULL;

-- name: hidden_repositories
SELECT id FROM repositories WHERE deleted_at > 0 ORDER BY deleted_at LIMIT :limit;

-- name: drain_tags
DELETE FROM tags
WHERE repository_id = :repository
  AND name IN (SELECT name FROM tags WHERE repository_id = :repository LIMIT :limit);

-- name: drain_history
DELETE FROM tag_history
WHERE id IN (SELECT id FROM tag_history WHERE repository_id = :repository LIMIT :limit);

-- name: drain_edges
-- Those of the manifests that go next.
DELETE FROM manifest_edges
WHERE manifest_id IN (
    SELECT id FROM manifests WHERE repository_id = :repository ORDER BY digest LIMIT :limit
);

-- name: drain_manifests
DELETE FROM manifests
WHERE id IN (
    SELECT id FROM manifests WHERE repository_id = :repository ORDER BY digest LIMIT :limit
);

-- name: drain_links
DELETE FROM repository_blobs
WHERE repository_id = :repository
  AND blob_id IN (
      SELECT blob_id FROM repository_blobs WHERE repository_id = :repository LIMIT :limit
  );

-- name: drain_repository
DELETE FROM repositories WHERE id = :repository AND deleted_at IS NOT NULL;

-- name: tag_history
-- A page of a tag's history, newest first.
SELECT tag_history.id, tag_history.old_digest, tag_history.new_digest,
       tag_history.caller, tag_history.changed_at
FROM tag_history
WHERE tag_history.repository_id = (SELECT id FROM repositories WHERE name = :name)
  AND tag_history.tag = :tag
  AND tag_history.id < :before
ORDER BY tag_history.id DESC
LIMIT :limit;

-- name: tag_changes
-- The same, inside a transaction.
SELECT id, old_digest, new_digest, caller, changed_at
FROM tag_history
WHERE repository_id = :repository AND tag = :tag
ORDER BY id DESC
LIMIT :limit;

-- name: trim_history
-- Keeps the newest lines of a tag.
DELETE FROM tag_history
WHERE repository_id = :repository
  AND tag = :tag
  AND id <= (
      SELECT id FROM tag_history
      WHERE repository_id = :repository AND tag = :tag
      ORDER BY id DESC
      LIMIT 1 OFFSET :kept
  );

-- name: oldest_history
-- Lines are written in the order of time, so the oldest come first.
SELECT id, changed_at FROM tag_history WHERE id > 0 ORDER BY id LIMIT :limit;

-- name: forget_history
DELETE FROM tag_history WHERE id > 0 AND id <= :last;

-- name: keep_removed_manifest
-- What `tag restore` needs of a manifest that goes.
INSERT INTO removed_manifests (
    repository_id, digest, media_type, pushed_at, pulled_at, removed_at, payload
)
SELECT manifests.repository_id, manifests.digest, manifests.media_type, manifests.pushed_at,
       manifest_pulls.pulled_at, :now, manifests.payload
FROM manifests
LEFT JOIN manifest_pulls ON manifest_pulls.manifest_id = manifests.id
WHERE manifests.id = :manifest
ON CONFLICT (repository_id, digest) DO UPDATE SET
    media_type = excluded.media_type,
    pushed_at = excluded.pushed_at,
    pulled_at = excluded.pulled_at,
    removed_at = excluded.removed_at;

-- name: removed_manifest
SELECT removed_manifests.media_type, removed_manifests.pushed_at, removed_manifests.payload
FROM removed_manifests
WHERE removed_manifests.repository_id = (SELECT id FROM repositories WHERE name = :name)
  AND removed_manifests.digest = :digest;

-- name: restore_pull
INSERT INTO manifest_pulls (manifest_id, pulled_at)
SELECT :manifest, pulled_at FROM removed_manifests
WHERE repository_id = :repository AND digest = :digest AND pulled_at IS NOT NULL
ON CONFLICT (manifest_id) DO NOTHING;

-- name: drop_removed_manifest
DELETE FROM removed_manifests WHERE repository_id = :repository AND digest = :digest;

-- name: old_removed_manifests
SELECT 1 FROM removed_manifests WHERE removed_at <= :before LIMIT 1;

-- name: forget_removed_manifests
DELETE FROM removed_manifests
WHERE id IN (
    SELECT id FROM removed_manifests WHERE removed_at <= :before ORDER BY removed_at LIMIT :limit
);

-- name: drain_removed_manifests
DELETE FROM removed_manifests
WHERE id IN (SELECT id FROM removed_manifests WHERE repository_id = :repository LIMIT :limit);
