-- name: ping
SELECT 1;

-- name: write_nothing
-- Needs everything that a change needs, and changes nothing.
DELETE FROM migrations WHERE number < 0;
