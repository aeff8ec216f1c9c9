"""What a worker knows of accounts, groups and rules: as good as the database, a second ago.

All of it hangs on one number that every change raises. It is read once a second while anybody
asks, and when it is another one, everything is forgotten: so a disabled user, a removed rule or a
revoked token ends within a second on every worker, and a request costs no query.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from entrepot.errors import InvalidRequest
from entrepot.ports.access import Action, Caller, Kind
from entrepot.ports.accounts import Account, Accounts, Generation
from entrepot.ports.clock import Clock
from entrepot.services.access.memo import Memo
from entrepot.services.access.rules import Rule, RuleBook, rule_of_database

logger = logging.getLogger("entrepot.access")

_FRESH_SECONDS = 1.0
_PAGE = 100
_ACCOUNTS = 16_384
_DECISIONS = 65_536


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether somebody may do something, and why.

    Attributes:
        allowed: whether.
        reason: which rule or right decided, for administrators: never sent to the caller.
        limited: only the limits of the caller's token stand in the way.
    """

    allowed: bool
    reason: str
    limited: bool = False


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a name.

    Attributes:
        account: None where no account has it.
        groups: that the database puts it in.
    """

    account: Account | None
    groups: tuple[str, ...]


_NOTHING = Facts(None, ())


class View:
    """Everything that was read since the number changed.

    Args:
        accounts: where facts come from.
        clock: tells the time, for accounts that expire.
        generation: the numbers.
        edition: which of this worker's views it is.
        rules: all of them.
    """

    def __init__(
        self,
        accounts: Accounts,
        clock: Clock,
        generation: Generation,
        edition: int,
        rules: RuleBook,
    ) -> None:
        self.generation = generation
        self.edition = edition
        self.rules = rules
        self.decisions: Memo[tuple[Caller, Action, str], Decision] = Memo(_DECISIONS)
        self._accounts = accounts
        self._clock = clock
        self._facts: Memo[str, Facts] = Memo(_ACCOUNTS)
        self._expires_at: int | None = None

    async def facts(self, name: str) -> Facts:
        """Tell what is known of a name."""
        facts = self._facts.get(name)
        if facts is None:
            facts = await self._look_up(name)
            self._facts.keep(name, facts)
        return facts

    def has_expired(self) -> bool:
        """Tell whether an account has expired since it was looked at."""
        return self._expires_at is not None and self._clock.now() >= self._expires_at

    async def _look_up(self, name: str) -> Facts:
        if not name.isprintable():  # nobody's name, and perhaps no text that a database can take
            return _NOTHING
        account = await self._accounts.account(name)
        groups = tuple(await self._accounts.groups_of(name))
        expires_at = None if account is None else account.expires_at
        if expires_at is not None and expires_at > self._clock.now():
            self._expires_at = min(expires_at, self._expires_at or expires_at)
        return Facts(account, groups)


class Views:
    """Gives the view of this moment.

    Args:
        accounts: where everything is read.
        clock: tells the time, for accounts that expire.
        rules: those of the configuration.
        seconds: tells the time that runs evenly, in seconds.
    """

    def __init__(
        self,
        accounts: Accounts,
        clock: Clock,
        rules: Iterable[Rule] = (),
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        self._accounts = accounts
        self._clock = clock
        self._rules = list(rules)
        self._seconds = seconds
        self._view: View | None = None
        self._fresh_until = 0.0
        self._looking = asyncio.Lock()

    def fresh(self) -> View | None:
        """Give the view when it needs no look at the database."""
        return self._view if self._seconds() < self._fresh_until else None

    async def current(self) -> View:
        """Give the view, at most a second old.

        Raises:
            MetadataOutage: the database cannot be read.
        """
        view = self.fresh()
        if view is not None:
            return view
        async with self._looking:  # one looks for all who wait
            return self.fresh() or await self._look()

    async def _look(self) -> View:
        looked_at = self._seconds()
        generation = await self._accounts.generation()
        view = self._view
        if view is None or view.generation != generation or view.has_expired():
            if view is not None and view.generation.rules == generation.rules:
                rules = view.rules
            else:
                rules = RuleBook(await self._all_rules())
            edition = view.edition + 1 if view else 1
            view = View(self._accounts, self._clock, generation, edition, rules)
            self._view = view
        self._fresh_until = looked_at + _FRESH_SECONDS
        return view

    async def _all_rules(self) -> list[Rule]:
        rules = list(self._rules)
        after = ""
        while page := await self._accounts.rules(after, _PAGE):
            await asyncio.sleep(0)  # others have their turn
            for stored in page:
                try:
                    rules.append(rule_of_database(stored))
                except InvalidRequest as error:  # a newer Entrepot has written it
                    logger.error("rule %s allows nothing: %s", stored.name, error.message)
            after = page[-1].name
        return rules


async def is_active(view: View, name: str, kind: Kind, now: int) -> bool:
    """Tell whether an account may log in: itself, and whoever owns it."""
    account = (await view.facts(name)).account
    if account is None or account.kind is not kind or not account.is_active(now):
        return False
    return account.owner is None or await is_active(view, account.owner, Kind.USER, now)
