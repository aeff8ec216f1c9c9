-- Bytes of small blobs that are not on the disk yet where they lie, each kept by the transaction
-- that made its blob known, or that put its bytes in place again.
CREATE TABLE redo (
    blob_id INTEGER PRIMARY KEY REFERENCES blobs (id) ON DELETE CASCADE,
    -- The upload that they came with: a later one takes the row over.
    upload_id TEXT NOT NULL,
    -- Microseconds since 1970, UTC.
    kept_at INTEGER NOT NULL,
    content BLOB NOT NULL
);
