-- name: collect_links_anew
-- Every grace begins anew: the time since the snapshot counts for nothing.
UPDATE link_candidates SET since = NULL WHERE since > 0;

-- name: collect_manifests_anew
UPDATE manifest_candidates SET since = NULL WHERE manifest_id > 0;

-- name: forget_doomed_bytes
-- What was about to be removed then may be known again by now; the sweep finds what is not.
DELETE FROM doomed_bytes WHERE id > 0;

-- name: page_of_all_tags
-- A page of all tags, with what they point to.
SELECT tags.repository_id, tags.name, repositories.name, manifests.digest
FROM tags
{join in order} repositories ON repositories.id = tags.repository_id
{join in order} manifests ON manifests.id = tags.manifest_id
WHERE (tags.repository_id, tags.name) > (:repository, :tag)
ORDER BY tags.repository_id, tags.name
LIMIT :limit;

-- name: digest_of_tag
SELECT manifests.digest
FROM repositories
{join in order} tags ON tags.repository_id = repositories.id
{join in order} manifests ON manifests.id = tags.manifest_id
WHERE repositories.name = :name AND tags.name = :tag;
