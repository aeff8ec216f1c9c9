-- name: manifest_by_tag
-- What a tag points to.
SELECT manifests.digest, manifests.media_type, manifests.payload
FROM repositories
JOIN tags ON tags.repository_id = repositories.id
JOIN manifests ON manifests.id = tags.manifest_id
WHERE repositories.name = :name AND tags.name = :tag;

-- name: manifest_by_digest
SELECT manifests.digest, manifests.media_type, manifests.payload
FROM repositories
JOIN manifests ON manifests.repository_id = repositories.id
WHERE repositories.name = :name AND manifests.digest = :digest;

-- name: referrers
-- A page of the manifests with a subject, by digest; annotations may have 4 MiB.
-- page bytes: 1048576
SELECT manifests.digest, manifests.media_type, manifests.size,
       manifests.artifact_type, manifests.annotations
FROM manifests
WHERE manifests.repository_id = (SELECT id FROM repositories WHERE name = :name)
  AND manifests.subject = :subject
  AND manifests.digest > :after
ORDER BY manifests.digest
LIMIT :limit;

-- name: referrers_of_type
-- The same, of one artifact type.
-- page bytes: 1048576
SELECT manifests.digest, manifests.media_type, manifests.size,
       manifests.artifact_type, manifests.annotations
FROM manifests
WHERE manifests.repository_id = (SELECT id FROM repositories WHERE name = :name)
  AND manifests.subject = :subject
  AND manifests.artifact_type = :artifact_type
  AND manifests.digest > :after
ORDER BY manifests.digest
LIMIT :limit;

-- name: listed_referrers
-- A page of the children of the manifest that a tag points to, by digest; of those alone that the
-- repository has as manifests, and that have no subject of their own, more than that is told.
-- page bytes: 1048576
SELECT manifest_edges.digest, manifests.media_type, manifests.size,
       manifests.artifact_type, manifests.annotations
FROM repositories
JOIN tags ON tags.repository_id = repositories.id
JOIN manifest_edges ON manifest_edges.manifest_id = tags.manifest_id
LEFT JOIN manifests
    ON manifests.repository_id = repositories.id
    AND manifests.digest = manifest_edges.digest
    AND manifests.subject IS NULL
WHERE repositories.name = :name AND tags.name = :tag
  AND manifest_edges.role = 'manifest'
  AND manifest_edges.digest > :after
ORDER BY manifest_edges.digest
LIMIT :limit;

-- name: manifest_sizes
-- Those of a list of digests that the repository has as manifests.
-- In another order every manifest of the repository would be compared with the list.
SELECT manifests.digest, manifests.size
FROM {each digests text wanted}
{join in order} manifests ON manifests.repository_id = :repository AND manifests.digest = wanted.value;

-- name: keep_manifest
-- Pushing the same bytes again is a push: its time is the newest.
INSERT INTO manifests (
    repository_id, digest, media_type, artifact_type, subject,
    annotations, size, pushed_at, payload
)
VALUES (
    :repository, :digest, :media_type, :artifact_type, :subject,
    :annotations, :size, :pushed_at, :payload
)
ON CONFLICT (repository_id, digest)
DO UPDATE SET pushed_at = excluded.pushed_at, media_type = excluded.media_type
RETURNING id;

-- name: keep_edge
INSERT INTO manifest_edges (manifest_id, role, digest, repository_id, size)
VALUES (:manifest, :role, :digest, :repository, :size)
ON CONFLICT (manifest_id, role, digest) DO NOTHING;

-- name: find_manifest
SELECT id FROM manifests WHERE repository_id = :repository AND digest = :digest;

-- name: delete_edges
DELETE FROM manifest_edges WHERE manifest_id = :manifest;

-- name: delete_manifest
DELETE FROM manifests WHERE id = :manifest;
