-- name: adoption_state
SELECT started_at, finished_at, reached, repositories, manifests, tags, blobs, blob_bytes
FROM adoption WHERE id = 1;

-- name: begin_adoption
INSERT INTO adoption (id, started_at) VALUES (1, :now) ON CONFLICT (id) DO NOTHING;

-- name: reopen_adoption
-- Begins anew; one that is under way goes on instead.
UPDATE adoption SET started_at = :now, finished_at = NULL, reached = ''
WHERE id = 1 AND finished_at IS NOT NULL;

-- name: forget_findings
DELETE FROM adoption_findings;

-- name: mark_adopted
-- The last repository that is wholly adopted.
UPDATE adoption SET reached = :name WHERE id = 1;

-- name: count_adopted
UPDATE adoption
SET repositories = repositories + :repositories,
    manifests = manifests + :manifests,
    tags = tags + :tags,
    blobs = blobs + :blobs,
    blob_bytes = blob_bytes + :blob_bytes
WHERE id = 1;

-- name: finish_adoption
UPDATE adoption SET finished_at = COALESCE(finished_at, :now), read_at = :now WHERE id = 1;

-- name: has_content
-- Whether the database knows anything: asked for by number, so that one row is looked at.
SELECT EXISTS (SELECT 1 FROM repositories WHERE id > 0)
    OR EXISTS (SELECT 1 FROM blobs WHERE id > 0);

-- name: note_finding
INSERT INTO adoption_findings (kind, repository, reference, detail)
VALUES (:kind, :repository, :reference, :detail)
ON CONFLICT (kind, repository, reference, detail) DO NOTHING;

-- name: count_findings
SELECT COUNT(*) FROM adoption_findings WHERE kind = :kind;

-- name: findings
-- A page of the findings of one kind, in order.
SELECT kind, repository, reference, detail
FROM adoption_findings
WHERE kind = :kind AND (repository, reference, detail) > (:repository, :reference, :detail)
ORDER BY repository, reference, detail
LIMIT :limit;

-- name: known_blobs
-- Those of a list of digests that are known.
SELECT blobs.digest
FROM {each digests text wanted}
{join in order} blobs ON blobs.digest = wanted.value;

-- name: drop_blob_links
DELETE FROM repository_blobs WHERE blob_id = (SELECT id FROM blobs WHERE digest = :digest);

-- name: drop_blob
DELETE FROM blobs WHERE digest = :digest;

-- name: adopt_manifest
INSERT INTO manifests (
    repository_id, digest, media_type, artifact_type, subject,
    annotations, size, pushed_at, payload
)
VALUES (
    :repository, :digest, :media_type, :artifact_type, :subject,
    :annotations, :size, :pushed_at, :payload
)
ON CONFLICT (repository_id, digest) DO NOTHING;

-- name: manifest_numbers
-- The numbers of those of a list of digests that the repository has as manifests.
SELECT manifests.digest, manifests.id
FROM {each digests text wanted}
{join in order} manifests ON manifests.repository_id = :repository AND manifests.digest = wanted.value;

-- name: adopt_tag
-- A tag on the very manifest that it names is no accessory.
INSERT INTO tags (repository_id, name, manifest_id, updated_at, accessory_of)
SELECT :repository, :tag, manifests.id, :updated_at,
       NULLIF(:names, substr(manifests.digest, 1, length(:names)))
FROM manifests
WHERE manifests.repository_id = :repository AND manifests.digest = :digest
ON CONFLICT (repository_id, name) DO NOTHING;

-- name: missing_children
-- Indexes with a child that the repository has neither as a manifest nor as a blob.
SELECT manifests.digest, manifest_edges.digest
FROM manifests
JOIN manifest_edges
    ON manifest_edges.manifest_id = manifests.id AND manifest_edges.role = 'manifest'
WHERE manifests.repository_id = :repository
  AND NOT EXISTS (
      SELECT 1 FROM manifests AS child
      WHERE child.repository_id = :repository AND child.digest = manifest_edges.digest
  )
  AND NOT EXISTS (
      SELECT 1
      FROM blobs
      JOIN repository_blobs
          ON repository_blobs.repository_id = :repository
          AND repository_blobs.blob_id = blobs.id
      WHERE blobs.digest = manifest_edges.digest
  );

-- name: adopted_trees
SELECT repository, fingerprint, newest FROM adopted_trees;

-- name: adopted_tree_tags
SELECT tags FROM adopted_trees WHERE repository = :repository;

-- name: keep_adopted_tree
INSERT INTO adopted_trees (repository, fingerprint, newest, tags)
VALUES (:repository, :fingerprint, :newest, :tags)
ON CONFLICT (repository) DO UPDATE
SET fingerprint = excluded.fingerprint, newest = excluded.newest, tags = excluded.tags;

-- name: forget_adopted_tree
DELETE FROM adopted_trees WHERE repository = :repository;

-- name: is_manifest_before
SELECT 1 FROM manifests
WHERE repository_id = :repository AND digest = :digest AND pushed_at <= :before;

-- name: is_tag_before
SELECT 1 FROM tags WHERE repository_id = :repository AND name = :tag AND updated_at <= :before;

-- name: quarantined_among
-- Those of a list of digests that are in quarantine.
SELECT blobs.digest, blobs.size, blobs.location, blobs.quarantined_at
FROM {each digests text wanted}
{join in order} blobs ON blobs.digest = wanted.value
WHERE blobs.quarantined_at IS NOT NULL;

-- name: served_blobs
-- A page of blobs that are not in quarantine.
SELECT id, digest, size, location, quarantined_at FROM blobs
WHERE id > :after AND quarantined_at IS NULL
ORDER BY id
LIMIT :limit;
