-- The slow full sweep: pages by number, of everything; what is garbage and in no queue is queued.
-- Each page is asked for by its end first, then for what is loose in it: so the database works
-- through it in one go, without Python's lock, and hands out few rows.

-- name: end_of_links
-- The last link of a page; none when fewer are left.
SELECT repository_id, blob_id FROM repository_blobs
WHERE (repository_id, blob_id) > (:repository, :blob)
ORDER BY repository_id, blob_id
LIMIT 1 OFFSET :others;

-- name: rest_of_links
SELECT COUNT(*) FROM repository_blobs WHERE (repository_id, blob_id) > (:repository, :blob);

-- name: loose_links
-- Links of a page that are unneeded, not written down, and not older than a moment.
SELECT repository_blobs.repository_id, repository_blobs.blob_id
FROM repository_blobs
{join in order} blobs ON blobs.id = repository_blobs.blob_id
WHERE (repository_blobs.repository_id, repository_blobs.blob_id) > (:repository, :blob)
  AND (repository_blobs.repository_id, repository_blobs.blob_id) <= (:last_repository, :last_blob)
  AND repository_blobs.linked_at >= :since
  AND NOT EXISTS (
      SELECT 1 FROM manifest_edges
      WHERE manifest_edges.digest = blobs.digest
        AND manifest_edges.repository_id = repository_blobs.repository_id
        AND manifest_edges.role <> 'subject'
  )
  AND NOT EXISTS (
      SELECT 1 FROM link_candidates
      WHERE link_candidates.repository_id = repository_blobs.repository_id
        AND link_candidates.blob_id = repository_blobs.blob_id
  )
ORDER BY repository_blobs.repository_id, repository_blobs.blob_id;

-- name: end_of_blobs
SELECT id FROM blobs WHERE id > :after ORDER BY id LIMIT 1 OFFSET :others;

-- name: rest_of_blobs
SELECT COUNT(*) FROM blobs WHERE id > :after;

-- name: loose_blobs
-- Blobs of a page that no repository has.
SELECT blobs.id
FROM blobs
WHERE blobs.id > :after AND blobs.id <= :last
  AND NOT EXISTS (SELECT 1 FROM repository_blobs WHERE repository_blobs.blob_id = blobs.id)
ORDER BY blobs.id;

-- name: end_of_manifests
SELECT id FROM manifests WHERE id > :after ORDER BY id LIMIT 1 OFFSET :others;

-- name: rest_of_manifests
SELECT COUNT(*) FROM manifests WHERE id > :after;

-- name: loose_manifests
-- Manifests of a page that nothing seems to hold; dating them looks more closely.
SELECT manifests.id
FROM manifests
WHERE manifests.id > :after AND manifests.id <= :last
  AND NOT EXISTS (SELECT 1 FROM tags WHERE tags.manifest_id = manifests.id)
  AND NOT EXISTS (
      SELECT 1 FROM manifest_edges
      WHERE manifest_edges.digest = manifests.digest
        AND manifest_edges.repository_id = manifests.repository_id
        AND manifest_edges.role = 'manifest'
  )
ORDER BY manifests.id;

-- name: queue_link
INSERT INTO link_candidates (repository_id, blob_id)
SELECT repository_id, blob_id FROM repository_blobs
WHERE repository_id = :repository AND blob_id = :blob
ON CONFLICT (repository_id, blob_id) DO NOTHING;

-- name: queue_blob
INSERT INTO blob_candidates (blob_id) SELECT id FROM blobs WHERE id = :blob
ON CONFLICT (blob_id) DO NOTHING;

-- name: queue_manifest
INSERT INTO manifest_candidates (manifest_id) SELECT id FROM manifests WHERE id = :manifest
ON CONFLICT (manifest_id) DO NOTHING;

-- name: tree_read_at
-- When the directory of Docker Registry was read last.
SELECT COALESCE(read_at, started_at) FROM adoption WHERE id = 1;

-- name: adopted_at
-- When the directory of Docker Registry was adopted, or found to be none.
SELECT started_at FROM adoption WHERE id = 1;
