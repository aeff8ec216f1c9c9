-- Bytes of small blobs, until the storage has them on the disk.

-- name: keep_content
INSERT INTO redo (blob_id, upload_id, kept_at, content)
SELECT blobs.id, :upload, :now, :content FROM blobs WHERE blobs.digest = :digest
ON CONFLICT (blob_id) DO UPDATE SET upload_id = excluded.upload_id, kept_at = excluded.kept_at;

-- name: redo_rows
SELECT redo.blob_id, redo.upload_id, blobs.digest, blobs.location, redo.content
FROM redo
{join in order} blobs ON blobs.id = redo.blob_id
WHERE redo.blob_id > :after AND redo.kept_at < :before
ORDER BY redo.blob_id
LIMIT :limit;

-- name: redo_row
SELECT redo.blob_id, redo.upload_id, blobs.digest, blobs.location, redo.content
FROM blobs
JOIN redo ON redo.blob_id = blobs.id
WHERE blobs.digest = :digest AND redo.upload_id = :upload;

-- name: forget_content
DELETE FROM redo
WHERE blob_id = (SELECT id FROM blobs WHERE digest = :digest) AND upload_id = :upload;
