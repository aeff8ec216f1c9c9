-- Blobs whose bytes are known to be gone or wrong: not served, and asked for again by pushes.

-- Since when, in microseconds since 1970, UTC; null for a blob that nothing speaks against.
ALTER TABLE blobs ADD COLUMN quarantined_at INTEGER;
-- A word of ports/quarantine.py.
ALTER TABLE blobs ADD COLUMN quarantine_reason TEXT;

-- Few, so that they are found without reading the others.
CREATE INDEX blobs_in_quarantine ON blobs (id) WHERE quarantined_at IS NOT NULL;
