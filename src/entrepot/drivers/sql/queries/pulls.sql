-- name: note_pull
INSERT INTO manifest_pulls (manifest_id, pulled_at)
SELECT manifests.id, :now
FROM manifests
WHERE manifests.repository_id = (SELECT id FROM repositories WHERE name = :name)
  AND manifests.digest = :digest
ON CONFLICT (manifest_id)
DO UPDATE SET pulled_at = {greatest}(manifest_pulls.pulled_at, excluded.pulled_at);

-- name: dated_tags
-- A page of a repository's tags, in byte order, with their times.
SELECT tags.name, manifests.digest, tags.updated_at, manifest_pulls.pulled_at,
       tags.accessory_of
FROM tags
JOIN manifests ON manifests.id = tags.manifest_id
LEFT JOIN manifest_pulls ON manifest_pulls.manifest_id = tags.manifest_id
WHERE tags.repository_id = (SELECT id FROM repositories WHERE repositories.name = :name)
  AND tags.name > :after
ORDER BY tags.name
LIMIT :limit;
