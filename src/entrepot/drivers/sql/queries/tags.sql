-- name: tags
-- A page of a repository's tags, in byte order.
SELECT tags.name
FROM tags
WHERE tags.repository_id = (SELECT id FROM repositories WHERE repositories.name = :name)
  AND tags.name > :after
ORDER BY tags.name
LIMIT :limit;

-- name: move_tag
-- A tag on the very manifest that it names is no accessory.
INSERT INTO tags (repository_id, name, manifest_id, updated_at, accessory_of)
VALUES (
    :repository, :tag, :manifest, :now,
    NULLIF(
        :names,
        (SELECT substr(digest, 1, length(:names)) FROM manifests WHERE id = :manifest)
    )
)
ON CONFLICT (repository_id, name)
DO UPDATE SET
    manifest_id = excluded.manifest_id,
    updated_at = excluded.updated_at,
    accessory_of = excluded.accessory_of;

-- name: note_tag_change
INSERT INTO tag_history (repository_id, tag, old_digest, new_digest, caller, changed_at)
VALUES (
    :repository, :tag, :old_digest,
    (SELECT digest FROM manifests WHERE id = :manifest),
    :caller, :now
);

-- name: tags_of_manifest
SELECT name FROM tags WHERE manifest_id = :manifest ORDER BY name;

-- name: delete_tag
DELETE FROM tags WHERE repository_id = :repository AND name = :tag;

-- name: delete_tags_of_manifest
DELETE FROM tags WHERE manifest_id = :manifest;
