-- name: dangling_tags
-- Tags whose manifest, or whose repository, is not there.
SELECT tags.repository_id, tags.name, repositories.name, tags.manifest_id
FROM tags
LEFT JOIN repositories ON repositories.id = tags.repository_id
WHERE (tags.repository_id, tags.name) > (:first, :second)
  AND (
      repositories.id IS NULL
      OR NOT EXISTS (
          SELECT 1 FROM manifests
          WHERE manifests.id = tags.manifest_id
            AND manifests.repository_id = tags.repository_id
      )
  )
ORDER BY tags.repository_id, tags.name
LIMIT :limit;

-- name: dangling_links
-- Links of repositories to blobs, where one of the two is not there.
SELECT repository_blobs.repository_id, repository_blobs.blob_id, repositories.name,
       repository_blobs.blob_id
FROM repository_blobs
LEFT JOIN repositories ON repositories.id = repository_blobs.repository_id
WHERE (repository_blobs.repository_id, repository_blobs.blob_id) > (:first, :second)
  AND (
      repositories.id IS NULL
      OR NOT EXISTS (SELECT 1 FROM blobs WHERE blobs.id = repository_blobs.blob_id)
  )
ORDER BY repository_blobs.repository_id, repository_blobs.blob_id
LIMIT :limit;

-- name: dangling_edges
-- Edges of manifests that are not there, or are another repository's.
SELECT manifest_edges.manifest_id, manifest_edges.role || ' ' || manifest_edges.digest,
       repositories.name, manifest_edges.manifest_id
FROM manifest_edges
LEFT JOIN repositories ON repositories.id = manifest_edges.repository_id
WHERE manifest_edges.manifest_id >= :first
  AND manifest_edges.role || ' ' || manifest_edges.digest
      > CASE WHEN manifest_edges.manifest_id = :first THEN :second ELSE '' END
  AND NOT EXISTS (
      SELECT 1 FROM manifests
      WHERE manifests.id = manifest_edges.manifest_id
        AND manifests.repository_id = manifest_edges.repository_id
  )
ORDER BY manifest_edges.manifest_id, manifest_edges.role, manifest_edges.digest
LIMIT :limit;

-- name: drop_dangling_tag
DELETE FROM tags
WHERE repository_id = :first AND name = :second
  AND NOT EXISTS (
      SELECT 1 FROM manifests
      JOIN repositories ON repositories.id = manifests.repository_id
      WHERE manifests.id = tags.manifest_id AND manifests.repository_id = tags.repository_id
  );

-- name: drop_dangling_link
DELETE FROM repository_blobs
WHERE repository_id = :first AND blob_id = :second
  AND (
      NOT EXISTS (SELECT 1 FROM blobs WHERE blobs.id = repository_blobs.blob_id)
      OR NOT EXISTS (
          SELECT 1 FROM repositories WHERE repositories.id = repository_blobs.repository_id
      )
  );

-- name: drop_dangling_edge
DELETE FROM manifest_edges
WHERE manifest_id = :first AND role || ' ' || digest = :second
  AND NOT EXISTS (
      SELECT 1 FROM manifests
      WHERE manifests.id = manifest_edges.manifest_id
        AND manifests.repository_id = manifest_edges.repository_id
  );

-- name: all_manifests
-- A page of the digests of all manifests, from the index alone.
SELECT repository_id, digest
FROM manifests
WHERE (repository_id, digest) > (:repository, :digest)
ORDER BY repository_id, digest
LIMIT :limit;

-- name: has_manifest
SELECT 1 FROM manifests WHERE id = :number;

-- name: blob_states
-- What is known of a list of digests as blobs, seen from a repository.
SELECT wanted.value, blobs.id IS NOT NULL, repository_blobs.blob_id IS NOT NULL,
       blobs.quarantined_at IS NOT NULL
FROM {each digests text wanted}
LEFT JOIN blobs ON blobs.digest = wanted.value
LEFT JOIN repository_blobs
    ON repository_blobs.repository_id = :repository AND repository_blobs.blob_id = blobs.id;

-- name: inspected_blobs
-- A page of the rows of blobs.
SELECT id, digest, size, location, quarantined_at
FROM blobs
WHERE id > :after
ORDER BY id
LIMIT :limit;

-- name: known_locations
-- Those of a list of locations at which a blob lies that is known.
SELECT blobs.location
FROM {each locations text wanted}
{join in order} blobs ON blobs.location = wanted.value;

-- name: users_of_blob
-- Images that need a blob, by their tags where they have any.
SELECT repositories.name, tags.name, manifests.digest
FROM manifest_edges
{join in order} manifests ON manifests.id = manifest_edges.manifest_id
{join in order} repositories ON repositories.id = manifests.repository_id
LEFT JOIN tags ON tags.manifest_id = manifests.id
WHERE manifest_edges.digest = :digest AND manifest_edges.role <> 'subject'
LIMIT :limit;

-- name: repositories_that_need
-- Repositories with a manifest that needs a blob.
SELECT manifest_edges.repository_id
FROM manifest_edges
WHERE manifest_edges.digest = :digest AND manifest_edges.role <> 'subject'
GROUP BY manifest_edges.repository_id;

-- name: wrong_in_catalogue
-- Repositories whose mark says another thing than whether they have manifests; not those that were
-- deleted, and whose rows are still going.
SELECT repositories.id, repositories.name,
       EXISTS (SELECT 1 FROM manifests WHERE manifests.repository_id = repositories.id)
FROM repositories
WHERE repositories.id > :after
  AND repositories.deleted_at IS NULL
  AND repositories.populated <> CASE
      WHEN EXISTS (SELECT 1 FROM manifests WHERE manifests.repository_id = repositories.id) THEN 1
      ELSE 0
  END
ORDER BY repositories.id
LIMIT :limit;

-- name: mend_catalogue
UPDATE repositories
SET populated = CASE
    WHEN EXISTS (SELECT 1 FROM manifests WHERE manifests.repository_id = repositories.id) THEN 1
    ELSE 0
END
WHERE id = :repository;

-- name: mend_edge
INSERT INTO manifest_edges (manifest_id, role, digest, repository_id, size)
VALUES (:manifest, :role, :digest, :repository, :size)
ON CONFLICT (manifest_id, role, digest)
DO UPDATE SET repository_id = excluded.repository_id, size = excluded.size;

-- name: drop_edge
DELETE FROM manifest_edges
WHERE manifest_id = :manifest AND role = :role AND digest = :digest AND size = :size;
