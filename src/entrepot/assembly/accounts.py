"""Puts accounts together: who they are, what rules let them do, and who the first one is."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from entrepot.assembly.backend import Backend
from entrepot.config.access import AccessSettings
from entrepot.config.settings import Settings
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
from entrepot.services.access.stored_rules import StoredRules
from entrepot.services.access.tokens import Tokens
from entrepot.services.access.users import Users
from entrepot.services.access.view import Decision, Views
from entrepot.services.token_server.security_stamps import AccountStamps

Decide = Callable[[Caller, Action, RepositoryName], Awaitable[Decision]]


@dataclass(frozen=True, slots=True)
class AccountParts:
    """What a worker does with accounts and rules.

    Attributes:
        access: decides by the rules of the file and of the database.
        authenticator: knows the accounts of the database.
        stamps: tells whether an account may still come in.
        edition: another number as soon as any account, token or rule is another one.
        uses: writes down when accounts were used; to be written a last time at the end.
        passwords: to be closed at the end.
    """

    access: RuleAccess
    authenticator: AccountAuthenticator
    stamps: AccountStamps
    edition: Callable[[], Awaitable[int]]
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
        stamps=AccountStamps(views, accounts, clock),
        edition=views.edition,
        uses=uses,
        passwords=passwords,
    )


@dataclass(frozen=True, slots=True)
class Administration:
    """What administrators do with accounts and rules.

    Attributes:
        settings: have the rules of the file.
        accounts: the database.
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
    """Open the accounts, beside a registry that may run.

    Raises:
        ConfigurationError, MetadataOutage, StorageOutage: see `Backend.beside`.
    """
    clock, passwords = SystemClock(), Passwords()
    with Backend(settings).beside() as drivers, closing(passwords):
        accounts = drivers.accounts
        yield Administration(
            settings=settings.access,
            users=Users(accounts, passwords, clock),
            robots=Robots(accounts, clock),
            tokens=Tokens(accounts, clock),
            groups=Groups(accounts, clock),
            rules=StoredRules(accounts, clock, settings.access.rules),
            accounts=accounts,
            decide=_decider(settings, accounts, clock),
        )


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
            return Decision(
                known, f"{unset}: everybody who logs in may do everything, nobody else anything"
            )
        return Decision(True, f"{unset}: everybody may do everything")

    return decide


async def first_administrator(backend: Backend) -> tuple[str, str] | None:
    """Make an administrator where accounts are in force and there is no user.

    Called once, in the process that starts the workers, when the database has been migrated.

    Args:
        backend: of the registry.

    Returns:
        The name and the password, which is nowhere else; None when nobody was made.

    Raises:
        MetadataOutage: the database failed.
    """
    if not backend.settings.access.enabled:
        return None
    with closing(backend.open()) as drivers, closing(Passwords()) as passwords:
        return await Users(drivers.accounts, passwords, SystemClock()).add_first()


@dataclass(frozen=True, slots=True)
class MadeFile:
    """A file that was made.

    Attributes:
        path: of the file.
        login: the name and the password of its one user.
    """

    path: str
    login: tuple[str, str] = field(repr=False)


def make_password_file(settings: Settings) -> MadeFile | None:
    """Make the file with one user. Called once, before there is any worker.

    Args:
        settings: of the whole registry.

    Returns:
        None where there is nothing to make.

    Raises:
        ConfigurationError: the file is missing and cannot be made.
    """
    from entrepot.drivers.htpasswd import USER, provision

    htpasswd = settings.auth.htpasswd
    if htpasswd is None:
        return None
    password = provision(Path(htpasswd.path))
    return None if password is None else MadeFile(htpasswd.path, (USER, password))
