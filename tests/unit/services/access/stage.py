"""Accounts on the real database, with both clocks in the test's hand."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from entrepot.config.access import RuleSettings
from entrepot.drivers.sql.accounts import SqlAccounts
from entrepot.drivers.sql.engines.sqlite.migrations import migrate
from entrepot.oci.name import RepositoryName
from entrepot.ports.access import OPERATOR, Action, BasicCredentials, Caller, Grant
from entrepot.ports.accounts import StoredRule
from entrepot.services.access.authenticator import AccountAuthenticator
from entrepot.services.access.groups import Groups
from entrepot.services.access.last_uses import LastUses
from entrepot.services.access.passwords import Passwords
from entrepot.services.access.robots import Robots
from entrepot.services.access.rule_access import RuleAccess
from entrepot.services.access.rules import rules_of_file
from entrepot.services.access.stored_rules import StoredRules
from entrepot.services.access.tokens import Tokens
from entrepot.services.access.users import Users
from entrepot.services.access.view import Views
from tests.contract.engines import RepeatingDatabase
from tests.unit.services.registry import MovableClock

PASSWORD = "correct horse"
# Waiting for a disk would only take time.
_IN_MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None


class Worker:
    """What one worker process has."""

    def __init__(self, path: Path, clock: MovableClock, rules: list[RuleSettings]) -> None:
        self._database = RepeatingDatabase(path)
        self.accounts = SqlAccounts(self._database)
        self.passwords = Passwords()
        self.uses = LastUses(self.accounts)
        self.views = Views(self.accounts, clock, rules_of_file(rules))
        self.access = RuleAccess(self.views, clock)
        self.authenticator = AccountAuthenticator(
            self.accounts, self.views, self.passwords, self.uses, clock
        )

    async def login(self, name: str, secret: str, address: str = "10.0.0.1") -> Caller:
        return await self.authenticator.authenticate(BasicCredentials(name, secret, address))

    async def may(self, caller: Caller, action: Action, name: str) -> bool:
        return await self.access.may(caller, action, RepositoryName.parse(name))

    async def why(self, caller: Caller, action: Action, name: str) -> str:
        return (await self.access.decide(caller, action, RepositoryName.parse(name))).reason

    def close(self) -> None:
        self.passwords.close()
        self._database.close()


class Stage(Worker):
    """One worker, the tools of an administrator, and other workers on the same database."""

    def __init__(self, folder: Path, rules: list[RuleSettings]) -> None:
        self.path = folder / "metadata.db"
        migrate(self.path, "metadata", durable=True)
        self.clock = MovableClock()
        super().__init__(self.path, self.clock, rules)
        self.users = Users(self.accounts, self.passwords, self.clock)
        self.robots = Robots(self.accounts, self.clock)
        self.tokens = Tokens(self.accounts, self.clock)
        self.groups = Groups(self.accounts, self.clock)
        self.rules = StoredRules(self.accounts, self.clock)
        self._rules = rules
        self._others: list[Worker] = []

    def other_worker(self) -> Worker:
        self._others.append(Worker(self.path, self.clock, self._rules))
        return self._others[-1]

    def say(self, statement: str) -> None:
        """Change rows past every port, as a later release might."""
        with closing(sqlite3.connect(self.path, isolation_level=None)) as connection:
            connection.execute(statement)

    def later(self, seconds: float) -> None:
        """Let time pass, for everybody."""
        self.clock.forward(seconds)

    async def add_rule(self, name: str, who: str, may: str, repositories: str) -> None:
        await self.rules.add(
            OPERATOR,
            StoredRule(
                name=name,
                who=tuple(who.split()),
                may=tuple(Action(word) for word in may.split()),
                repositories=tuple(repositories.split()),
            ),
        )

    def close(self) -> None:
        for worker in self._others:
            worker.close()
        super().close()


@contextmanager
def stage(*rules: RuleSettings) -> Iterator[Stage]:
    with TemporaryDirectory(dir=_IN_MEMORY) as folder:
        opened = Stage(Path(folder), list(rules))
        try:
            yield opened
        finally:
            opened.close()


def rule(who: str, may: str, repositories: str) -> RuleSettings:
    return RuleSettings(
        who=tuple(who.split()), may=tuple(may.split()), repositories=tuple(repositories.split())
    )


def grant(actions: str, patterns: str) -> Grant:
    return Grant(frozenset(Action(word) for word in actions.split()), tuple(patterns.split()))
