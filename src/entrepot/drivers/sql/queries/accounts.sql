-- name: account
SELECT
    accounts.id, accounts.name, accounts.kind, accounts.description, accounts.password_hash,
    accounts.password_changed_at, accounts.admin, accounts.disabled, accounts.expires_at,
    owners.name, accounts.grants, accounts.created_at, accounts.last_used_at,
    accounts.last_used_from
FROM accounts
LEFT JOIN accounts AS owners ON owners.id = accounts.owner_id
WHERE accounts.name = :name;

-- name: accounts
-- A page of users, or of robots, by name.
SELECT
    accounts.id, accounts.name, accounts.kind, accounts.description, accounts.password_hash,
    accounts.password_changed_at, accounts.admin, accounts.disabled, accounts.expires_at,
    owners.name, accounts.grants, accounts.created_at, accounts.last_used_at,
    accounts.last_used_from
FROM accounts
LEFT JOIN accounts AS owners ON owners.id = accounts.owner_id
WHERE accounts.kind = :kind AND accounts.name > :after
ORDER BY accounts.name
LIMIT :limit;

-- name: any_user
SELECT 1 FROM accounts WHERE kind = 'user' LIMIT 1;

-- name: robots_of
SELECT name FROM accounts
WHERE owner_id = (SELECT id FROM accounts AS owners WHERE owners.name = :owner)
  AND name > :after
ORDER BY name
LIMIT :limit;

-- name: add_account
INSERT INTO accounts (
    name, kind, description, password_hash, password_changed_at, admin, expires_at, owner_id,
    grants, created_at
)
VALUES (
    :name, :kind, :description, :password_hash, :created_at, :admin, :expires_at,
    (SELECT id FROM accounts AS owners WHERE owners.name = :owner),
    :grants, :created_at
)
ON CONFLICT (name) DO NOTHING;

-- name: set_password
UPDATE accounts SET password_hash = :password_hash, password_changed_at = :now
WHERE name = :name AND kind = 'user';

-- name: set_disabled
UPDATE accounts SET disabled = :disabled WHERE name = :name;

-- name: set_expiry
UPDATE accounts SET expires_at = :expires_at WHERE name = :name;

-- name: remove_account
DELETE FROM accounts WHERE name = :name;

-- name: remove_tokens_of_account
DELETE FROM account_tokens
WHERE account_id = (SELECT accounts.id FROM accounts WHERE accounts.name = :name);

-- name: leave_all_groups
DELETE FROM group_members WHERE member = :name;

-- name: note_account_use
UPDATE accounts SET last_used_at = :at, last_used_from = :address
WHERE id = :account AND (last_used_at IS NULL OR last_used_at < :at);

-- name: access_generation
SELECT number, rules FROM access_generation WHERE id = 1;
