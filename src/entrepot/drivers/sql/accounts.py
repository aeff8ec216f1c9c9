"""Users, robots, tokens, groups and rules in the metadata's database."""

import sqlite3
from collections.abc import Awaitable, Callable

from entrepot.drivers.sql import accounts_rows as rows
from entrepot.drivers.sql.accounts_writer import SqliteAccessWriter
from entrepot.drivers.sql.metadata import SqliteMetadata
from entrepot.ports.access import Kind
from entrepot.ports.accounts import (
    AccessWriter,
    Account,
    Generation,
    Group,
    Result,
    StoredRule,
    StoredToken,
)


class SqliteAccounts:
    """Implements `Accounts`.

    Args:
        database: whose file, connections and commits it shares.
    """

    def __init__(self, database: SqliteMetadata) -> None:
        self._database = database

    async def account(self, name: str) -> Account | None:
        """Find an account by its name."""
        found = await self._database.rows("account", name=name)
        return rows.account(found[0]) if found else None

    async def accounts(self, kind: Kind, after: str, limit: int) -> list[Account]:
        """List users, or robots, by name."""
        found = await self._database.rows("accounts", kind=kind, after=after, limit=limit)
        return [rows.account(row) for row in found]

    async def has_users(self) -> bool:
        """Tell whether there is any user."""
        return bool(await self._database.rows("any_user"))

    async def robots_of(self, owner: str, after: str, limit: int) -> list[str]:
        """List the names of the robots that a user owns."""
        found = await self._database.rows("robots_of", owner=owner, after=after, limit=limit)
        return [row[0] for row in found]

    async def token(self, public_id: str) -> StoredToken | None:
        """Find a token by its public part."""
        found = await self._database.rows("account_token", public_id=public_id)
        return rows.token(found[0]) if found else None

    async def tokens(self, account: str, after: str, limit: int) -> list[StoredToken]:
        """List an account's tokens by name."""
        found = await self._database.rows(
            "account_tokens", account=account, after=after, limit=limit
        )
        return [rows.token(row) for row in found]

    async def group(self, name: str) -> Group | None:
        """Find a group by its name."""
        found = await self._database.rows("account_group", name=name)
        return rows.group(found[0]) if found else None

    async def groups(self, after: str, limit: int) -> list[Group]:
        """List groups by name."""
        found = await self._database.rows("account_groups", after=after, limit=limit)
        return [rows.group(row) for row in found]

    async def members(self, group: str, after: str, limit: int) -> list[str]:
        """List the members of a group by name."""
        found = await self._database.rows("group_members", group=group, after=after, limit=limit)
        return [row[0] for row in found]

    async def groups_of(self, member: str) -> list[str]:
        """Name every group that has a member."""
        return [row[0] for row in await self._database.rows("groups_of_member", member=member)]

    async def rule(self, name: str) -> StoredRule | None:
        """Find a rule by its name."""
        found = await self._database.rows("access_rule", name=name)
        return rows.rule(found[0]) if found else None

    async def rules(self, after: str, limit: int) -> list[StoredRule]:
        """List rules by name."""
        found = await self._database.rows("access_rules", after=after, limit=limit)
        return [rows.rule(row) for row in found]

    async def generation(self) -> Generation:
        """Give the numbers that changes of accounts, tokens, groups and rules raise."""
        return Generation(*(await self._database.rows("access_generation"))[0])

    async def change(self, change: Callable[[AccessWriter], Awaitable[Result]]) -> Result:
        """Run a function in a transaction; when this returns, its work is durable."""

        async def work(connection: sqlite3.Connection) -> Result:
            return await change(SqliteAccessWriter(connection))

        return await self._database.work(work)
