-- name: exported_blobs
-- A page of the blobs of a repository.
SELECT blobs.id, blobs.digest, blobs.size, blobs.location, blobs.quarantined_at
FROM repository_blobs
{join in order} blobs ON blobs.id = repository_blobs.blob_id
WHERE repository_blobs.repository_id = (SELECT id FROM repositories WHERE name = :name)
  AND repository_blobs.blob_id > :after
ORDER BY repository_blobs.blob_id
LIMIT :limit;

-- name: exported_manifests
-- A page of the manifests of a repository, by digest, and whether an index there lists each.
SELECT manifests.digest, manifests.media_type,
       EXISTS (
           SELECT 1 FROM manifest_edges
           WHERE manifest_edges.digest = manifests.digest
             AND manifest_edges.repository_id = manifests.repository_id
             AND manifest_edges.role = 'manifest'
       ),
       manifests.payload
FROM manifests
WHERE manifests.repository_id = (SELECT id FROM repositories WHERE name = :name)
  AND manifests.digest > :after
ORDER BY manifests.digest
LIMIT :limit;

-- name: exported_tags
-- A page of the tags of a repository, with what they point to.
SELECT tags.name, manifests.digest
FROM tags
{join in order} manifests ON manifests.id = tags.manifest_id
WHERE tags.repository_id = (SELECT id FROM repositories WHERE name = :name)
  AND tags.name > :after
ORDER BY tags.name
LIMIT :limit;
