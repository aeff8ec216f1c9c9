-- name: recount_repositories
-- A page of repositories, by number: what is kept, null where the row is lost, and what there is.
SELECT repositories.id, repositories.name, namespaces.name,
       repository_usage.tags, repository_usage.manifests, repository_usage.manifest_bytes,
       repository_usage.blobs, repository_usage.blob_bytes, repository_usage.exclusive_bytes,
       repository_usage.referenced_bytes,
       (SELECT COUNT(*) FROM tags WHERE tags.repository_id = repositories.id),
       (SELECT COUNT(*) FROM manifests WHERE manifests.repository_id = repositories.id),
       (
           SELECT COALESCE(SUM(manifests.size), 0) FROM manifests
           WHERE manifests.repository_id = repositories.id
       ),
       (
           SELECT COUNT(*) FROM repository_blobs
           WHERE repository_blobs.repository_id = repositories.id
       ),
       (
           SELECT COALESCE(SUM(blobs.size), 0)
           FROM repository_blobs
           {join in order} blobs ON blobs.id = repository_blobs.blob_id
           WHERE repository_blobs.repository_id = repositories.id
       ),
       (
           SELECT COALESCE(SUM(blobs.size), 0)
           FROM repository_blobs
           {join in order} blobs ON blobs.id = repository_blobs.blob_id
           WHERE repository_blobs.repository_id = repositories.id
             AND NOT EXISTS (
                 SELECT 1 FROM repository_blobs AS other
                 WHERE other.blob_id = repository_blobs.blob_id
                   AND other.repository_id <> repositories.id
             )
       ),
       (
           SELECT COALESCE(SUM(manifest_edges.size), 0)
           FROM manifests
           {join in order} manifest_edges ON manifest_edges.manifest_id = manifests.id
           WHERE manifests.repository_id = repositories.id
             AND manifest_edges.role IN ('config', 'layer')
       )
FROM repositories
LEFT JOIN repository_usage ON repository_usage.repository_id = repositories.id
LEFT JOIN namespaces ON namespaces.id = repository_usage.namespace_id
WHERE repositories.id > :after
ORDER BY repositories.id
LIMIT :limit;

-- name: restore_namespace
INSERT INTO namespaces (name) VALUES (:namespace) ON CONFLICT (name) DO NOTHING;

-- name: restore_repository_usage
INSERT INTO repository_usage (
    repository_id, namespace_id, tags, manifests, manifest_bytes,
    blobs, blob_bytes, exclusive_bytes, referenced_bytes
)
SELECT :repository, namespaces.id, :tags, :manifests, :manifest_bytes,
       :blobs, :blob_bytes, :exclusive_bytes, :referenced_bytes
FROM namespaces
WHERE namespaces.name = :namespace
ON CONFLICT (repository_id) DO UPDATE
SET namespace_id = excluded.namespace_id,
    tags = excluded.tags,
    manifests = excluded.manifests,
    manifest_bytes = excluded.manifest_bytes,
    blobs = excluded.blobs,
    blob_bytes = excluded.blob_bytes,
    exclusive_bytes = excluded.exclusive_bytes,
    referenced_bytes = excluded.referenced_bytes;

-- name: stray_repository_usage
-- A row that the end of its repository has left behind.
SELECT repository_usage.repository_id FROM repository_usage
WHERE repository_usage.repository_id > :after AND repository_usage.repository_id <= :until
  AND NOT EXISTS (
      SELECT 1 FROM repositories WHERE repositories.id = repository_usage.repository_id
  )
ORDER BY repository_usage.repository_id;

-- name: drop_repository_usage
DELETE FROM repository_usage WHERE repository_id = :repository;

-- name: page_of_blobs
-- The numbers of the next blobs.
SELECT id FROM blobs WHERE id > :after ORDER BY id LIMIT :limit;

-- name: links_by_namespace
-- In which namespace each link to one of these blobs lies.
SELECT repository_blobs.blob_id, repository_usage.namespace_id
FROM repository_blobs
{join in order} repository_usage
    ON repository_usage.repository_id = repository_blobs.repository_id
WHERE repository_blobs.blob_id > :after AND repository_blobs.blob_id <= :until
ORDER BY repository_blobs.blob_id;

-- name: counted_links
-- What is kept of the same.
SELECT blob_id, namespace_id, repositories FROM namespace_blobs
WHERE blob_id > :after AND blob_id <= :until
ORDER BY blob_id, namespace_id;

-- name: restore_namespace_blob
INSERT INTO namespace_blobs (blob_id, namespace_id, repositories)
VALUES (:blob, :namespace, :repositories)
ON CONFLICT (blob_id, namespace_id) DO UPDATE SET repositories = excluded.repositories;

-- name: drop_namespace_blob
DELETE FROM namespace_blobs WHERE blob_id = :blob AND namespace_id = :namespace;

-- name: sizes_by_namespace
-- A page of the blobs of namespaces, with their sizes.
SELECT namespace_blobs.blob_id, namespace_blobs.namespace_id, blobs.size
FROM namespace_blobs
{join in order} blobs ON blobs.id = namespace_blobs.blob_id
WHERE (namespace_blobs.blob_id, namespace_blobs.namespace_id) > (:blob, :namespace)
ORDER BY namespace_blobs.blob_id, namespace_blobs.namespace_id
LIMIT :limit;

-- name: sums_of_repositories
-- A page of what the repositories have, for the sums above them.
SELECT repository_usage.repository_id, repository_usage.namespace_id, repositories.populated,
       repository_usage.tags, repository_usage.manifests, repository_usage.manifest_bytes
FROM repository_usage
{join in order} repositories ON repositories.id = repository_usage.repository_id
WHERE repository_usage.repository_id > :after
ORDER BY repository_usage.repository_id
LIMIT :limit;

-- name: known_sizes
-- A page of the sizes of all blobs.
SELECT id, size FROM blobs WHERE id > :after ORDER BY id LIMIT :limit;

-- name: kept_namespaces
-- A page of what is kept of namespaces.
SELECT id, name, names, repositories, tags, manifests, manifest_bytes,
       blobs, blob_bytes, exclusive_bytes
FROM namespaces
WHERE id > :after
ORDER BY id
LIMIT :limit;

-- name: set_namespace
UPDATE namespaces
SET names = :names, repositories = :repositories, tags = :tags, manifests = :manifests,
    manifest_bytes = :manifest_bytes, blobs = :blobs, blob_bytes = :blob_bytes,
    exclusive_bytes = :exclusive_bytes
WHERE id = :id;

-- name: drop_namespace
DELETE FROM namespaces WHERE id = :id;

-- name: kept_registry
SELECT repositories, tags, manifests, manifest_bytes, blobs, blob_bytes, known_blobs, known_bytes
FROM registry_usage WHERE id = 1;

-- name: set_registry
INSERT INTO registry_usage (
    id, repositories, tags, manifests, manifest_bytes, blobs, blob_bytes, known_blobs, known_bytes
)
VALUES (
    1, :repositories, :tags, :manifests, :manifest_bytes,
    :blobs, :blob_bytes, :known_blobs, :known_bytes
)
ON CONFLICT (id) DO UPDATE
SET repositories = excluded.repositories,
    tags = excluded.tags,
    manifests = excluded.manifests,
    manifest_bytes = excluded.manifest_bytes,
    blobs = excluded.blobs,
    blob_bytes = excluded.blob_bytes,
    known_blobs = excluded.known_blobs,
    known_bytes = excluded.known_bytes;
