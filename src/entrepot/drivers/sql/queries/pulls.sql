-- name: note_pulls
-- A JSON list of pairs, of a repository's name and a manifest's digest. CROSS JOIN keeps this order.
INSERT INTO manifest_pulls (manifest_id, pulled_at)
SELECT manifests.id, :now
FROM json_each(:pulled) AS wanted
CROSS JOIN repositories ON repositories.name = json_extract(wanted.value, '$[0]')
CROSS JOIN manifests
    ON manifests.repository_id = repositories.id
    AND manifests.digest = json_extract(wanted.value, '$[1]')
WHERE true
ON CONFLICT (manifest_id) DO UPDATE SET pulled_at = max(pulled_at, excluded.pulled_at);

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
