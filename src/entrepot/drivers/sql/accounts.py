"""Users, robots, tokens, groups and rules in the metadata's database."""

import json
from collections.abc import Awaitable, Callable, Iterable

from entrepot.drivers.sql.database import Asks, Database, Row, Session
from entrepot.drivers.sql.events import Recorder
from entrepot.ports.access import Action, Grant, Kind
from entrepot.ports.accounts import (
    AccessWriter,
    Account,
    Generation,
    Group,
    LastUse,
    NewAccount,
    NewToken,
    Result,
    StoredRule,
    StoredToken,
)
from entrepot.ports.events import ORIGIN, Origin


class _AccountQuestions:
    """What is asked outside a transaction and within one."""

    _asked: Asks

    async def account(self, name: str) -> Account | None:
        """Find an account by its name."""
        found = await self._asked.rows("account", name=name)
        return _account(found[0]) if found else None

    async def has_users(self) -> bool:
        """Tell whether there is any user."""
        return bool(await self._asked.rows("any_user"))

    async def robots_of(self, owner: str, after: str, limit: int) -> list[str]:
        """List the names of the robots that a user owns."""
        return await self._asked.column("robots_of", owner=owner, after=after, limit=limit)

    async def group(self, name: str) -> Group | None:
        """Find a group by its name."""
        found = await self._asked.rows("account_group", name=name)
        return _group(found[0]) if found else None


class SqlAccounts(_AccountQuestions):
    """Implements `Accounts`.

    Args:
        database: has them.
        node: which machine of the registry this is.
    """

    def __init__(self, database: Database, node: str = "") -> None:
        self._asked = self._database = database
        self._generation: tuple[list[Row], Generation] = [], Generation(0, 0)
        self._node = node

    async def accounts(self, kind: Kind, after: str, limit: int) -> list[Account]:
        """List users, or robots, by name."""
        found = await self._asked.rows("accounts", kind=kind, after=after, limit=limit)
        return [_account(row) for row in found]

    async def token(self, public_id: str) -> StoredToken | None:
        """Find a token by its public part."""
        found = await self._asked.rows("account_token", public_id=public_id)
        return _token(found[0]) if found else None

    async def tokens(self, account: str, after: str, limit: int) -> list[StoredToken]:
        """List an account's tokens by name."""
        found = await self._asked.rows("account_tokens", account=account, after=after, limit=limit)
        return [_token(row) for row in found]

    async def groups(self, after: str, limit: int) -> list[Group]:
        """List groups by name."""
        found = await self._asked.rows("account_groups", after=after, limit=limit)
        return [_group(row) for row in found]

    async def members(self, group: str, after: str, limit: int) -> list[str]:
        """List the members of a group by name."""
        return await self._asked.column("group_members", group=group, after=after, limit=limit)

    async def groups_of(self, member: str) -> list[str]:
        """Name every group that has a member."""
        return await self._asked.column("groups_of_member", member=member)

    async def rule(self, name: str) -> StoredRule | None:
        """Find a rule by its name."""
        found = await self._asked.rows("access_rule", name=name)
        return _rule(found[0]) if found else None

    async def rules(self, after: str, limit: int) -> list[StoredRule]:
        """List rules by name."""
        found = await self._asked.rows("access_rules", after=after, limit=limit)
        return [_rule(row) for row in found]

    async def generation(self) -> Generation:
        """Give the numbers that changes of accounts, tokens, groups and rules raise."""
        rows = await self._asked.rows("access_generation")
        if rows is not self._generation[0]:  # the same list for as long as nobody commits
            self._generation = rows, Generation(*rows[0])
        return self._generation[1]

    async def change(self, change: Callable[[AccessWriter], Awaitable[Result]]) -> Result:
        """Run a function in a transaction; when this returns, its work is durable."""
        origin = ORIGIN.get()

        async def work(session: Session) -> Result:
            return await change(SqlAccessWriter(session, origin, self._node))

        return await self._database.transaction(work)


