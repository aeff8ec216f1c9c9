"""``entrepot user``: people who log in with a password or a personal access token."""

import asyncio
from typing import TYPE_CHECKING, Annotated, Any

import typer

from entrepot.cli import account_changes
from entrepot.cli.account_changes import set_disabled
from entrepot.cli.administration import Description, administer, all_rows
from entrepot.cli.arguments import AsJson, ConfigOption, Defaults, read_configuration
from entrepot.cli.expiry import Expires, When, parse_expiry
from entrepot.cli.output import result, say
from entrepot.cli.password_input import PasswordStdin, RandomPassword, ask_password
from entrepot.cli.tables import moment, print_facts, print_json, print_rows
from entrepot.config.sizes import count_of
from entrepot.ports.access import OPERATOR, Kind
from entrepot.ports.accounts import Account
from entrepot.ports.clock import SystemClock
from entrepot.services.access.names import check_name

if TYPE_CHECKING:
    from entrepot.assembly.accounts import Administration

UserName = Annotated[str, typer.Argument(metavar="NAME", help="The user.", show_default=False)]

COLUMNS = ("name", "admin", "disabled", "expires", "last_used", "description")

Admin = Annotated[bool, typer.Option("--admin", help="May do everything, everywhere.")]
NoPassword = Annotated[
    bool, typer.Option("--no-password", help="Log in with personal access tokens only.")
]


def describe(account: Account) -> dict[str, Any]:
    """Give the fields of a user."""
    return {
        "name": account.name,
        "description": account.description,
        "admin": account.admin,
        "disabled": account.disabled,
        "password": account.password_hash is not None,
        "expires": moment(account.expires_at),
        "created": moment(account.created_at),
        "password_changed": moment(account.password_changed_at),
        "last_used": moment(account.last_used_at),
        "last_used_from": account.last_used_from,
    }


def add(
    name: UserName,
    admin: Admin = False,
    password_stdin: PasswordStdin = False,
    random_password: RandomPassword = False,
    no_password: NoPassword = False,
    expires: Expires = "never",
    description: Description = "",
    config: ConfigOption = None,
    defaults: Defaults = False,
    as_json: AsJson = False,
) -> None:
    """Create a user; asks for the password."""
    check_name("a user", name)
    expires_at = parse_expiry(expires, SystemClock().now())
    password = None
    if not no_password:
        password = ask_password(name, from_stdin=password_stdin, random=random_password)
    elif password_stdin or random_password:
        raise typer.BadParameter("--no-password excludes --password-stdin and --random-password")

    async def work(administration: "Administration") -> Account:
        return await administration.users.add(
            OPERATOR, name, password, admin=admin, description=description, expires_at=expires_at
        )

    account = administer(config, defaults, work, changes=True)
    made = password if random_password else None
    if as_json:
        print_json({**describe(account), **({"made_password": made} if made else {})})
        return
    say(f"Created {'administrator' if admin else 'user'} {name}.")
    if made:
        result(made)


def list_users(
    config: ConfigOption = None, defaults: Defaults = False, as_json: AsJson = False
) -> None:
    """List users."""
    accounts = administer(config, defaults, lambda tools: all_rows(tools.users.list))
    print_rows([describe(account) for account in accounts], COLUMNS, as_json)


def show(
    name: UserName,
    config: ConfigOption = None,
    defaults: Defaults = False,
    as_json: AsJson = False,
) -> None:
    """Show a user, with groups, robots, tokens and rules."""

    async def work(administration: "Administration") -> dict[str, Any]:
        account = await administration.users.get(name)
        return {
            **describe(account),
            "groups": sorted(await administration.accounts.groups_of(name)),
            "robots": await _robots(administration, name),
            "tokens": [token.name for token in await administration.tokens.list(name)],
            "rules": await administration.rules.naming(f"user:{name}"),
        }

    print_facts(administer(config, defaults, work), as_json)


async def _robots(administration: "Administration", owner: str) -> list[str]:
    robots: list[str] = []
    while page := await administration.accounts.robots_of(owner, robots[-1] if robots else "", 500):
        robots += page
    return robots


def disable(
    name: UserName,
    config: ConfigOption = None,
    defaults: Defaults = False,
    as_json: AsJson = False,
) -> None:
    """Disable a user, with all tokens and robots of the user."""
    set_disabled(Kind.USER, name, True, config, defaults, as_json)


def enable(
    name: UserName,
    config: ConfigOption = None,
    defaults: Defaults = False,
    as_json: AsJson = False,
) -> None:
    """Enable a disabled user."""
    set_disabled(Kind.USER, name, False, config, defaults, as_json)


def expire(
    name: UserName,
    when: When,
    config: ConfigOption = None,
    defaults: Defaults = False,
    as_json: AsJson = False,
) -> None:
    """Set when a user expires."""
    account_changes.expire(Kind.USER, name, when, config, defaults, as_json)


def reset(
    name: UserName,
    password_stdin: PasswordStdin = False,
    random_password: RandomPassword = False,
    config: ConfigOption = None,
    defaults: Defaults = False,
    as_json: AsJson = False,
) -> None:
    """Set a new password for a user; asks for it.

    The user may be an administrator.
    """
    administer(config, defaults, lambda tools: tools.users.get(name))
    password = ask_password(name, from_stdin=password_stdin, random=random_password)
    administer(config, defaults, lambda tools: tools.users.reset(OPERATOR, name, password))
    made = {"made_password": password} if random_password else {}
    if as_json:
        print_json({"name": name, **made})
        return
    say(f"Changed the password of user {name}.")
    if made:
        result(password)


def logout(
    name: UserName,
    config: ConfigOption = None,
    defaults: Defaults = False,
    as_json: AsJson = False,
) -> None:
    """Revoke the refresh tokens of a user.

    docker login saves such tokens. The password stays.
    """
    # Here, because it imports the drivers: the other commands start without them.
    from entrepot.assembly.backend import Backend

    settings = read_configuration(config, defaults).settings

    async def run() -> int:
        with Backend(settings).beside() as drivers:
            return await drivers.tokens.revoke_refresh_tokens(name)

    count = asyncio.run(run())
    if as_json:
        print_json({"name": name, "revoked": count})
        return
    say(f"Revoked {count_of(count, 'refresh token')}; access tokens in use expire by themselves.")


def remove(
    name: UserName,
    config: ConfigOption = None,
    defaults: Defaults = False,
    as_json: AsJson = False,
) -> None:
    """Remove a user, with tokens and group memberships."""
    account_changes.remove(
        "user", name, lambda tools: tools.users.remove(OPERATOR, name), config, defaults, as_json
    )
