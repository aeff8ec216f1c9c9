-- name: record_event
INSERT INTO events (
    id, at, kind, caller_kind, caller, address, user_agent, request_id, node,
    repository, reference, digest, details
)
VALUES (
    :id, :at, :kind, :caller_kind, :caller, :address, :user_agent, :request_id, :node,
    :repository, :reference, :digest, :details
);

-- name: oldest_events
-- Events are written in the order of time, so the oldest come first. The newest one stays: numbers
-- go on from it, so that no reader who has noted one meets it twice.
SELECT number, at FROM events
WHERE number < (SELECT MAX(number) FROM events)
ORDER BY number LIMIT :limit;

-- name: forget_events
DELETE FROM events WHERE number > 0 AND number <= :last;
