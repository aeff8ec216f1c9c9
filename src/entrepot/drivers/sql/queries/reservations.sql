-- name: reserve
-- Takes room, unless too little is left beside what the other uploads have taken.
INSERT INTO upload_reservations (id, repository, namespace, bytes, until)
SELECT :id, :repository, :namespace, :bytes, :until
WHERE :bytes + COALESCE((
          SELECT SUM(bytes) FROM upload_reservations
          WHERE repository = :repository AND until > :now AND id <> :id
      ), 0) <= :repository_room
  AND :bytes + COALESCE((
          SELECT SUM(bytes) FROM upload_reservations
          WHERE namespace = :namespace AND until > :now AND id <> :id
      ), 0) <= :namespace_room
  AND :bytes + COALESCE((
          SELECT SUM(bytes) FROM upload_reservations WHERE until > :now AND id <> :id
      ), 0) <= :registry_room
ON CONFLICT (id) DO UPDATE SET bytes = excluded.bytes, until = excluded.until;

-- name: reserved
-- What uploads have taken, but for one of them.
SELECT COALESCE((
           SELECT SUM(bytes) FROM upload_reservations
           WHERE repository = :repository AND until > :now AND id <> :id
       ), 0),
       COALESCE((
           SELECT SUM(bytes) FROM upload_reservations
           WHERE namespace = :namespace AND until > :now AND id <> :id
       ), 0),
       COALESCE((
           SELECT SUM(bytes) FROM upload_reservations WHERE until > :now AND id <> :id
       ), 0);

-- name: release_reservation
DELETE FROM upload_reservations WHERE id = :id;

-- name: forget_reservations
-- Those that have ended by themselves.
DELETE FROM upload_reservations WHERE until <= :now;
