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
