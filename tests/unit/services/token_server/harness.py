"""A token server on a real database, with accounts, rules, and a clock that is moved by hand."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import jwt
from argon2 import PasswordHasher

from entrepot.assembly.tokens import own_tokens, token_server
from entrepot.config.access import RuleSettings
from entrepot.config.token_auth import TokenServerSettings
from entrepot.drivers.sql.accounts import SqlAccounts
from entrepot.drivers.sql.engines.sqlite.migrations import migrate
from entrepot.drivers.sql.metadata import SqlMetadata
from entrepot.drivers.sql.tokens import SqlTokenStore
from entrepot.oci.name import RepositoryName
from entrepot.ports.access import (
    OPERATOR,
    Action,
    BasicCredentials,
    BearerCredentials,
    Caller,
    Kind,
)
from entrepot.ports.accounts import AccessWriter, NewAccount, StoredRule
from entrepot.services.access.authenticator import AccountAuthenticator
from entrepot.services.access.last_uses import LastUses
from entrepot.services.access.passwords import Passwords
from entrepot.services.access.robots import Robots
from entrepot.services.access.rule_access import RuleAccess
from entrepot.services.access.rules import rules_of_file
from entrepot.services.access.stored_rules import StoredRules
from entrepot.services.access.tokens import Tokens
from entrepot.services.access.users import Users
from entrepot.services.access.view import Views
from entrepot.services.token_server.scopes import parse_scopes
from entrepot.services.token_server.security_stamps import AccountStamps
from entrepot.services.token_server.server import IssuedToken, TokenRequest
from tests.contract.engines import RepeatingDatabase
from tests.unit.services.tokens.forge import MovedClock

PASSWORD = "a long password of the tests"
RULES = (
    RuleSettings(who=("user:alice",), may=("pull", "push"), repositories=("team/**",)),
    RuleSettings(who=("user:bob",), may=("pull",), repositories=("team/app",)),
    RuleSettings(who=("robot:ci",), may=("pull", "push", "delete"), repositories=("ci/**",)),
    RuleSettings(who=("anonymous",), may=("pull",), repositories=("public/**",)),
)


class Node:
    """One process of a registry with a token server."""

    def __init__(self, path: Path, clock: MovedClock, settings: TokenServerSettings) -> None:
        self.clock = clock
        self._database = SqlMetadata(RepeatingDatabase(path))
        self.store = SqlTokenStore(self._database.database)
        accounts = self._accounts = SqlAccounts(self._database.database)
        self._hashing = Passwords()
        views = Views(accounts, clock, rules_of_file(RULES))
        self.users = Users(accounts, self._hashing, clock)
        self.robots = Robots(accounts, clock)
        self.tokens = Tokens(accounts, clock)
        self.access = RuleAccess(views, clock)
        stamps = AccountStamps(views, accounts, clock)
        own = self.own = own_tokens(settings, self.store, stamps, clock)
        self.keys, self.authenticator = own.keys, own.authenticator
        passwords = self.passwords = AccountAuthenticator(
            accounts, views, self._hashing, LastUses(accounts), clock
        )
        self.server = token_server(settings, own, self.store, passwords, self.access, stamps, clock)

    async def add(self, name: str) -> None:
        """Make a user whose password is checked in no time, unlike those that are made outside."""
        hashed = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
        made = NewAccount(
            name=name, kind=Kind.USER, created_at=self.clock.now(), password_hash=hashed
        )

        async def change(writer: AccessWriter) -> None:
            assert await writer.add_account(made)

        await self._accounts.change(change)

    async def rule(self, who: str, action: str, repositories: str) -> None:
        """Make a rule."""
        rule = StoredRule(
            name="made", who=(who,), may=(Action(action),), repositories=(repositories,)
        )
        await StoredRules(self._accounts, self.clock).add(OPERATOR, rule)

    async def token(
        self,
        scope: str = "",
        name: str = "alice",
        secret: str = PASSWORD,
        *,
        service: str | None = None,
        offline: bool = False,
    ) -> IssuedToken:
        """Ask for a token with a password, or as nobody when the name is empty."""
        request = TokenRequest(service, parse_scopes([scope]), offline, "tests")
        if not name:
            return await self.server.for_anybody(request)
        return await self.server.for_password(BasicCredentials(name, secret), request)

    async def refresh(
        self, token: str | None, scope: str = "", service: str | None = None
    ) -> IssuedToken:
        """Ask for a token with a refresh token."""
        assert token is not None
        request = TokenRequest(service, parse_scopes([scope]))
        return await self.server.for_refresh_token(token, request)

    async def caller(self, token: str) -> Caller:
        """Come back with a token."""
        return await self.authenticator.authenticate(BearerCredentials(token))

    async def may(self, token: str, action: str, name: str) -> bool:
        """Ask what a token is good for."""
        caller = await self.caller(token)
        return await self.access.may(caller, Action(action), RepositoryName.parse(name))

    def close(self) -> None:
        self._hashing.close()
        self._database.close()


class Nodes:
    """Several processes on one database."""

    def __init__(self, path: Path, clock: MovedClock, settings: TokenServerSettings) -> None:
        self._path = path
        self._settings = settings
        self.clock = clock
        self.started: list[Node] = []

    def start(self) -> Node:
        self.started.append(Node(self._path, self.clock, self._settings))
        return self.started[-1]


@contextmanager
def nodes(folder: Path, **settings: Any) -> Iterator[Nodes]:
    """Make a database with alice and bob, and let processes be started on it."""
    path = folder / "metadata.db"
    migrate(path, "metadata", durable=False)
    several = Nodes(path, MovedClock(), TokenServerSettings(**settings))
    try:
        yield several
    finally:
        for node in several.started:
            node.close()


def run(folder: Path, work: Callable[[Node], Awaitable[None]], **settings: Any) -> None:
    """Run a test on one node, where alice and bob have accounts."""
    with nodes(folder, **settings) as several:

        async def whole() -> None:
            node = several.start()
            for name in ("alice", "bob"):
                await node.add(name)
            await work(node)

        asyncio.run(whole())


def read(token: str) -> dict[str, Any]:
    """What a token says, without asking whether it is true."""
    return jwt.decode(token, options={"verify_signature": False})
