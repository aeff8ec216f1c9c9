"""Rows of accounts, tokens, groups and rules, as records and back."""

import json
from collections.abc import Iterable
from typing import Any

from entrepot.ports.access import Action, Grant, Kind
from entrepot.ports.accounts import Account, Group, StoredRule, StoredToken


def account(row: Any) -> Account:
    """Read a row of the queries `account` and `accounts`."""
    return Account(
        id=row[0],
        name=row[1],
        kind=Kind(row[2]),
        description=row[3],
        password_hash=row[4],
        password_changed_at=row[5],
        admin=bool(row[6]),
        disabled=bool(row[7]),
        expires_at=row[8],
        owner=row[9],
        grants=read_grants(row[10]),
        created_at=row[11],
        last_used_at=row[12],
        last_used_from=row[13],
    )


def token(row: Any) -> StoredToken:
    """Read a row of the queries `account_token` and `account_tokens`."""
    return StoredToken(
        id=row[0],
        public_id=row[1],
        account=row[2],
        kind=Kind(row[3]),
        name=row[4],
        secret_hash=row[5],
        old_secret_hash=row[6],
        old_until=row[7],
        limits=read_grants(row[8]),
        expires_at=row[9],
        created_at=row[10],
        rotated_at=row[11],
        last_used_at=row[12],
        last_used_from=row[13],
    )


def group(row: Any) -> Group:
    """Read a row of the queries `account_group` and `account_groups`."""
    return Group(name=row[0], description=row[1], created_at=row[2])


def rule(row: Any) -> StoredRule:
    """Read a row of the queries `access_rule` and `access_rules`."""
    return StoredRule(
        name=row[0],
        who=tuple(json.loads(row[1])),
        may=tuple(Action(word) for word in json.loads(row[2])),
        repositories=tuple(json.loads(row[3])),
        description=row[4],
        created_at=row[5],
    )


def read_grants(text: str | None) -> tuple[Grant, ...] | None:
    """Read what `write_grants` wrote."""
    if text is None:
        return None
    return tuple(
        Grant(frozenset(Action(word) for word in entry["may"]), tuple(entry["repositories"]))
        for entry in json.loads(text)
    )


def write_grants(grants: Iterable[Grant] | None) -> str | None:
    """Write grants as JSON; None stays None."""
    if grants is None:
        return None
    return json.dumps(
        [{"may": sorted(grant.actions), "repositories": grant.patterns} for grant in grants]
    )
