-- name: meet_job
-- A job that was never seen counts as done at this moment.
INSERT INTO jobs (name, started_at, finished_at) VALUES (:name, :now, :now)
ON CONFLICT (name) DO NOTHING;

-- name: claim_job
-- Begins a run, or goes on with one whose holder has ended.
UPDATE jobs
SET holder = :holder,
    claimed_until = :until,
    started_at = CASE WHEN finished_at IS NULL THEN started_at ELSE :now END,
    progress = CASE WHEN finished_at IS NULL THEN progress ELSE '' END,
    finished_at = NULL,
    outcome = ''
WHERE name = :name
  AND (holder IS NULL OR claimed_until <= :now)
  AND (finished_at IS NULL OR started_at < :since)
RETURNING name, holder, claimed_until, started_at, finished_at, outcome, progress;

-- name: begin_job
-- The first run of a job that was never seen.
INSERT INTO jobs (name, holder, claimed_until, started_at)
VALUES (:name, :holder, :until, :now)
ON CONFLICT (name) DO NOTHING
RETURNING name, holder, claimed_until, started_at, finished_at, outcome, progress;

-- name: renew_job
UPDATE jobs SET claimed_until = :until, progress = :progress
WHERE name = :name AND holder = :holder;

-- name: release_job
UPDATE jobs SET holder = NULL, claimed_until = 0, progress = :progress
WHERE name = :name AND holder = :holder;

-- name: release_all_jobs
UPDATE jobs SET holder = NULL, claimed_until = 0
WHERE holder IS NOT NULL AND substr(holder, 1, length(:holders)) = :holders;

-- name: finish_job
UPDATE jobs
SET holder = NULL, claimed_until = 0, finished_at = :now, outcome = :outcome
WHERE name = :name AND holder = :holder;

-- name: last_job
SELECT name, holder, claimed_until, started_at, finished_at, outcome, progress
FROM jobs WHERE name = :name;
