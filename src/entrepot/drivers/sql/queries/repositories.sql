-- name: find_repository
SELECT id FROM repositories WHERE name = :name;

-- name: add_repository
INSERT INTO repositories (name, created_at) VALUES (:name, :now) RETURNING id;

-- name: repositories
-- A page of the catalogue: repositories that have a manifest, by name.
SELECT name FROM repositories
WHERE populated = 1 AND name > :after
ORDER BY name
LIMIT :limit;

-- name: mark_populated
UPDATE repositories SET populated = 1 WHERE id = :repository AND populated = 0;

-- name: mark_emptied
UPDATE repositories SET populated = 0
WHERE id = :repository
  AND NOT EXISTS (SELECT 1 FROM manifests WHERE manifests.repository_id = :repository);
