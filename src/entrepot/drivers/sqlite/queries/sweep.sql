-- The slow full sweep: pages by number, of everything; what is garbage and in no queue is queued.

-- name: sweep_links
-- A page of links, and whether each is unneeded, not written down, and not older than a moment.
SELECT repository_blobs.repository_id, repository_blobs.blob_id,
       NOT EXISTS (
           SELECT 1 FROM manifest_edges
           WHERE manifest_edges.digest = blobs.digest
             AND manifest_edges.repository_id = repository_blobs.repository_id
             AND manifest_edges.role <> 'subject'
       ) AND NOT EXISTS (
           SELECT 1 FROM link_candidates
           WHERE link_candidates.repository_id = repository_blobs.repository_id
             AND link_candidates.blob_id = repository_blobs.blob_id
       ) AND repository_blobs.linked_at >= :since
FROM repository_blobs
JOIN blobs ON blobs.id = repository_blobs.blob_id
WHERE (repository_blobs.repository_id, repository_blobs.blob_id) > (:repository, :blob)
ORDER BY repository_blobs.repository_id, repository_blobs.blob_id
LIMIT :limit;

-- name: sweep_blobs
-- A page of blobs, and whether no repository has each.
SELECT blobs.id,
       NOT EXISTS (SELECT 1 FROM repository_blobs WHERE repository_blobs.blob_id = blobs.id)
FROM blobs
WHERE blobs.id > :after
ORDER BY blobs.id
LIMIT :limit;

-- name: sweep_manifests
-- A page of manifests, and whether nothing seems to hold each; dating it looks more closely.
SELECT manifests.id,
       NOT EXISTS (SELECT 1 FROM tags WHERE tags.manifest_id = manifests.id)
       AND NOT EXISTS (
           SELECT 1 FROM manifest_edges
           WHERE manifest_edges.digest = manifests.digest
             AND manifest_edges.repository_id = manifests.repository_id
             AND manifest_edges.role = 'manifest'
       )
FROM manifests
WHERE manifests.id > :after
ORDER BY manifests.id
LIMIT :limit;

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

-- name: adopted_at
-- When the directory of Docker Registry was adopted, or found to be none.
SELECT started_at FROM adoption WHERE id = 1;
