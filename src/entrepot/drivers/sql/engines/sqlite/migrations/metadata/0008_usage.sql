-- How much lies where: counters that triggers keep, so that no path can forget them.
-- A blob counts once a repository, once a namespace (the first component of a repository's name),
-- and once in all. Bytes are those of blobs and of manifests' payloads. A repository's name never
-- changes, so its namespace does not either.

CREATE TABLE registry_usage (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    -- Repositories that have a manifest, as the catalogue lists them.
    repositories INTEGER NOT NULL DEFAULT 0,
    tags INTEGER NOT NULL DEFAULT 0,
    manifests INTEGER NOT NULL DEFAULT 0,
    manifest_bytes INTEGER NOT NULL DEFAULT 0,
    -- Blobs that a repository has.
    blobs INTEGER NOT NULL DEFAULT 0,
    blob_bytes INTEGER NOT NULL DEFAULT 0,
    -- Blobs that are known, whether a repository has them or not.
    known_blobs INTEGER NOT NULL DEFAULT 0,
    known_bytes INTEGER NOT NULL DEFAULT 0
);

CREATE TABLE namespaces (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    -- Repositories with or without a manifest: the row goes with the last of them.
    names INTEGER NOT NULL DEFAULT 0,
    repositories INTEGER NOT NULL DEFAULT 0,
    tags INTEGER NOT NULL DEFAULT 0,
    manifests INTEGER NOT NULL DEFAULT 0,
    manifest_bytes INTEGER NOT NULL DEFAULT 0,
    blobs INTEGER NOT NULL DEFAULT 0,
    blob_bytes INTEGER NOT NULL DEFAULT 0,
    -- Of blob_bytes, those of blobs that no other namespace has.
    exclusive_bytes INTEGER NOT NULL DEFAULT 0
);

CREATE TABLE repository_usage (
    repository_id INTEGER PRIMARY KEY,
    namespace_id INTEGER NOT NULL,
    tags INTEGER NOT NULL DEFAULT 0,
    manifests INTEGER NOT NULL DEFAULT 0,
    manifest_bytes INTEGER NOT NULL DEFAULT 0,
    blobs INTEGER NOT NULL DEFAULT 0,
    blob_bytes INTEGER NOT NULL DEFAULT 0,
    -- Of blob_bytes, those of blobs that no other repository has.
    exclusive_bytes INTEGER NOT NULL DEFAULT 0,
    -- What the manifests say that their configs and layers have, each as often as it is named.
    referenced_bytes INTEGER NOT NULL DEFAULT 0
);

CREATE INDEX repository_usage_by_namespace ON repository_usage (namespace_id, repository_id);

-- How many repositories of a namespace have a blob.
CREATE TABLE namespace_blobs (
    blob_id INTEGER NOT NULL,
    namespace_id INTEGER NOT NULL,
    repositories INTEGER NOT NULL,
    PRIMARY KEY (blob_id, namespace_id)
) WITHOUT ROWID;

-- What is there already, counted once. The signs + keep the tables in the order in which they
-- lie: by the index that has the groups in order, each row would be looked for by itself.

INSERT INTO namespaces (name, names, repositories)
SELECT substr(name, 1, instr(name || '/', '/') - 1), COUNT(*), SUM(populated)
FROM repositories
GROUP BY 1;

INSERT INTO repository_usage (repository_id, namespace_id)
SELECT repositories.id, namespaces.id
FROM repositories
CROSS JOIN namespaces
    ON namespaces.name = substr(repositories.name, 1, instr(repositories.name || '/', '/') - 1);

INSERT INTO namespace_blobs (blob_id, namespace_id, repositories)
SELECT repository_blobs.blob_id, repository_usage.namespace_id, COUNT(*)
FROM repository_blobs
CROSS JOIN repository_usage
    ON repository_usage.repository_id = repository_blobs.repository_id
GROUP BY repository_blobs.blob_id, repository_usage.namespace_id;

UPDATE repository_usage SET blobs = counted.blobs, blob_bytes = counted.bytes
FROM (
    SELECT repository_blobs.repository_id AS repository, COUNT(*) AS blobs, SUM(blobs.size) AS bytes
    FROM repository_blobs
    CROSS JOIN blobs ON blobs.id = repository_blobs.blob_id
    GROUP BY repository_blobs.repository_id
) AS counted
WHERE repository_usage.repository_id = counted.repository;

UPDATE repository_usage SET exclusive_bytes = counted.bytes
FROM (
    SELECT held.repository AS repository, SUM(blobs.size) AS bytes
    FROM (
        SELECT blob_id, MIN(repository_id) AS repository
        FROM repository_blobs
        GROUP BY blob_id
        HAVING COUNT(*) = 1
    ) AS held
    CROSS JOIN blobs ON blobs.id = held.blob_id
    GROUP BY held.repository
) AS counted
WHERE repository_usage.repository_id = counted.repository;

UPDATE repository_usage SET manifests = counted.manifests, manifest_bytes = counted.bytes
FROM (
    SELECT +repository_id AS repository, COUNT(*) AS manifests, SUM(size) AS bytes
    FROM manifests
    GROUP BY +repository_id
) AS counted
WHERE repository_usage.repository_id = counted.repository;

UPDATE repository_usage SET referenced_bytes = counted.bytes
FROM (
    SELECT +repository_id AS repository, SUM(size) AS bytes
    FROM manifest_edges
    WHERE role IN ('config', 'layer')
    GROUP BY +repository_id
) AS counted
WHERE repository_usage.repository_id = counted.repository;

UPDATE repository_usage SET tags = counted.tags
FROM (
    SELECT repository_id AS repository, COUNT(*) AS tags FROM tags GROUP BY repository_id
) AS counted
WHERE repository_usage.repository_id = counted.repository;

UPDATE namespaces
SET tags = counted.tags, manifests = counted.manifests, manifest_bytes = counted.bytes
FROM (
    SELECT namespace_id AS namespace,
           SUM(tags) AS tags, SUM(manifests) AS manifests, SUM(manifest_bytes) AS bytes
    FROM repository_usage
    GROUP BY namespace_id
) AS counted
WHERE namespaces.id = counted.namespace;

UPDATE namespaces SET blobs = counted.blobs, blob_bytes = counted.bytes
FROM (
    SELECT namespace_blobs.namespace_id AS namespace, COUNT(*) AS blobs, SUM(blobs.size) AS bytes
    FROM namespace_blobs
    CROSS JOIN blobs ON blobs.id = namespace_blobs.blob_id
    GROUP BY namespace_blobs.namespace_id
) AS counted
WHERE namespaces.id = counted.namespace;

UPDATE namespaces SET exclusive_bytes = counted.bytes
FROM (
    SELECT held.namespace AS namespace, SUM(blobs.size) AS bytes
    FROM (
        SELECT blob_id, MIN(namespace_id) AS namespace
        FROM namespace_blobs
        GROUP BY blob_id
        HAVING COUNT(*) = 1
    ) AS held
    CROSS JOIN blobs ON blobs.id = held.blob_id
    GROUP BY held.namespace
) AS counted
WHERE namespaces.id = counted.namespace;

INSERT INTO registry_usage (
    id, repositories, tags, manifests, manifest_bytes, blobs, blob_bytes, known_blobs, known_bytes
)
SELECT 1, summed.repositories, summed.tags, summed.manifests, summed.bytes,
       held.blobs, held.bytes, known.blobs, known.bytes
FROM (
    SELECT COALESCE(SUM(repositories), 0) AS repositories, COALESCE(SUM(tags), 0) AS tags,
           COALESCE(SUM(manifests), 0) AS manifests, COALESCE(SUM(manifest_bytes), 0) AS bytes
    FROM namespaces
) AS summed
CROSS JOIN (
    SELECT COUNT(*) AS blobs, COALESCE(SUM(size), 0) AS bytes
    FROM blobs
    WHERE EXISTS (SELECT 1 FROM namespace_blobs WHERE namespace_blobs.blob_id = blobs.id)
) AS held
CROSS JOIN (SELECT COUNT(*) AS blobs, COALESCE(SUM(size), 0) AS bytes FROM blobs) AS known;

-- Repositories.

CREATE TRIGGER usage_of_new_repository AFTER INSERT ON repositories
BEGIN
    INSERT INTO namespaces (name, names, repositories)
    VALUES (substr(NEW.name, 1, instr(NEW.name || '/', '/') - 1), 1, NEW.populated)
    ON CONFLICT (name) DO UPDATE
    SET names = names + 1, repositories = repositories + excluded.repositories;
    INSERT INTO repository_usage (repository_id, namespace_id)
    SELECT NEW.id, id FROM namespaces
    WHERE name = substr(NEW.name, 1, instr(NEW.name || '/', '/') - 1);
    UPDATE registry_usage SET repositories = repositories + NEW.populated WHERE id = 1;
END;

CREATE TRIGGER usage_of_catalogue AFTER UPDATE OF populated ON repositories
WHEN OLD.populated <> NEW.populated
BEGIN
    UPDATE namespaces SET repositories = repositories + NEW.populated - OLD.populated
    WHERE id = (SELECT namespace_id FROM repository_usage WHERE repository_id = NEW.id);
    UPDATE registry_usage SET repositories = repositories + NEW.populated - OLD.populated
    WHERE id = 1;
END;

CREATE TRIGGER usage_of_removed_repository AFTER DELETE ON repositories
BEGIN
    UPDATE namespaces SET names = names - 1, repositories = repositories - OLD.populated
    WHERE id = (SELECT namespace_id FROM repository_usage WHERE repository_id = OLD.id);
    DELETE FROM namespaces
    WHERE id = (SELECT namespace_id FROM repository_usage WHERE repository_id = OLD.id)
      AND names = 0;
    DELETE FROM repository_usage WHERE repository_id = OLD.id;
    UPDATE registry_usage SET repositories = repositories - OLD.populated WHERE id = 1;
END;

-- Tags.

CREATE TRIGGER usage_of_new_tag AFTER INSERT ON tags
BEGIN
    UPDATE repository_usage SET tags = tags + 1 WHERE repository_id = NEW.repository_id;
    UPDATE namespaces SET tags = tags + 1
    WHERE id = (SELECT namespace_id FROM repository_usage WHERE repository_id = NEW.repository_id);
    UPDATE registry_usage SET tags = tags + 1 WHERE id = 1;
END;

CREATE TRIGGER usage_of_removed_tag AFTER DELETE ON tags
BEGIN
    UPDATE repository_usage SET tags = tags - 1 WHERE repository_id = OLD.repository_id;
    UPDATE namespaces SET tags = tags - 1
    WHERE id = (SELECT namespace_id FROM repository_usage WHERE repository_id = OLD.repository_id);
    UPDATE registry_usage SET tags = tags - 1 WHERE id = 1;
END;

-- Manifests, and what they name.

CREATE TRIGGER usage_of_new_manifest AFTER INSERT ON manifests
BEGIN
    UPDATE repository_usage
    SET manifests = manifests + 1, manifest_bytes = manifest_bytes + NEW.size
    WHERE repository_id = NEW.repository_id;
    UPDATE namespaces
    SET manifests = manifests + 1, manifest_bytes = manifest_bytes + NEW.size
    WHERE id = (SELECT namespace_id FROM repository_usage WHERE repository_id = NEW.repository_id);
    UPDATE registry_usage
    SET manifests = manifests + 1, manifest_bytes = manifest_bytes + NEW.size
    WHERE id = 1;
END;

CREATE TRIGGER usage_of_removed_manifest AFTER DELETE ON manifests
BEGIN
    UPDATE repository_usage
    SET manifests = manifests - 1, manifest_bytes = manifest_bytes - OLD.size
    WHERE repository_id = OLD.repository_id;
    UPDATE namespaces
    SET manifests = manifests - 1, manifest_bytes = manifest_bytes - OLD.size
    WHERE id = (SELECT namespace_id FROM repository_usage WHERE repository_id = OLD.repository_id);
    UPDATE registry_usage
    SET manifests = manifests - 1, manifest_bytes = manifest_bytes - OLD.size
    WHERE id = 1;
END;

CREATE TRIGGER usage_of_resized_manifest AFTER UPDATE OF size ON manifests
WHEN OLD.size <> NEW.size
BEGIN
    UPDATE repository_usage SET manifest_bytes = manifest_bytes + NEW.size - OLD.size
    WHERE repository_id = NEW.repository_id;
    UPDATE namespaces SET manifest_bytes = manifest_bytes + NEW.size - OLD.size
    WHERE id = (SELECT namespace_id FROM repository_usage WHERE repository_id = NEW.repository_id);
    UPDATE registry_usage SET manifest_bytes = manifest_bytes + NEW.size - OLD.size WHERE id = 1;
END;

CREATE TRIGGER usage_of_new_edge AFTER INSERT ON manifest_edges
WHEN NEW.role IN ('config', 'layer')
BEGIN
    UPDATE repository_usage SET referenced_bytes = referenced_bytes + NEW.size
    WHERE repository_id = NEW.repository_id;
END;

CREATE TRIGGER usage_of_removed_edge AFTER DELETE ON manifest_edges
WHEN OLD.role IN ('config', 'layer')
BEGIN
    UPDATE repository_usage SET referenced_bytes = referenced_bytes - OLD.size
    WHERE repository_id = OLD.repository_id;
END;

-- Blobs.

CREATE TRIGGER usage_of_new_blob AFTER INSERT ON blobs
BEGIN
    UPDATE registry_usage
    SET known_blobs = known_blobs + 1, known_bytes = known_bytes + NEW.size
    WHERE id = 1;
END;

CREATE TRIGGER usage_of_forgotten_blob AFTER DELETE ON blobs
BEGIN
    UPDATE registry_usage
    SET known_blobs = known_blobs - 1, known_bytes = known_bytes - OLD.size
    WHERE id = 1;
END;

-- Only a file that contradicted its row gets another size: everybody who has it is recounted.
CREATE TRIGGER usage_of_resized_blob AFTER UPDATE OF size ON blobs
WHEN OLD.size <> NEW.size
BEGIN
    UPDATE repository_usage
    SET blob_bytes = blob_bytes + NEW.size - OLD.size,
        exclusive_bytes = exclusive_bytes + CASE
            WHEN EXISTS (
                SELECT 1 FROM repository_blobs
                WHERE blob_id = NEW.id AND repository_id <> repository_usage.repository_id
            ) THEN 0
            ELSE NEW.size - OLD.size
        END
    WHERE repository_id IN (SELECT repository_id FROM repository_blobs WHERE blob_id = NEW.id);
    UPDATE namespaces
    SET blob_bytes = blob_bytes + NEW.size - OLD.size,
        exclusive_bytes = exclusive_bytes + CASE
            WHEN EXISTS (
                SELECT 1 FROM namespace_blobs
                WHERE blob_id = NEW.id AND namespace_id <> namespaces.id
            ) THEN 0
            ELSE NEW.size - OLD.size
        END
    WHERE id IN (SELECT namespace_id FROM namespace_blobs WHERE blob_id = NEW.id);
    UPDATE registry_usage
    SET known_bytes = known_bytes + NEW.size - OLD.size,
        blob_bytes = blob_bytes + CASE
            WHEN EXISTS (SELECT 1 FROM namespace_blobs WHERE blob_id = NEW.id)
            THEN NEW.size - OLD.size
            ELSE 0
        END
    WHERE id = 1;
END;

-- Links of blobs to repositories. The bytes are one's own as long as no other has the blob: the
-- second one takes that from the first, and when all but one are gone, the last gets it back.
-- Written without UPDATE ... FROM and INSERT ... SELECT, whose temporary tables took several times
-- as long as all the rest, and with few triggers, for each costs by itself. COALESCE: a check takes
-- away links whose blob's row is lost.

CREATE TRIGGER usage_of_linked_blob AFTER INSERT ON repository_blobs
BEGIN
    UPDATE repository_usage
    SET blobs = blobs + 1,
        blob_bytes = blob_bytes + COALESCE((SELECT size FROM blobs WHERE id = NEW.blob_id), 0),
        exclusive_bytes = exclusive_bytes + CASE
            WHEN EXISTS (
                SELECT 1 FROM repository_blobs
                WHERE blob_id = NEW.blob_id AND repository_id <> NEW.repository_id
            ) THEN 0
            ELSE COALESCE((SELECT size FROM blobs WHERE id = NEW.blob_id), 0)
        END
    WHERE repository_id = NEW.repository_id;
    -- The only other one that has it, if there is just one.
    UPDATE repository_usage
    SET exclusive_bytes = exclusive_bytes -
        COALESCE((SELECT size FROM blobs WHERE id = NEW.blob_id), 0)
    WHERE repository_id = (
            SELECT repository_id FROM repository_blobs
            WHERE blob_id = NEW.blob_id AND repository_id <> NEW.repository_id
            LIMIT 1
        )
      AND NOT EXISTS (
            SELECT 1 FROM repository_blobs
            WHERE blob_id = NEW.blob_id AND repository_id <> NEW.repository_id
            LIMIT 1 OFFSET 1
        );
    INSERT INTO namespace_blobs (blob_id, namespace_id, repositories)
    VALUES (
        NEW.blob_id,
        (SELECT namespace_id FROM repository_usage WHERE repository_id = NEW.repository_id),
        1
    )
    ON CONFLICT (blob_id, namespace_id) DO UPDATE SET repositories = repositories + 1;
END;

CREATE TRIGGER usage_of_unlinked_blob AFTER DELETE ON repository_blobs
BEGIN
    UPDATE repository_usage
    SET blobs = blobs - 1,
        blob_bytes = blob_bytes - COALESCE((SELECT size FROM blobs WHERE id = OLD.blob_id), 0),
        exclusive_bytes = exclusive_bytes - CASE
            WHEN EXISTS (SELECT 1 FROM repository_blobs WHERE blob_id = OLD.blob_id) THEN 0
            ELSE COALESCE((SELECT size FROM blobs WHERE id = OLD.blob_id), 0)
        END
    WHERE repository_id = OLD.repository_id;
    UPDATE repository_usage
    SET exclusive_bytes = exclusive_bytes +
        COALESCE((SELECT size FROM blobs WHERE id = OLD.blob_id), 0)
    WHERE repository_id = (
            SELECT repository_id FROM repository_blobs WHERE blob_id = OLD.blob_id LIMIT 1
        )
      AND NOT EXISTS (
            SELECT 1 FROM repository_blobs WHERE blob_id = OLD.blob_id LIMIT 1 OFFSET 1
        );
    UPDATE namespace_blobs SET repositories = repositories - 1
    WHERE blob_id = OLD.blob_id
      AND namespace_id = (
          SELECT namespace_id FROM repository_usage WHERE repository_id = OLD.repository_id
      );
    DELETE FROM namespace_blobs
    WHERE blob_id = OLD.blob_id
      AND namespace_id = (
          SELECT namespace_id FROM repository_usage WHERE repository_id = OLD.repository_id
      )
      AND repositories = 0;
END;

-- The same one step up: rows of namespace_blobs come and go with the first and the last link.

CREATE TRIGGER usage_of_blob_new_to_namespace AFTER INSERT ON namespace_blobs
BEGIN
    UPDATE namespaces
    SET blobs = blobs + 1,
        blob_bytes = blob_bytes + COALESCE((SELECT size FROM blobs WHERE id = NEW.blob_id), 0),
        exclusive_bytes = exclusive_bytes + CASE
            WHEN EXISTS (
                SELECT 1 FROM namespace_blobs
                WHERE blob_id = NEW.blob_id AND namespace_id <> NEW.namespace_id
            ) THEN 0
            ELSE COALESCE((SELECT size FROM blobs WHERE id = NEW.blob_id), 0)
        END
    WHERE id = NEW.namespace_id;
    UPDATE namespaces
    SET exclusive_bytes = exclusive_bytes -
        COALESCE((SELECT size FROM blobs WHERE id = NEW.blob_id), 0)
    WHERE id = (
            SELECT namespace_id FROM namespace_blobs
            WHERE blob_id = NEW.blob_id AND namespace_id <> NEW.namespace_id
            LIMIT 1
        )
      AND NOT EXISTS (
            SELECT 1 FROM namespace_blobs
            WHERE blob_id = NEW.blob_id AND namespace_id <> NEW.namespace_id
            LIMIT 1 OFFSET 1
        );
    UPDATE registry_usage
    SET blobs = blobs + 1,
        blob_bytes = blob_bytes + COALESCE((SELECT size FROM blobs WHERE id = NEW.blob_id), 0)
    WHERE id = 1
      AND NOT EXISTS (
          SELECT 1 FROM namespace_blobs
          WHERE blob_id = NEW.blob_id AND namespace_id <> NEW.namespace_id
      );
END;

CREATE TRIGGER usage_of_blob_gone_from_namespace AFTER DELETE ON namespace_blobs
BEGIN
    UPDATE namespaces
    SET blobs = blobs - 1,
        blob_bytes = blob_bytes - COALESCE((SELECT size FROM blobs WHERE id = OLD.blob_id), 0),
        exclusive_bytes = exclusive_bytes - CASE
            WHEN EXISTS (SELECT 1 FROM namespace_blobs WHERE blob_id = OLD.blob_id) THEN 0
            ELSE COALESCE((SELECT size FROM blobs WHERE id = OLD.blob_id), 0)
        END
    WHERE id = OLD.namespace_id;
    UPDATE namespaces
    SET exclusive_bytes = exclusive_bytes +
        COALESCE((SELECT size FROM blobs WHERE id = OLD.blob_id), 0)
    WHERE id = (SELECT namespace_id FROM namespace_blobs WHERE blob_id = OLD.blob_id LIMIT 1)
      AND NOT EXISTS (
            SELECT 1 FROM namespace_blobs WHERE blob_id = OLD.blob_id LIMIT 1 OFFSET 1
        );
    UPDATE registry_usage
    SET blobs = blobs - 1,
        blob_bytes = blob_bytes - COALESCE((SELECT size FROM blobs WHERE id = OLD.blob_id), 0)
    WHERE id = 1
      AND NOT EXISTS (SELECT 1 FROM namespace_blobs WHERE blob_id = OLD.blob_id);
END;
