-- name: undated_manifests
-- A page of manifests whose grace has not begun.
SELECT manifest_id, widowed FROM manifest_candidates {indexed by manifest_candidates_undated}
WHERE since IS NULL AND manifest_id > 0
ORDER BY manifest_id
LIMIT :limit;

-- name: due_manifests
SELECT manifest_id, widowed FROM manifest_candidates
WHERE widowed = :widowed AND since <= :before
ORDER BY since
LIMIT :limit;

-- name: manifest_ties
-- What holds a manifest beside tags: an index, a subject that is there.
SELECT manifests.repository_id, repositories.name, manifests.digest, manifests.size,
       EXISTS (
           SELECT 1 FROM manifest_edges
           WHERE manifest_edges.digest = manifests.digest
             AND manifest_edges.repository_id = manifests.repository_id
             AND manifest_edges.role = 'manifest'
       ),
       EXISTS (
           SELECT 1 FROM manifests AS subjects
           WHERE subjects.repository_id = manifests.repository_id
             AND subjects.digest = manifests.subject
       )
FROM manifests
JOIN repositories ON repositories.id = manifests.repository_id
WHERE manifests.id = :manifest;

-- name: tags_by_subject
-- The tags of a manifest, and whether each is an accessory of a manifest that is not there. A tag
-- has only the beginning of a digest, and 'g' is behind every hexadecimal digit.
SELECT tags.name,
       tags.accessory_of IS NOT NULL AND NOT EXISTS (
           SELECT 1 FROM manifests
           WHERE manifests.repository_id = tags.repository_id
             AND manifests.digest >= tags.accessory_of
             AND manifests.digest < tags.accessory_of || 'g'
       )
FROM tags
WHERE tags.manifest_id = :manifest
ORDER BY tags.name;

-- name: date_manifest
UPDATE manifest_candidates SET since = :now WHERE manifest_id = :manifest AND since IS NULL;

-- name: drop_manifest_candidate
DELETE FROM manifest_candidates WHERE manifest_id = :manifest;

-- name: date_links_of_manifest
-- The blobs of a manifest that will go begin their grace with it; it ends a little later.
INSERT INTO link_candidates (repository_id, blob_id, since)
SELECT manifest_edges.repository_id, blobs.id, :since
FROM manifest_edges
JOIN blobs ON blobs.digest = manifest_edges.digest
JOIN repository_blobs
    ON repository_blobs.repository_id = manifest_edges.repository_id
    AND repository_blobs.blob_id = blobs.id
WHERE manifest_edges.manifest_id = :manifest AND manifest_edges.role <> 'subject'
ON CONFLICT (repository_id, blob_id) DO NOTHING;

-- name: dated_links_of_manifest
SELECT link_candidates.repository_id, link_candidates.blob_id, link_candidates.since
FROM manifest_edges
JOIN blobs ON blobs.digest = manifest_edges.digest
JOIN link_candidates
    ON link_candidates.repository_id = manifest_edges.repository_id
    AND link_candidates.blob_id = blobs.id
WHERE manifest_edges.manifest_id = :manifest AND manifest_edges.role <> 'subject'
  AND link_candidates.since IS NOT NULL;

-- name: date_link
UPDATE link_candidates SET since = :since
WHERE repository_id = :repository AND blob_id = :blob AND since IS NULL;

-- name: listed_manifests
-- What a list of referrers names and the repository has, but for what speaks of something else.
SELECT children.id
FROM manifest_edges
JOIN manifests AS children
    ON children.repository_id = manifest_edges.repository_id
    AND children.digest = manifest_edges.digest
WHERE manifest_edges.manifest_id = :manifest AND manifest_edges.role = 'manifest'
  AND children.subject IS NULL;

-- name: widow_manifest
UPDATE manifest_candidates SET widowed = 1 WHERE manifest_id = :manifest;

-- name: hold_children
-- The children of an index that has come back are held by it.
DELETE FROM manifest_candidates
WHERE manifest_id IN (
    SELECT child.id
    FROM manifest_edges
    JOIN manifests AS child
        ON child.repository_id = manifest_edges.repository_id
        AND child.digest = manifest_edges.digest
    WHERE manifest_edges.manifest_id = :manifest AND manifest_edges.role = 'manifest'
);