class SqlAccessWriter(_AccountQuestions, Recorder):
    """Implements `AccessWriter`.

    Args:
        session: of a transaction.
        origin: whence the change was asked for.
        node: which machine of the registry makes it.
    """

    def __init__(self, session: Session, origin: Origin, node: str) -> None:
        super().__init__(session, origin, node)
        self._asked = session

    async def add_account(self, account: NewAccount) -> bool:
        """Make an account; False when the name is taken."""
        return await self._changed(
            "add_account",
            name=account.name,
            kind=account.kind,
            description=account.description,
            password_hash=account.password_hash,
            admin=account.admin,
            expires_at=account.expires_at,
            owner=account.owner,
            grants=_write_grants(account.grants),
            created_at=account.created_at,
        )

    async def set_password(self, name: str, password_hash: str, now: int) -> bool:
        """Replace a user's password; False when there is no such user."""
        return await self._changed("set_password", name=name, password_hash=password_hash, now=now)

    async def set_disabled(self, name: str, disabled: bool) -> bool:
        """Disable or enable an account; False when there is none."""
        return await self._changed("set_disabled", name=name, disabled=disabled)

    async def set_expiry(self, name: str, expires_at: int | None) -> bool:
        """Let an account expire at a moment, or never; False when there is none."""
        return await self._changed("set_expiry", name=name, expires_at=expires_at)

    async def remove_account(self, name: str) -> bool:
        """Remove an account with its tokens and memberships; False when there is none."""
        await self._session.run("remove_tokens_of_account", name=name)
        await self._session.run("leave_all_groups", name=name)
        return await self._changed("remove_account", name=name)

    async def add_token(self, token: NewToken) -> bool:
        """Make a token; False when the account has one of that name."""
        return await self._changed(
            "add_account_token",
            public_id=token.public_id,
            account=token.account,
            name=token.name,
            secret_hash=token.secret_hash,
            limits=_write_grants(token.limits),
            expires_at=token.expires_at,
            created_at=token.created_at,
        )

    async def rotate_token(
        self, account: str, name: str, secret_hash: bytes, old_until: int, now: int
    ) -> bool:
        """Replace a token's secret, and let the one that it had be good until a moment."""
        return await self._changed(
            "rotate_account_token",
            account=account,
            name=name,
            secret_hash=secret_hash,
            old_until=old_until,
            now=now,
        )

    async def remove_token(self, account: str, name: str) -> bool:
        """Remove a token; False when there is none."""
        return await self._changed("remove_account_token", account=account, name=name)

    async def note_uses(self, uses: Iterable[LastUse]) -> None:
        """Write down when and from where accounts and tokens were last used."""
        for use in uses:
            await self._session.run(
                "note_account_use", account=use.account, at=use.at, address=use.address
            )
            if use.token is not None:
                await self._session.run(
                    "note_token_use", token=use.token, at=use.at, address=use.address
                )

    async def add_group(self, group: Group) -> bool:
        """Make a group; False when the name is taken."""
        return await self._changed(
            "add_account_group",
            name=group.name,
            description=group.description,
            created_at=group.created_at,
        )

    async def remove_group(self, name: str) -> bool:
        """Remove a group; False when there is none."""
        await self._session.run("remove_members_of_group", name=name)
        return await self._changed("remove_account_group", name=name)

    async def join_group(self, group: str, member: str, now: int) -> bool:
        """Add a member; False when it was one already."""
        return await self._changed("join_group", group=group, member=member, now=now)

    async def leave_group(self, group: str, member: str) -> bool:
        """Take a member away; False when it was none."""
        return await self._changed("leave_group", group=group, member=member)

    async def add_rule(self, rule: StoredRule) -> bool:
        """Make a rule; False when the name is taken."""
        return await self._changed(
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
        return await self._changed("remove_access_rule", name=name)

    async def _changed(self, query: str, **values: object) -> bool:
        return await self._session.run(query, **values) > 0


def _account(row: Row) -> Account:
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
        grants=_read_grants(row[10]),
        created_at=row[11],
        last_used_at=row[12],
        last_used_from=row[13],
    )


def _token(row: Row) -> StoredToken:
    return StoredToken(
        id=row[0],
        public_id=row[1],
        account=row[2],
        kind=Kind(row[3]),
        name=row[4],
        secret_hash=row[5],
        old_secret_hash=row[6],
        old_until=row[7],
        limits=_read_grants(row[8]),
        expires_at=row[9],
        created_at=row[10],
        rotated_at=row[11],
        last_used_at=row[12],
        last_used_from=row[13],
    )


def _group(row: Row) -> Group:
    return Group(name=row[0], description=row[1], created_at=row[2])


def _rule(row: Row) -> StoredRule:
    return StoredRule(
        name=row[0],
        who=tuple(json.loads(row[1])),
        may=tuple(Action(word) for word in json.loads(row[2])),
        repositories=tuple(json.loads(row[3])),
        description=row[4],
        created_at=row[5],
    )


def _read_grants(text: str | None) -> tuple[Grant, ...] | None:
    if text is None:
        return None
    return tuple(
        Grant(frozenset(Action(word) for word in entry["may"]), tuple(entry["repositories"]))
        for entry in json.loads(text)
    )


def _write_grants(grants: Iterable[Grant] | None) -> str | None:
    if grants is None:
        return None
    return json.dumps(
        [{"may": sorted(grant.actions), "repositories": grant.patterns} for grant in grants]
    )
