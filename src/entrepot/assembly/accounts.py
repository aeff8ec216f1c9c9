"""Puts accounts together: who they are, what rules let them do, and who the first one is."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from entrepot.assembly.data_directory import database_paths, root_directory
from entrepot.config.access import AccessSettings
from entrepot.config.settings import Settings
from entrepot.drivers.filesystem.ownership import work_beside
from entrepot.drivers.sql.accounts import SqliteAccounts
from entrepot.drivers.sql.engines.sqlite.migrations import migrate
from entrepot.drivers.sql.metadata import SqliteMetadata
from entrepot.errors import ConfigurationError
from entrepot.oci.name import RepositoryName
from entrepot.operations.password_process import PasswordProcess
from entrepot.ports.access import Action, Caller, Kind
from entrepot.ports.accounts import Accounts
from entrepot.ports.clock import Clock, SystemClock
from entrepot.services.access.authenticator import AccountAuthenticator
from entrepot.services.access.groups import Groups
from entrepot.services.access.last_uses import LastUses
from entrepot.services.access.passwords import Passwords
from entrepot.services.access.robots import Robots
from entrepot.services.access.rule_access import RuleAccess
from entrepot.services.access.rules import rules_of_file
from entrepot.services.access.standing import AccountStanding
from entrepot.services.access.stored_rules import StoredRules
from entrepot.services.access.tokens import Tokens
from entrepot.services.access.users import Users
from entrepot.services.access.view import Decision, Views

Decide = Callable[[Caller, Action, RepositoryName], Awaitable[Decision]]


@dataclass(frozen=True, slots=True)
class AccountParts:
    """What a worker does with accounts and rules.

    Attributes:
        access: decides by the rules of the file and of the database.
        authenticator: knows the accounts of the database.
        standing: tells whether an account may still come in.
        uses: writes down when accounts were used; to be written a last time at the end.
        passwords: to be closed at the end.
    """

    access: RuleAccess
    authenticator: AccountAuthenticator
    standing: AccountStanding
    uses: LastUses
    passwords: Passwords


def account_parts(settings: AccessSettings, accounts: Accounts, clock: Clock) -> AccountParts:
    """Put together what a worker needs.

    Args:
        settings: have the rules of the file.
        accounts: the database.
        clock: tells the time.
    """
    views = Views(accounts, clock, rules_of_file(settings.rules))
    passwords = Passwords(PasswordProcess())
    uses = LastUses(accounts)
    return AccountParts(
        access=RuleAccess(views, clock),
        authenticator=AccountAuthenticator(accounts, views, passwords, uses, clock),
        standing=AccountStanding(views, clock),
        uses=uses,
        passwords=passwords,
    )


@dataclass(frozen=True, slots=True)
class Administration:
    """What administrators do with accounts and rules.

    Attributes:
        settings: have the rules of the file.
        decide: tells what somebody may do, by the rules of the file and of the database.
    """

    settings: AccessSettings
    users: Users
    robots: Robots
    tokens: Tokens
    groups: Groups
    rules: StoredRules
    accounts: Accounts
    decide: Decide


@contextmanager
def open_administration(settings: Settings) -> Iterator[Administration]:
    """Open the accounts, beside a registry that may run; the database is made where there is none.

    Raises:
        ConfigurationError: the registry keeps nothing.
        NewerDatabase: a newer Entrepot has written the database.
        MetadataOutage: the database cannot be opened.
        StorageOutage: a restore is putting another database in its place.
    """
    if settings.database_path is None:
        raise ConfigurationError(
            f"storage.{settings.storage.driver} keeps its database in memory, where no other"
            " program reaches it"
        )
    path = Path(settings.database_path)
    with work_beside(root_directory(settings)):
        migrate(path, "metadata", durable=True)
        yield from _administration(settings, path)


def _administration(settings: Settings, path: Path) -> Iterator[Administration]:
    clock, passwords = SystemClock(), Passwords()
    with _opened(path) as accounts:
        try:
            yield Administration(
                settings=settings.access,
                users=Users(accounts, passwords, clock),
                robots=Robots(accounts, clock),
                tokens=Tokens(accounts, clock),
                groups=Groups(accounts, clock),
                rules=StoredRules(accounts, settings.access.rules),
                accounts=accounts,
                decide=_decider(settings, accounts, clock),
            )
        finally:
            passwords.close()


def _decider(settings: Settings, accounts: Accounts, clock: Clock) -> Decide:
    """Give what decides in the registry that the settings describe."""
    access = settings.access
    if access.enabled:
        return RuleAccess(Views(accounts, clock, rules_of_file(access.rules)), clock).decide

    async def decide(caller: Caller, action: Action, name: RepositoryName) -> Decision:
        unset = "access.enabled is not set"
        if settings.auth.token is not None:
            return Decision(False, f"{unset}: only what a token of auth.token says is allowed")
        if settings.is_protected:
            known = caller.kind is not Kind.ANONYMOUS
            return Decision(known, f"{unset}: who logs in may do everything, and nobody else")
        return Decision(True, f"{unset}: everybody may do everything")

    return decide


async def first_administrator(settings: Settings, scratch: Path) -> tuple[str, str] | None:
    """Make an administrator where accounts are in force and there is no user.

    Called once, in the process that starts the workers, when the database has been migrated.

    Args:
        settings: of the whole registry.
        scratch: where the databases lie when nothing is to be kept.

    Returns:
        The name and the password, which is nowhere else; None when nobody was made.

    Raises:
        MetadataOutage: the database failed.
    """
    if not settings.access.enabled:
        return None
    path, _ = database_paths(settings, scratch)
    with _opened(path) as accounts:
        passwords = Passwords()
        try:
            made = await Users(accounts, passwords, SystemClock()).add_first()
        finally:
            passwords.close()
    return made


@contextmanager
def _opened(path: Path) -> Iterator[Accounts]:
    database = SqliteMetadata(path)
    try:
        yield SqliteAccounts(database)
    finally:
        database.close()
