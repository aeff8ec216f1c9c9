-- name: create_session
INSERT INTO upload_sessions (
    id, repository, owner, algorithm, received, progress, started_at, touched_at
)
VALUES (:id, :repository, :owner, :algorithm, :received, :progress, :now, :now);

-- name: get_session
SELECT id, repository, owner, algorithm, received, progress, started_at
FROM upload_sessions WHERE id = :id;

-- name: claim_session
UPDATE upload_sessions SET holder = :holder, claimed_until = :until, touched_at = :now
WHERE id = :id AND (holder IS NULL OR claimed_until <= :now)
RETURNING id, repository, owner, algorithm, received, progress, started_at;

-- name: renew_session
UPDATE upload_sessions
SET received = :received, progress = :progress, touched_at = :now, claimed_until = :until
WHERE id = :id AND holder = :holder;

-- name: release_session
UPDATE upload_sessions
SET received = :received, progress = :progress, touched_at = :now,
    holder = NULL, claimed_until = 0
WHERE id = :id AND holder = :holder;

-- name: finish_session
DELETE FROM upload_sessions WHERE id = :id AND holder = :holder;

-- name: end_session
-- Only by who holds it, as the deletion that follows.
INSERT INTO ended_uploads (id, repository, owner, digest, refusal, ended_at)
SELECT id, repository, owner, :digest, :refusal, :now
FROM upload_sessions WHERE id = :id AND holder = :holder
ON CONFLICT (id) DO NOTHING;

-- name: forget_ended_sessions
-- A few at each end: more than were added, and so all of them in time.
DELETE FROM ended_uploads
WHERE id IN (SELECT id FROM ended_uploads WHERE ended_at < :before ORDER BY ended_at LIMIT 4);

-- name: ended_session
SELECT repository, owner, digest, refusal FROM ended_uploads WHERE id = :id;

-- name: release_all_sessions
-- Runs once at a start, for the workers that the node had before, and at the start of each worker,
-- for the one that had its number before and has ended.
UPDATE upload_sessions SET holder = NULL, claimed_until = 0
WHERE holder IS NOT NULL AND substr(holder, 1, length(:holders)) = :holders;

-- name: idle_sessions
-- A page of sessions that nobody writes to, by id: a walk along the table, page by page.
SELECT id, repository, owner, algorithm, received, progress, started_at
FROM upload_sessions
WHERE id > :after AND touched_at < :moment AND claimed_until <= :moment
ORDER BY id
LIMIT :limit;