-- name: queue_unheld_manifest
INSERT INTO manifest_candidates (manifest_id, widowed) VALUES (:manifest, 1)
ON CONFLICT (manifest_id) DO UPDATE SET since = NULL, widowed = 1;

-- name: date_links
-- The grace of some begins now.
UPDATE link_candidates SET since = :now
WHERE (repository_id, blob_id) IN (
    SELECT undated.repository_id, undated.blob_id FROM link_candidates AS undated
    WHERE undated.since IS NULL
    LIMIT :limit
);

-- name: due_links
-- Those whose grace is over, and whether a manifest of the repository needs the blob.
SELECT link_candidates.repository_id, link_candidates.blob_id,
       repositories.name, blobs.digest, blobs.size,
       EXISTS (
           SELECT 1 FROM manifest_edges
           WHERE manifest_edges.digest = blobs.digest
             AND manifest_edges.repository_id = link_candidates.repository_id
             AND manifest_edges.role <> 'subject'
       )
FROM link_candidates
LEFT JOIN repositories ON repositories.id = link_candidates.repository_id
LEFT JOIN blobs ON blobs.id = link_candidates.blob_id
WHERE link_candidates.since <= :before
ORDER BY link_candidates.since
LIMIT :limit;

-- name: postpone_link
UPDATE link_candidates SET since = NULL WHERE repository_id = :repository AND blob_id = :blob;

-- name: delete_link
DELETE FROM repository_blobs WHERE repository_id = :repository AND blob_id = :blob;

-- name: delete_link_candidate
DELETE FROM link_candidates WHERE repository_id = :repository AND blob_id = :blob;

-- name: unlinked_blobs
-- Blobs that no repository had, and whether one has them by now.
SELECT blob_candidates.blob_id, blobs.digest, blobs.size, blobs.location,
       EXISTS (SELECT 1 FROM repository_blobs WHERE blob_id = blob_candidates.blob_id)
FROM blob_candidates
LEFT JOIN blobs ON blobs.id = blob_candidates.blob_id
WHERE blob_candidates.blob_id > :after
ORDER BY blob_candidates.blob_id
LIMIT :limit;

-- name: drop_blob_candidate
DELETE FROM blob_candidates WHERE blob_id = :blob;

-- name: delete_blob
DELETE FROM blobs WHERE id = :blob;

-- name: doom_bytes
-- Whether another blob lies at the same place is asked when they are removed.
INSERT INTO doomed_bytes (location, digest, size) VALUES (:location, :digest, :size);

-- name: claim_doomed
UPDATE doomed_bytes SET holder = :holder, claimed_until = :until
WHERE id IN (
    SELECT due.id FROM doomed_bytes AS due
    WHERE due.claimed_until <= :now
    ORDER BY due.claimed_until, due.id
    LIMIT :limit
)
RETURNING id, location, digest, size;

-- name: due_doomed
SELECT 1 FROM doomed_bytes WHERE claimed_until <= :now LIMIT 1;

-- name: finish_doomed
DELETE FROM doomed_bytes WHERE id = :id AND holder = :holder;

-- name: release_doomed
UPDATE doomed_bytes SET holder = NULL, claimed_until = :until WHERE id = :id AND holder = :holder;

-- name: release_all_doomed
-- Through the index: most wait for nobody.
UPDATE doomed_bytes SET holder = NULL, claimed_until = 0
WHERE claimed_until > 0 AND substr(holder, 1, length(:holders)) = :holders;

-- name: undated_links
-- A row for each, up to a limit: counting is work, too.
SELECT 1 FROM link_candidates WHERE since IS NULL LIMIT :limit;

-- name: some_dated_links
SELECT 1 FROM link_candidates WHERE since >= 0 LIMIT :limit;

-- name: some_manifest_candidates
SELECT 1 FROM manifest_candidates WHERE manifest_id > 0 LIMIT :limit;

-- name: some_blob_candidates
SELECT 1 FROM blob_candidates WHERE blob_id > 0 LIMIT :limit;

-- name: some_doomed_bytes
SELECT 1 FROM doomed_bytes WHERE id > 0 LIMIT :limit;

-- name: oldest_link
SELECT since FROM link_candidates WHERE since >= 0 ORDER BY since LIMIT 1;

-- name: oldest_manifest
SELECT since FROM manifest_candidates WHERE widowed = :widowed AND since >= 0
ORDER BY since LIMIT 1;
