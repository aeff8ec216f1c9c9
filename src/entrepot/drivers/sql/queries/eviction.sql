-- name: cached_total
-- What is kept below a name: counted by manifests, and by blobs that a repository there has.
SELECT
    (SELECT COUNT(*) FROM repositories
     WHERE name >= :begin AND name < :end AND populated = 1 AND deleted_at IS NULL),
    (SELECT COUNT(*) FROM repositories
     JOIN tags ON tags.repository_id = repositories.id
     WHERE repositories.name >= :begin AND repositories.name < :end),
    COUNT(*), COALESCE(SUM(manifests.size), 0),
    MIN(COALESCE(manifest_pulls.pulled_at, manifests.pushed_at)),
    MAX(COALESCE(manifest_pulls.pulled_at, manifests.pushed_at))
FROM repositories
JOIN manifests ON manifests.repository_id = repositories.id
LEFT JOIN manifest_pulls ON manifest_pulls.manifest_id = manifests.id
WHERE repositories.name >= :begin AND repositories.name < :end;

-- name: cached_blobs
SELECT COUNT(*), COALESCE(SUM(blobs.size), 0)
FROM blobs
WHERE blobs.id IN (
    SELECT repository_blobs.blob_id
    FROM repositories
    JOIN repository_blobs ON repository_blobs.repository_id = repositories.id
    WHERE repositories.name >= :begin AND repositories.name < :end
);

-- name: cache_cutoff
-- Blobs are taken from the one that was used last; what no longer fits was last used at or before
-- the answer. Blobs of one moment stay or go together.
WITH used AS (
    SELECT blobs.id AS blob_id, blobs.size AS size,
           MAX(COALESCE(manifest_pulls.pulled_at, manifests.pushed_at)) AS used_at
    FROM repositories
    JOIN manifests ON manifests.repository_id = repositories.id
    JOIN manifest_edges
        ON manifest_edges.manifest_id = manifests.id AND manifest_edges.role <> 'subject'
    JOIN blobs ON blobs.digest = manifest_edges.digest
    JOIN repository_blobs
        ON repository_blobs.repository_id = repositories.id
        AND repository_blobs.blob_id = blobs.id
    LEFT JOIN manifest_pulls ON manifest_pulls.manifest_id = manifests.id
    WHERE repositories.name >= :begin AND repositories.name < :end
    GROUP BY blobs.id, blobs.size
),
added AS (
    SELECT used_at, SUM(size) OVER (ORDER BY used_at DESC) AS total FROM used
)
SELECT MAX(used_at) FROM added WHERE total > :size;

-- name: cached_unused
SELECT repositories.name, manifests.digest, manifests.size,
       COALESCE(manifest_pulls.pulled_at, manifests.pushed_at)
FROM repositories
{join in order} manifests ON manifests.repository_id = repositories.id
LEFT JOIN manifest_pulls ON manifest_pulls.manifest_id = manifests.id
WHERE repositories.name >= :name AND repositories.name < :end
  AND (repositories.name > :name OR manifests.digest > :digest)
  AND COALESCE(manifest_pulls.pulled_at, manifests.pushed_at) <= :until
ORDER BY repositories.name, manifests.digest
LIMIT :limit;

-- name: least_recently_used
SELECT repositories.name, manifests.digest, manifests.size,
       COALESCE(manifest_pulls.pulled_at, manifests.pushed_at) AS used_at
FROM repositories
JOIN manifests ON manifests.repository_id = repositories.id
LEFT JOIN manifest_pulls ON manifest_pulls.manifest_id = manifests.id
WHERE repositories.name >= :begin AND repositories.name < :end
ORDER BY used_at, repositories.name, manifests.digest
LIMIT :limit;
