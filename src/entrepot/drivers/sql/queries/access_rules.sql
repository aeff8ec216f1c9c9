-- name: account_group
SELECT name, description, created_at FROM account_groups WHERE name = :name;

-- name: account_groups
-- A page of groups, by name.
SELECT name, description, created_at FROM account_groups
WHERE name > :after
ORDER BY name
LIMIT :limit;

-- name: group_members
-- A page of a group's members, by name.
SELECT member FROM group_members
WHERE group_id = (SELECT account_groups.id FROM account_groups WHERE account_groups.name = :group)
  AND member > :after
ORDER BY member
LIMIT :limit;

-- name: groups_of_member
SELECT account_groups.name
FROM group_members
JOIN account_groups ON account_groups.id = group_members.group_id
WHERE group_members.member = :member;

-- name: add_account_group
INSERT INTO account_groups (name, description, created_at)
VALUES (:name, :description, :created_at)
ON CONFLICT (name) DO NOTHING;

-- name: remove_members_of_group
DELETE FROM group_members
WHERE group_id = (SELECT account_groups.id FROM account_groups WHERE account_groups.name = :name);

-- name: remove_account_group
DELETE FROM account_groups WHERE name = :name;

-- name: join_group
INSERT INTO group_members (group_id, member, added_at)
VALUES (
    (SELECT account_groups.id FROM account_groups WHERE account_groups.name = :group),
    :member, :now
)
ON CONFLICT (group_id, member) DO NOTHING;

-- name: leave_group
DELETE FROM group_members
WHERE group_id = (SELECT account_groups.id FROM account_groups WHERE account_groups.name = :group)
  AND member = :member;

-- name: access_rule
SELECT name, who, may, repositories, description, created_at
FROM access_rules WHERE name = :name;

-- name: access_rules
-- A page of rules, by name.
SELECT name, who, may, repositories, description, created_at
FROM access_rules
WHERE name > :after
ORDER BY name
LIMIT :limit;

-- name: add_access_rule
INSERT INTO access_rules (name, who, may, repositories, description, created_at)
VALUES (:name, :who, :may, :repositories, :description, :created_at)
ON CONFLICT (name) DO NOTHING;

-- name: remove_access_rule
DELETE FROM access_rules WHERE name = :name;
