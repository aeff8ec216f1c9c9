-- name: quarantine_blob
-- Only the row that was looked at: the blob may have been collected and pushed again since.
UPDATE blobs SET quarantined_at = :now, quarantine_reason = :reason
WHERE digest = :digest AND location = :location AND size = :size AND quarantined_at IS NULL;

-- name: release_blob
UPDATE blobs SET quarantined_at = NULL, quarantine_reason = NULL
WHERE digest = :digest AND quarantined_at = :since;

-- name: quarantined_blobs
-- A page of what is in quarantine.
SELECT id, digest, size, location, quarantined_at, quarantine_reason
FROM blobs {indexed by blobs_in_quarantine}
WHERE quarantined_at IS NOT NULL AND id > :after
ORDER BY id
LIMIT :limit;
