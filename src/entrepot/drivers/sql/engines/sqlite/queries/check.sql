-- name: damage
-- What SQLite finds wrong with its own file, at most 100 things.
SELECT integrity_check FROM pragma_integrity_check(100) WHERE integrity_check <> 'ok';

-- name: inspected_manifests
-- A page of manifests, each with its edges as a JSON list; fewer where payloads are large.
-- page bytes: 8388608
SELECT manifests.id, manifests.repository_id, repositories.name, manifests.digest,
       manifests.media_type,
       (
           SELECT json_group_array(
               json_array(manifest_edges.role, manifest_edges.digest, manifest_edges.size)
           )
           FROM manifest_edges
           WHERE manifest_edges.manifest_id = manifests.id
             AND manifest_edges.repository_id = manifests.repository_id
       ),
       manifests.payload
FROM manifests
CROSS JOIN repositories ON repositories.id = manifests.repository_id
WHERE manifests.id > :after
ORDER BY manifests.id
LIMIT :limit;
