-- name: tags_with_manifests
-- A page of a repository's tags, with what they point to.
SELECT tags.name, tags.manifest_id, manifests.size
FROM tags
{join in order} manifests ON manifests.id = tags.manifest_id
WHERE tags.repository_id = :repository AND tags.name > :after
ORDER BY tags.name
LIMIT :limit;

-- name: children_of
-- The manifests that these ones, a list of numbers, have as children.
SELECT child.id, child.size
FROM {each manifests bigint wanted}
{join in order} manifest_edges
    ON manifest_edges.manifest_id = wanted.value AND manifest_edges.role = 'manifest'
{join in order} manifests AS child
    ON child.repository_id = :repository AND child.digest = manifest_edges.digest;

-- name: referrers_of
-- The manifests that have one of these as their subject.
SELECT referrer.id, referrer.size
FROM {each manifests bigint wanted}
{join in order} manifests ON manifests.id = wanted.value
{join in order} manifests AS referrer
    ON referrer.repository_id = :repository AND referrer.subject = manifests.digest;

-- name: tags_on
-- Of these manifests, those that another tag points to.
SELECT tags.manifest_id
FROM {each manifests bigint wanted}
{join in order} tags ON tags.manifest_id = wanted.value AND tags.name <> :tag;

-- name: holders_of
-- Which manifests hold these ones as children or subjects: a child, and who holds it.
SELECT manifests.id, manifest_edges.manifest_id
FROM {each manifests bigint wanted}
{join in order} manifests ON manifests.id = wanted.value
{join in order} manifest_edges
    ON manifest_edges.digest = manifests.digest
    AND manifest_edges.repository_id = :repository
    AND manifest_edges.role = 'manifest';

-- name: needs_of
-- What these manifests say that they need, each as often as it is named, where it is a blob.
SELECT wanted.value, manifest_edges.digest, manifest_edges.size, blobs.id, blobs.size
FROM {each manifests bigint wanted}
{join in order} manifest_edges
    ON manifest_edges.manifest_id = wanted.value AND manifest_edges.role IN ('config', 'layer')
LEFT JOIN blobs ON blobs.digest = manifest_edges.digest
    AND EXISTS (
        SELECT 1 FROM repository_blobs
        WHERE repository_blobs.repository_id = :repository
          AND repository_blobs.blob_id = blobs.id
    );

-- name: blob_is_elsewhere
-- Whether another repository has a blob.
SELECT EXISTS (
    SELECT 1 FROM repository_blobs WHERE blob_id = :blob AND repository_id <> :repository
);

-- name: some_users
-- Some manifests of the repository that need a blob.
SELECT manifest_edges.manifest_id
FROM manifest_edges
WHERE manifest_edges.digest = :digest
  AND manifest_edges.repository_id = :repository
  AND manifest_edges.role <> 'subject'
LIMIT :limit;
