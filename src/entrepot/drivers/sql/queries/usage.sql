-- name: used_around
-- What is used in a repository, which need not exist, in its namespace, and in the registry.
SELECT COALESCE(repository_usage.blob_bytes + repository_usage.manifest_bytes, 0),
       COALESCE(repository_usage.tags, 0),
       COALESCE(repositories.populated, 0),
       COALESCE(namespaces.blob_bytes + namespaces.manifest_bytes, 0),
       COALESCE(namespaces.tags, 0),
       COALESCE(namespaces.repositories, 0),
       registry_usage.blob_bytes + registry_usage.manifest_bytes,
       registry_usage.tags,
       registry_usage.repositories
FROM registry_usage
LEFT JOIN namespaces ON namespaces.name = :namespace
LEFT JOIN repositories ON repositories.name = :name
LEFT JOIN repository_usage ON repository_usage.repository_id = repositories.id
WHERE registry_usage.id = 1;

-- name: held_around
-- Whether a blob is counted in a repository, in its namespace, and in the registry.
SELECT EXISTS (
           SELECT 1 FROM repositories
           JOIN repository_blobs ON repository_blobs.repository_id = repositories.id
           JOIN blobs ON blobs.id = repository_blobs.blob_id
           WHERE repositories.name = :name AND blobs.digest = :digest
       ),
       EXISTS (
           SELECT 1 FROM namespaces
           JOIN namespace_blobs ON namespace_blobs.namespace_id = namespaces.id
           JOIN blobs ON blobs.id = namespace_blobs.blob_id
           WHERE namespaces.name = :namespace AND blobs.digest = :digest
       ),
       EXISTS (
           SELECT 1 FROM blobs
           JOIN namespace_blobs ON namespace_blobs.blob_id = blobs.id
           WHERE blobs.digest = :digest
       );

-- name: registry_usage
SELECT repositories, tags, manifests, blobs, manifest_bytes, blob_bytes, known_bytes
FROM registry_usage WHERE id = 1;

-- name: usage_of_repositories
-- A page, by name, without those that were deleted and whose rows are still going.
SELECT repositories.id, repositories.name, repositories.populated, repository_usage.tags,
       repository_usage.manifests, repository_usage.blobs, repository_usage.manifest_bytes,
       repository_usage.blob_bytes, repository_usage.exclusive_bytes,
       repository_usage.referenced_bytes,
       (
           SELECT COALESCE(SUM(blobs.size), 0)
           FROM link_candidates
           {join in order} blobs ON blobs.id = link_candidates.blob_id
           WHERE link_candidates.repository_id = repositories.id
             AND NOT EXISTS (
                 SELECT 1 FROM manifest_edges
                 WHERE manifest_edges.digest = blobs.digest
                   AND manifest_edges.repository_id = repositories.id
                   AND manifest_edges.role <> 'subject'
             )
       ),
       repository_usage.manifest_bytes
FROM repositories
{join in order} repository_usage ON repository_usage.repository_id = repositories.id
WHERE repositories.name > :after AND repositories.deleted_at IS NULL
ORDER BY repositories.name
LIMIT :limit;

-- name: usage_of_namespaces
-- A page, by name; what repositories count by themselves is summed over those of each.
SELECT namespaces.id, namespaces.name, namespaces.repositories, namespaces.tags,
       namespaces.manifests, namespaces.blobs, namespaces.manifest_bytes,
       namespaces.blob_bytes, namespaces.exclusive_bytes,
       (
           SELECT COALESCE(SUM(repository_usage.referenced_bytes), 0)
           FROM repository_usage
           WHERE repository_usage.namespace_id = namespaces.id
       ),
       (
           SELECT COALESCE(SUM(blobs.size), 0)
           FROM repository_usage
           {join in order} link_candidates
               ON link_candidates.repository_id = repository_usage.repository_id
           {join in order} blobs ON blobs.id = link_candidates.blob_id
           WHERE repository_usage.namespace_id = namespaces.id
             AND NOT EXISTS (
                 SELECT 1 FROM manifest_edges
                 WHERE manifest_edges.digest = blobs.digest
                   AND manifest_edges.repository_id = repository_usage.repository_id
                   AND manifest_edges.role <> 'subject'
             )
       ),
       namespaces.manifest_bytes
FROM namespaces
WHERE namespaces.name > :after
ORDER BY namespaces.name
LIMIT :limit;

-- name: unneeded_blobs
-- A page of what waits to be unlinked, and whether a manifest anywhere needs it.
SELECT link_candidates.repository_id, link_candidates.blob_id, blobs.size,
       EXISTS (
           SELECT 1 FROM manifest_edges
           WHERE manifest_edges.digest = blobs.digest AND manifest_edges.role <> 'subject'
       )
FROM link_candidates
{join in order} blobs ON blobs.id = link_candidates.blob_id
WHERE (link_candidates.repository_id, link_candidates.blob_id) > (:repository, :blob)
ORDER BY link_candidates.repository_id, link_candidates.blob_id
LIMIT :limit;

-- name: doomed_sizes
SELECT id, size FROM doomed_bytes WHERE id > :after ORDER BY id LIMIT :limit;
