-- Tags that are accessories of a manifest (oci/accessory.py): signatures, attestations, lists of
-- referrers. They are never counted by retention, and go with the manifest that they name.

-- The beginning of the digest that the tag names, ALGORITHM:HEX with at most 64 of HEX; null for
-- every other tag, and for one that points to the very manifest that it names.
ALTER TABLE tags ADD COLUMN accessory_of TEXT;

UPDATE tags SET accessory_of = substr(name, 1, 6) || ':' || substr(name, 8, 64)
WHERE substr(name, 1, 7) IN ('sha256-', 'sha512-')
  AND length(name) >= 71
  AND substr(name, 8, 64) NOT GLOB '*[^0-9a-f]*'
  AND substr(name, 72, 1) IN ('', '.');

-- cosign puts what --attachment-tag-prefix says in front.
UPDATE tags SET accessory_of = substr(stem, 1, 6) || ':' || substr(stem, 8)
FROM (
    SELECT repository_id AS repository, name AS tag,
           substr(substr(name, 1, length(name) - CASE substr(name, -5) WHEN '.sbom' THEN 5 ELSE 4 END), -71)
               AS stem
    FROM tags
    WHERE substr(name, -4) IN ('.sig', '.att') OR substr(name, -5) = '.sbom'
) AS suffixed
WHERE tags.repository_id = suffixed.repository
  AND tags.name = suffixed.tag
  AND tags.accessory_of IS NULL
  AND length(stem) = 71
  AND substr(stem, 1, 7) IN ('sha256-', 'sha512-')
  AND substr(stem, 8) NOT GLOB '*[^0-9a-f]*';

UPDATE tags SET accessory_of = NULL
WHERE accessory_of IS NOT NULL
  AND accessory_of = (
      SELECT substr(digest, 1, length(accessory_of)) FROM manifests WHERE id = tags.manifest_id
  );

CREATE INDEX tags_by_accessory ON tags (repository_id, accessory_of)
    WHERE accessory_of IS NOT NULL;

-- Referrers go with their subject, and so do its accessories.
DROP TRIGGER manifest_deleted;

CREATE TRIGGER manifest_deleted AFTER DELETE ON manifests
BEGIN
    DELETE FROM manifest_candidates WHERE manifest_id = OLD.id;
    INSERT INTO manifest_candidates (manifest_id, widowed)
    SELECT manifests.id, 1 FROM manifests
    WHERE manifests.repository_id = OLD.repository_id AND manifests.subject = OLD.digest
    ON CONFLICT (manifest_id) DO UPDATE SET since = NULL, widowed = 1;
    INSERT INTO manifest_candidates (manifest_id, widowed)
    SELECT tags.manifest_id, 1 FROM tags
    WHERE tags.repository_id = OLD.repository_id
      AND tags.accessory_of = substr(OLD.digest, 1, instr(OLD.digest, ':') + 64)
    ON CONFLICT (manifest_id) DO UPDATE SET since = NULL, widowed = 1;
END;
