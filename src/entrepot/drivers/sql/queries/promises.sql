-- name: confirmable_blob
-- A blob, through a repository that has it, and since when it waits to be collected there.
SELECT blobs.digest, blobs.size, blobs.location, blobs.quarantined_at, link_candidates.since
FROM blobs
JOIN repositories ON repositories.name = :name
JOIN repository_blobs
    ON repository_blobs.repository_id = repositories.id AND repository_blobs.blob_id = blobs.id
LEFT JOIN link_candidates
    ON link_candidates.repository_id = repositories.id AND link_candidates.blob_id = blobs.id
WHERE blobs.digest = :digest;

-- name: renew_link
-- Its grace begins anew, when a collector sees it next.
UPDATE link_candidates SET since = NULL
WHERE repository_id = (SELECT id FROM repositories WHERE name = :name)
  AND blob_id = (SELECT id FROM blobs WHERE digest = :digest);

-- name: confirmable_manifest
-- A manifest, and since when it waits to be collected.
SELECT manifests.digest, manifests.media_type, manifests.payload, manifest_candidates.since
FROM repositories
JOIN manifests ON manifests.repository_id = repositories.id
LEFT JOIN manifest_candidates ON manifest_candidates.manifest_id = manifests.id
WHERE repositories.name = :name AND manifests.digest = :digest;

-- name: renew_manifest
UPDATE manifest_candidates SET since = NULL
WHERE manifest_id = (
    SELECT manifests.id FROM manifests
    JOIN repositories ON repositories.id = manifests.repository_id
    WHERE repositories.name = :name AND manifests.digest = :digest
);

-- name: has_location
-- Whether a blob lies there.
SELECT 1 FROM blobs WHERE blobs.location = :location LIMIT 1;

-- name: add_link_candidate
-- A repository has just got a blob: its grace begins, whatever was written down before.
INSERT INTO link_candidates (repository_id, blob_id, since)
SELECT :repository, blobs.id, NULL FROM blobs WHERE blobs.digest = :digest
ON CONFLICT (repository_id, blob_id) DO UPDATE SET since = NULL;

-- name: renew_link_by_number
-- The same for one that it had before: where nothing is written down, a manifest needs it, or its
-- grace has not begun.
UPDATE link_candidates SET since = NULL
WHERE repository_id = :repository
  AND blob_id = (SELECT id FROM blobs WHERE digest = :digest);

-- name: drop_link_candidate
-- A manifest needs it from now on; when that one goes, it is written down again.
DELETE FROM link_candidates
WHERE repository_id = :repository
  AND blob_id = (SELECT id FROM blobs WHERE digest = :digest);

-- name: renew_pushed_manifest
-- A manifest is pushed again: its grace begins anew, and it was not forgotten with its subject.
UPDATE manifest_candidates SET since = NULL, widowed = 0 WHERE manifest_id = :manifest;
