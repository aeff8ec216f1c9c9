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

-- name: join_gatherers
-- A worker that takes the name of a dead one has nothing to write.
INSERT INTO pull_gatherers (name, alive_until) VALUES (:name, :until)
ON CONFLICT (name)
DO UPDATE SET answered = pull_gatherers.asked, alive_until = excluded.alive_until;

-- name: gatherer
SELECT asked, answered, alive_until FROM pull_gatherers WHERE name = :name;

-- name: answer_for_gatherer
UPDATE pull_gatherers SET answered = :asked, alive_until = :until WHERE name = :name;

-- name: leave_gatherers
DELETE FROM pull_gatherers WHERE name >= :prefix AND name <= :prefix || '~';

-- name: ask_gatherers
UPDATE pull_gatherers SET asked = asked + 1 WHERE name > '';

-- name: owing_gatherers
SELECT name, alive_until FROM pull_gatherers WHERE name > '' AND answered < asked ORDER BY name;
