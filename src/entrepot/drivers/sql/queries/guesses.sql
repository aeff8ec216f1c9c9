-- name: guess
-- What is known of one subject.
SELECT failures, waits_until, succeeded_at
FROM guesses
WHERE subject = :subject;

-- name: count_guess
-- One more; those before a long pause are forgotten.
INSERT INTO guesses (subject, failures, failed_at, waits_until, succeeded_at, seen_at)
VALUES (:subject, 1, :now, 0, 0, :now)
ON CONFLICT (subject) DO UPDATE SET
    failures = CASE WHEN guesses.failed_at < :forgotten THEN 1 ELSE guesses.failures + 1 END,
    failed_at = :now,
    seen_at = :now
RETURNING failures;

-- name: let_guesser_wait
-- Another worker may have counted, too: the longer wait holds.
UPDATE guesses
SET waits_until = :until
WHERE subject = :subject AND waits_until < :until;

-- name: note_success
-- Somebody known has come from here.
INSERT INTO guesses (subject, failures, failed_at, waits_until, succeeded_at, seen_at)
VALUES (:subject, 0, 0, 0, :now, :now)
ON CONFLICT (subject) DO UPDATE SET succeeded_at = :now, seen_at = :now;

-- name: waiting_guessers
-- Who has to wait now, longest first.
SELECT subject, waits_until
FROM guesses
WHERE waits_until > :now
ORDER BY waits_until DESC
LIMIT :limit;

-- name: guess_at_rank
-- Of those that stay, how old the newest but so many is.
SELECT seen_at
FROM guesses
WHERE seen_at >= :moment
ORDER BY seen_at DESC
LIMIT 1 OFFSET :rank;

-- name: forget_guesses
-- Nothing has come from there for long.
DELETE FROM guesses
WHERE seen_at < :moment;
