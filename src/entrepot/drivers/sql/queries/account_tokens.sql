-- name: account_token
SELECT
    account_tokens.id, account_tokens.public_id, accounts.name, accounts.kind,
    account_tokens.name, account_tokens.secret_hash, account_tokens.old_secret_hash,
    account_tokens.old_until, account_tokens.limits, account_tokens.expires_at,
    account_tokens.created_at, account_tokens.rotated_at, account_tokens.last_used_at,
    account_tokens.last_used_from
FROM account_tokens
JOIN accounts ON accounts.id = account_tokens.account_id
WHERE account_tokens.public_id = :public_id;

-- name: account_tokens
-- A page of an account's tokens, by name.
SELECT
    account_tokens.id, account_tokens.public_id, accounts.name, accounts.kind,
    account_tokens.name, account_tokens.secret_hash, account_tokens.old_secret_hash,
    account_tokens.old_until, account_tokens.limits, account_tokens.expires_at,
    account_tokens.created_at, account_tokens.rotated_at, account_tokens.last_used_at,
    account_tokens.last_used_from
FROM accounts
JOIN account_tokens ON account_tokens.account_id = accounts.id
WHERE accounts.name = :account AND account_tokens.name > :after
ORDER BY account_tokens.name
LIMIT :limit;

-- name: add_account_token
INSERT INTO account_tokens (
    public_id, account_id, name, secret_hash, limits, expires_at, created_at
)
VALUES (
    :public_id, (SELECT accounts.id FROM accounts WHERE accounts.name = :account),
    :name, :secret_hash, :limits, :expires_at, :created_at
)
ON CONFLICT (account_id, name) DO NOTHING;

-- name: rotate_account_token
UPDATE account_tokens
SET old_secret_hash = secret_hash,
    old_until = :old_until,
    secret_hash = :secret_hash,
    rotated_at = :now
WHERE account_id = (SELECT accounts.id FROM accounts WHERE accounts.name = :account)
  AND name = :name;

-- name: remove_account_token
DELETE FROM account_tokens
WHERE account_id = (SELECT accounts.id FROM accounts WHERE accounts.name = :account)
  AND name = :name;

-- name: note_token_use
UPDATE account_tokens SET last_used_at = :at, last_used_from = :address
WHERE id = :token AND (last_used_at IS NULL OR last_used_at < :at);
