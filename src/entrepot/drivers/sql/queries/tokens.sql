-- name: token_authority
SELECT private_key, certificate FROM token_authority WHERE id = 1;

-- name: keep_token_authority
INSERT INTO token_authority (id, private_key, certificate, created_at)
VALUES (1, :private_key, :certificate, :now)
ON CONFLICT DO NOTHING;

-- name: signing_keys
SELECT number, kid, private_key, certificate, signs_from FROM signing_keys
WHERE number > :after
ORDER BY number;

-- name: keep_signing_key
INSERT INTO signing_keys (number, kid, private_key, certificate, signs_from, created_at)
VALUES (:number, :kid, :private_key, :certificate, :signs_from, :now)
ON CONFLICT (number) DO NOTHING;

-- name: forget_signing_keys
DELETE FROM signing_keys WHERE number < :before;

-- name: forget_token_authority
DELETE FROM token_authority WHERE id = 1;

-- name: keep_refresh_token
INSERT INTO refresh_tokens (
    digest, account, kind, groups, mark, service, client, created_at, used_at, expires_at
)
VALUES (
    :digest, :account, :kind, :groups, :mark, :service, :client, :created_at, :used_at, :expires_at
);

-- name: refresh_token
SELECT digest, account, kind, groups, mark, service, client, created_at, used_at, expires_at
FROM refresh_tokens WHERE digest = :digest;

-- name: refresh_tokens
SELECT digest, account, kind, groups, mark, service, client, created_at, used_at, expires_at
FROM refresh_tokens
WHERE account = :account AND digest > :after
ORDER BY digest
LIMIT :limit;

-- name: note_use_of_refresh_token
UPDATE refresh_tokens SET used_at = :now, expires_at = {greatest}(expires_at, :expires_at)
WHERE digest = :digest;

-- name: revoke_refresh_token
DELETE FROM refresh_tokens WHERE digest = :digest;

-- name: revoke_refresh_tokens
DELETE FROM refresh_tokens WHERE account = :account;

-- name: forget_expired_refresh_tokens
DELETE FROM refresh_tokens WHERE digest IN (
    SELECT digest FROM refresh_tokens WHERE expires_at <= :now ORDER BY expires_at LIMIT :limit
);
