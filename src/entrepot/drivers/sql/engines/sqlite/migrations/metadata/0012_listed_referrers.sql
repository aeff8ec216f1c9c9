-- Annotations are kept for every manifest, and not only for those with a subject: any may be listed
-- under the tag of a subject (spec.md, "Referrers Tag Schema"), and a list of referrers reads rows
-- alone, never a manifest.

-- CASE, for it alone promises that what is no JSON is not looked into.
UPDATE manifests
SET annotations = CASE
    WHEN json_valid(CAST(payload AS TEXT)) THEN CASE json_type(CAST(payload AS TEXT), '$.annotations')
        WHEN 'object' THEN nullif(json_extract(CAST(payload AS TEXT), '$.annotations'), '{}')
    END
END
WHERE subject IS NULL
  AND instr(payload, CAST('"annotations"' AS BLOB)) > 0;
