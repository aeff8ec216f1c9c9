-- name: claim_fill
-- The failure of an earlier attempt is forgotten with the next; its upload is resumed.
INSERT INTO fills (key, upload_id, holder, claimed_until, touched_at)
VALUES (:key, :upload, :holder, :until, :now)
ON CONFLICT (key) DO UPDATE
SET upload_id = CASE fills.upload_id WHEN '' THEN excluded.upload_id ELSE fills.upload_id END,
    holder = excluded.holder, claimed_until = excluded.claimed_until,
    problem = NULL, message = NULL, touched_at = excluded.touched_at
WHERE fills.holder IS NULL OR fills.claimed_until <= :now
RETURNING upload_id, size, claimed_until, problem, message, touched_at;

-- name: renew_fill
UPDATE fills SET claimed_until = :until, size = COALESCE(:size, size)
WHERE key = :key AND holder = :holder;

-- name: release_fill
UPDATE fills SET holder = NULL, claimed_until = 0 WHERE key = :key AND holder = :holder;

-- name: finish_fill
DELETE FROM fills WHERE key = :key AND holder = :holder;

-- name: forget_fills
-- A few at each end: more than were added, and so all of them in time.
DELETE FROM fills
WHERE key IN (
    SELECT key FROM fills WHERE upload_id <> '' AND touched_at < :before
    ORDER BY touched_at LIMIT 4
) AND claimed_until < :before;

-- name: forget_fills_without_upload
-- The same for those that leave nothing to go on with.
DELETE FROM fills
WHERE key IN (
    SELECT key FROM fills WHERE upload_id = '' AND touched_at < :before
    ORDER BY touched_at LIMIT 4
) AND claimed_until < :before;

-- name: fail_fill
UPDATE fills
SET holder = NULL, claimed_until = 0, problem = :problem, message = :message, touched_at = :now,
    upload_id = CASE :kept WHEN 1 THEN upload_id ELSE '' END,
    size = CASE :kept WHEN 1 THEN size END
WHERE key = :key AND holder = :holder;

-- name: find_fill
SELECT upload_id, size, claimed_until, problem, message, touched_at FROM fills WHERE key = :key;

-- name: release_all_fills
-- Runs once at a start, and at the start of each worker.
UPDATE fills SET holder = NULL, claimed_until = 0
WHERE holder IS NOT NULL AND substr(holder, 1, length(:holders)) = :holders;

-- name: tag_checked_at
SELECT checked_at FROM checked_tags WHERE key = :key;

-- name: note_checked_tag
INSERT INTO checked_tags (key, checked_at) VALUES (:key, :now)
ON CONFLICT (key) DO UPDATE SET checked_at = excluded.checked_at;

-- name: forget_checked_tag
DELETE FROM checked_tags WHERE key = :key;

-- name: forget_checked_tags
DELETE FROM checked_tags
WHERE key IN (
    SELECT key FROM checked_tags WHERE checked_at < :before ORDER BY checked_at LIMIT 4
);
