"""Rules in the database: made and removed while the registry runs."""

from collections.abc import Sequence

from entrepot.config.access import RuleSettings, parse_subject
from entrepot.errors import NameTaken, UnknownAccount
from entrepot.ports.access import Caller, Kind
from entrepot.ports.accounts import AccessWriter, Accounts, StoredRule
from entrepot.ports.clock import Clock
from entrepot.ports.events import Event, EventKind
from entrepot.services.access.accounts import recorded
from entrepot.services.access.names import check_description, check_name, is_name
from entrepot.services.access.rules import rule_of_database

_KINDS = {"user": Kind.USER, "robot": Kind.ROBOT}


class StoredRules:
    """What administrators do with rules.

    Args:
        accounts: where they are kept.
        clock: tells the time.
        of_file: those of the configuration, which only whoever edits that changes.
    """

    def __init__(
        self,
        accounts: Accounts,
        clock: Clock,
        of_file: Sequence[RuleSettings] = (),
    ) -> None:
        self._accounts = accounts
        self._clock = clock
        self._of_file = of_file

    async def add(self, caller: Caller, rule: StoredRule) -> None:
        """Make a rule.

        Args:
            caller: who does it.
            rule: to be made.

        Raises:
            InvalidRequest: a part of it cannot be used; the message says what was expected.
            NameTaken: there is a rule of that name.
        """
        check_name("a rule", rule.name)
        check_description(rule.description)
        rule_of_database(rule)

        async def change(writer: AccessWriter) -> None:
            if not await writer.add_rule(rule):
                raise NameTaken(f"there is a rule called {rule.name} already")

        details = {
            "who": " ".join(rule.who),
            "may": " ".join(rule.may),
            "repositories": " ".join(rule.repositories),
        }
        event = Event(EventKind.RULE_CREATED, caller, self._clock.now(), "", rule.name, "", details)
        await recorded(self._accounts, change, event)

    async def unknown_subjects(self, rule: StoredRule) -> list[str]:
        """Name those of a rule's subjects that are nobody here: mistyped, or known elsewhere."""
        unknown = []
        for subject in rule.who:
            kind, name = parse_subject(subject)
            if name and not await self._is_known(kind, name):
                unknown.append(subject)
        return unknown

    async def naming(self, subject: str) -> list[str]:
        """Name the rules that name somebody, `user:NAME` or such; they outlive an account."""
        found = [
            f"access.rules[{number}]"
            for number, rule in enumerate(self._of_file)
            if subject in rule.who
        ]
        after = ""
        while page := await self._accounts.rules(after, 500):
            found += [rule.name for rule in page if subject in rule.who]
            after = page[-1].name
        return found

    async def get(self, name: str) -> StoredRule:
        """Find a rule.

        Raises:
            UnknownAccount: there is none of that name.
        """
        rule = await self._accounts.rule(check_name("a rule", name))
        if rule is None:
            raise _unknown(name)
        return rule

    async def list(self, after: str, limit: int) -> list[StoredRule]:
        """List rules by name, from behind one."""
        return await self._accounts.rules(after, limit)

    async def remove(self, caller: Caller, name: str) -> None:
        """Remove a rule.

        Args:
            caller: who does it.
            name: of the rule.

        Raises:
            UnknownAccount: there is no such rule.
        """
        await self.get(name)

        async def change(writer: AccessWriter) -> None:
            if not await writer.remove_rule(name):
                raise _unknown(name)

        event = Event(EventKind.RULE_DELETED, caller, self._clock.now(), reference=name)
        await recorded(self._accounts, change, event)

    async def _is_known(self, kind: str, name: str) -> bool:
        if not is_name(name):
            return False
        if kind == "group":
            return await self._accounts.group(name) is not None
        account = await self._accounts.account(name)
        return account is not None and account.kind is _KINDS[kind]


def _unknown(name: str) -> UnknownAccount:
    return UnknownAccount(f"there is no rule {name}")
