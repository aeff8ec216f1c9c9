-- Room within quotas that uploads have taken for bytes that they are receiving. What was received
-- is counted by the metadata when it is a blob; until then it is counted here, so that many uploads
-- at once do not each take what is left. Bytes; times are microseconds since 1970, UTC.

CREATE TABLE upload_reservations (
    id TEXT PRIMARY KEY,
    repository TEXT NOT NULL,
    namespace TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    -- A worker that dies leaves its reservations: they end by themselves.
    until INTEGER NOT NULL
) WITHOUT ROWID;

CREATE INDEX upload_reservations_by_repository
    ON upload_reservations (repository, until, bytes);
CREATE INDEX upload_reservations_by_namespace
    ON upload_reservations (namespace, until, bytes);
CREATE INDEX upload_reservations_by_end ON upload_reservations (until, bytes);
