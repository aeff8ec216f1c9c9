"""What a worker knows of accounts, groups and rules: as good as the database.

All of it hangs on one number that every change raises, and that is looked at whenever anybody asks:
for as long as nothing is committed, the driver answers from memory. When it is another number,
everything is forgotten. So what was given or taken away counts at once, on every worker.
"""

import asyncio
import logging
from collections.abc import Iterable
from dataclasses import dataclass

from entrepot.errors import InvalidRequest
from entrepot.ports.access import Action, Kind
from entrepot.ports.accounts import Account, Accounts, Generation
from entrepot.ports.clock import Clock
from entrepot.services.access.rules import Rule, RuleBook, rule_of_database
from entrepot.services.cache import MEBIBYTE, Cache

logger = logging.getLogger("entrepot.access")

_PAGE = 100
_ACCOUNTS_BYTES = 2 * MEBIBYTE
_DECISIONS_BYTES = 4 * MEBIBYTE

Question = tuple[str, Kind, frozenset[str], Action, str]
"""A caller's name, kind and groups, an action, and a repository: what a decision hangs on."""


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether somebody may do something, and why.

    Attributes:
        allowed: whether.
        reason: which rule or right decided, for administrators: never sent to the caller.
        limited: only the limits of the caller's token stand in the way.
        public: everybody may do it.
    """

    allowed: bool
    reason: str
    limited: bool = False
    public: bool = False


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a name.

    Attributes:
        account: None where no account has it.
        groups: that the database puts it in.
    """

    account: Account | None
    groups: tuple[str, ...]


_NOTHING = Known(None, ())


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
        self.decisions: Cache[Question, Decision] = Cache(_DECISIONS_BYTES)
        self._accounts = accounts
        self._clock = clock
        self._known: Cache[str, Known] = Cache(_ACCOUNTS_BYTES)
        self._expires_at: int | None = None

    async def known(self, name: str) -> Known:
        """Tell what is known of a name."""
        known = self._known.get(name)
        if known is None:
            known = await self._look_up(name)
            self._known.keep(name, known)
        return known

    def has_expired(self) -> bool:
        """Tell whether an account has expired since it was looked at."""
        return self._expires_at is not None and self._clock.now() >= self._expires_at

    async def _look_up(self, name: str) -> Known:
        if not name.isprintable():  # nobody's name, and perhaps no text that a database can take
            return _NOTHING
        account = await self._accounts.account(name)
        groups = tuple(await self._accounts.groups_of(name))
        expires_at = None if account is None else account.expires_at
        if expires_at is not None and expires_at > self._clock.now():
            self._expires_at = min(expires_at, self._expires_at or expires_at)
        return Known(account, groups)


class Views:
    """Gives the view of this moment.

    Args:
        accounts: where everything is read.
        clock: tells the time, for accounts that expire.
        rules: those of the configuration.
    """

    def __init__(self, accounts: Accounts, clock: Clock, rules: Iterable[Rule] = ()) -> None:
        self._accounts = accounts
        self._clock = clock
        self._rules = list(rules)
        self._view: View | None = None
        self._fresh: View | None = None
        self._looking = asyncio.Lock()

    async def current(self) -> View:
        """Give the view of this moment.

        Raises:
            MetadataOutage: the database cannot be read.
        """
        fresh = self._fresh
        if fresh is not None and not fresh.has_expired():
            return fresh
        view = self._good(await self._accounts.generation())
        if view is None:
            async with self._looking:  # one looks for all who wait
                # Read before the rules: what changes meanwhile is seen by whoever asks next.
                generation = await self._accounts.generation()
                return self._good(generation) or await self._look(generation)
        # A look is good for all that the event loop's queue holds by now: a request asks thrice.
        self._fresh = view
        asyncio.get_running_loop().call_soon(self._look_again)
        return view

    def _look_again(self) -> None:
        self._fresh = None

    async def edition(self) -> int:
        """Give what is another number as soon as anything is.

        Raises:
            MetadataOutage: the database cannot be read.
        """
        return (await self.current()).edition

    def _good(self, generation: Generation) -> View | None:
        view = self._view
        if view is None or view.has_expired():
            return None
        same = view.generation is generation or view.generation == generation
        return view if same else None

    async def _look(self, generation: Generation) -> View:
        view = self._view
        if view is not None and view.generation.rules == generation.rules:
            rules = view.rules
        else:
            rules = RuleBook(await self._all_rules())
        edition = view.edition + 1 if view else 1
        self._view = view = View(self._accounts, self._clock, generation, edition, rules)
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
    account = (await view.known(name)).account
    if account is None or account.kind is not kind or not account.is_active(now):
        return False
    return account.owner is None or await is_active(view, account.owner, Kind.USER, now)
