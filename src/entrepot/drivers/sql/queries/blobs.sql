-- name: blob
-- A blob, through a repository that has it.
SELECT blobs.digest, blobs.size, blobs.location, blobs.quarantined_at
FROM blobs
JOIN repositories ON repositories.name = :name
JOIN repository_blobs
    ON repository_blobs.repository_id = repositories.id AND repository_blobs.blob_id = blobs.id
WHERE blobs.digest = :digest;

-- name: named_size
-- What a manifest of the repository says of something that it refers to, which need not be there.
SELECT manifest_edges.size
FROM repositories
{join in order} manifest_edges
    ON manifest_edges.digest = :digest AND manifest_edges.repository_id = repositories.id
WHERE repositories.name = :name AND manifest_edges.role <> 'subject'
LIMIT 1;

-- name: repositories_with_blob
-- In the order in which repositories were made, which the index gives without sorting.
SELECT repositories.name, repositories.id
FROM repository_blobs
JOIN repositories ON repositories.id = repository_blobs.repository_id
WHERE repository_blobs.blob_id = (SELECT id FROM blobs WHERE digest = :digest)
  AND repository_blobs.repository_id > :after
  AND repositories.deleted_at IS NULL
ORDER BY repository_blobs.repository_id
LIMIT :limit;

-- name: find_blob
SELECT blobs.digest, blobs.size, blobs.location, blobs.quarantined_at
FROM blobs WHERE blobs.digest = :digest;

-- name: keep_blob
-- A blob in quarantine is healed: its bytes were put in place a moment ago.
INSERT INTO blobs (digest, size, location, created_at)
VALUES (:digest, :size, :location, :now)
ON CONFLICT (digest) DO UPDATE
SET size = excluded.size, location = excluded.location,
    quarantined_at = NULL, quarantine_reason = NULL
WHERE blobs.quarantined_at IS NOT NULL;

-- name: link_blob
INSERT INTO repository_blobs (repository_id, blob_id, linked_at)
SELECT :repository, blobs.id, :now FROM blobs WHERE blobs.digest = :digest
ON CONFLICT (repository_id, blob_id) DO NOTHING;

-- name: unlink_blob
DELETE FROM repository_blobs
WHERE repository_id = :repository
  AND blob_id = (SELECT id FROM blobs WHERE digest = :digest);

-- name: blob_sizes
-- Those of a list of digests that the repository has as blobs, but for those in quarantine.
-- In another order every blob of the repository would be compared with the list.
SELECT blobs.digest, blobs.size
FROM {each digests text wanted}
{join in order} blobs ON blobs.digest = wanted.value AND blobs.quarantined_at IS NULL
{join in order} repository_blobs
    ON repository_blobs.repository_id = :repository AND repository_blobs.blob_id = blobs.id;

-- name: blob_users
-- Manifests of the repository that refer to a blob, each once however often it does.
SELECT manifests.digest
FROM manifest_edges
JOIN manifests ON manifests.id = manifest_edges.manifest_id
WHERE manifest_edges.digest = :digest
  AND manifest_edges.repository_id = :repository
  AND manifest_edges.role <> 'subject'
GROUP BY manifest_edges.manifest_id
LIMIT :limit;
