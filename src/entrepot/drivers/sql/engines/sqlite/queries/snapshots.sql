-- name: snapshot_moment
-- Any row will do: the transaction sees the database as it is at its first look.
SELECT MAX(number) FROM migrations;

-- name: snapshot_schema
SELECT number FROM migrations WHERE number > 0;

-- name: snapshot_content
-- Asked of a snapshot alone, which has just been read whole.
SELECT (SELECT COUNT(*) FROM repositories WHERE populated = 1),
       (SELECT COUNT(*) FROM manifests WHERE id > 0),
       (SELECT COUNT(*) FROM tags WHERE repository_id > 0),
       (SELECT COUNT(*) FROM blobs WHERE id > 0);
