"""What can be changed in accounts, groups and rules, on the writer's connection."""

import json
import sqlite3
from collections.abc import Iterable
from typing import Any

from entrepot.drivers.sql import accounts_rows as rows
from entrepot.drivers.sql.reader import QUERIES
from entrepot.ports.accounts import Account, Group, LastUse, NewAccount, NewToken, StoredRule


class SqliteAccessWriter:
    """Implements `AccessWriter`. Its methods never wait: a group is run in one go."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    async def account(self, name: str) -> Account | None:
        """Find an account by its name."""
        row = self._run("account", name=name).fetchone()
        return None if row is None else rows.account(row)

    async def has_users(self) -> bool:
        """Tell whether there is any user."""
        return self._run("any_user").fetchone() is not None

    async def add_account(self, account: NewAccount) -> bool:
        """Make an account; False when the name is taken."""
        return self._changed(
            "add_account",
            name=account.name,
            kind=account.kind,
            description=account.description,
            password_hash=account.password_hash,
            admin=account.admin,
            expires_at=account.expires_at,
            owner=account.owner,
            grants=rows.write_grants(account.grants),
            created_at=account.created_at,
        )

    async def set_password(self, name: str, password_hash: str, now: int) -> bool:
        """Replace a user's password; False when there is no such user."""
        return self._changed("set_password", name=name, password_hash=password_hash, now=now)

    async def set_disabled(self, name: str, disabled: bool) -> bool:
        """Disable or enable an account; False when there is none."""
        return self._changed("set_disabled", name=name, disabled=disabled)

    async def set_expiry(self, name: str, expires_at: int | None) -> bool:
        """Let an account expire at a moment, or never; False when there is none."""
        return self._changed("set_expiry", name=name, expires_at=expires_at)

    async def remove_account(self, name: str) -> bool:
        """Remove an account with its tokens and memberships; False when there is none."""
        self._run("remove_tokens_of_account", name=name)
        self._run("leave_all_groups", name=name)
        return self._changed("remove_account", name=name)

    async def robots_of(self, owner: str, after: str, limit: int) -> list[str]:
        """List the names of the robots that a user owns."""
        return [row[0] for row in self._run("robots_of", owner=owner, after=after, limit=limit)]

    async def add_token(self, token: NewToken) -> bool:
        """Make a token; False when the account has one of that name."""
        return self._changed(
            "add_account_token",
            public_id=token.public_id,
            account=token.account,
            name=token.name,
            secret_hash=token.secret_hash,
            limits=rows.write_grants(token.limits),
            expires_at=token.expires_at,
            created_at=token.created_at,
        )

    async def rotate_token(
        self, account: str, name: str, secret_hash: bytes, old_until: int, now: int
    ) -> bool:
        """Replace a token's secret, and let the one that it had be good until a moment."""
        return self._changed(
            "rotate_account_token",
            account=account,
            name=name,
            secret_hash=secret_hash,
            old_until=old_until,
            now=now,
        )

    async def remove_token(self, account: str, name: str) -> bool:
        """Remove a token; False when there is none."""
        return self._changed("remove_account_token", account=account, name=name)

    async def note_uses(self, uses: Iterable[LastUse]) -> None:
        """Write down when and from where accounts and tokens were last used."""
        for use in uses:
            self._run("note_account_use", account=use.account, at=use.at, address=use.address)
            if use.token is not None:
                self._run("note_token_use", token=use.token, at=use.at, address=use.address)

    async def add_group(self, group: Group) -> bool:
        """Make a group; False when the name is taken."""
        return self._changed(
            "add_account_group",
            name=group.name,
            description=group.description,
            created_at=group.created_at,
        )

    async def remove_group(self, name: str) -> bool:
        """Remove a group; False when there is none."""
        self._run("remove_members_of_group", name=name)
        return self._changed("remove_account_group", name=name)

    async def join_group(self, group: str, member: str, now: int) -> bool:
        """Add a member; False when it was one already."""
        return self._changed("join_group", group=group, member=member, now=now)

    async def leave_group(self, group: str, member: str) -> bool:
        """Take a member away; False when it was none."""
        return self._changed("leave_group", group=group, member=member)

    async def group(self, name: str) -> Group | None:
        """Find a group by its name."""
        row = self._run("account_group", name=name).fetchone()
        return None if row is None else rows.group(row)

    async def add_rule(self, rule: StoredRule) -> bool:
        """Make a rule; False when the name is taken."""
        return self._changed(
            "add_access_rule",
            name=rule.name,
            who=json.dumps(rule.who),
            may=json.dumps(rule.may),
            repositories=json.dumps(rule.repositories),
            description=rule.description,
            created_at=rule.created_at,
        )

    async def remove_rule(self, name: str) -> bool:
        """Remove a rule; False when there is none."""
        return self._changed("remove_access_rule", name=name)

    def _changed(self, query: str, **parameters: Any) -> bool:
        return self._run(query, **parameters).rowcount > 0

    def _run(self, query: str, **parameters: Any) -> sqlite3.Cursor:
        return self._connection.execute(QUERIES[query], parameters)
