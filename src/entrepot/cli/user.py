"""``entrepot user``: people who log in with a password or a personal access token."""

import asyncio
from typing import TYPE_CHECKING, Annotated, Any

import typer

from entrepot.cli import account_changes
from entrepot.cli.account_changes import set_disabled
from entrepot.cli.administration import AsJson, Description, administer, all_rows
from entrepot.cli.arguments import ConfigOption, Defaults, read_configuration
from entrepot.cli.expiry import Expires, When, parse_expiry
from entrepot.cli.output import result, say
from entrepot.cli.password_input import PasswordStdin, RandomPassword, ask_password
from entrepot.cli.tables import moment, print_facts, print_json, print_rows
from entrepot.ports.access import Kind
from entrepot.ports.accounts import Account
from entrepot.ports.clock import SystemClock
from entrepot.services.access.names import check_name

if TYPE_CHECKING:
    from entrepot.assembly.accounts import Administration

UserName = Annotated[str, typer.Argument(metavar="NAME", help="The user.", show_default=False)]

COLUMNS = ("name", "admin", "disabled", "expires", "last_used", "description")

Admin = Annotated[bool, typer.Option("--admin", help="May do everything, everywhere.")]
NoPassword = Annotated[
    bool, typer.Option("--no-password", help="Logs in with personal access tokens only.")
]


def describe(account: Account) -> dict[str, Any]:
    """Give what is shown of a user."""
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
    """Make a user; asks for the password."""
    check_name("a user", name)
    expires_at = parse_expiry(expires, SystemClock().now())
    password = None
    if not no_password:
        password = ask_password(name, from_stdin=password_stdin, random=random_password)
    elif password_stdin or random_password:
        raise typer.BadParameter("--no-password excludes the other ways to have one")

    async def work(administration: "Administration") -> Account:
        return await administration.users.add(
            name, password, admin=admin, description=description, expires_at=expires_at
        )

    account = administer(config, defaults, work, changes=True)
    made = password if random_password else None
    if as_json:
        print_json({**describe(account), **({"made_password": made} if made else {})})
        return
    say(f"{'administrator' if admin else 'user'} {name} is made")
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
    """Show what is known of a user."""

    async def work(administration: "Administration") -> dict[str, Any]:
        account = await administration.users.get(name)
        return {
            **describe(account),
            "groups": sorted(await administration.accounts.groups_of(name)),
            "robots": await administration.accounts.robots_of(name, "", 1000),
            "tokens": [token.name for token in await administration.tokens.list(name)],
            "rules": await administration.rules.naming(f"user:{name}"),
        }

    print_facts(administer(config, defaults, work), as_json)


def disable(
    name: UserName,
    config: ConfigOption = None,
    defaults: Defaults = False,
    as_json: AsJson = False,
) -> None:
    """Let a user in no more, nor tokens and robots of the user."""
    set_disabled(Kind.USER, name, True, config, defaults, as_json)


def enable(
    name: UserName,
    config: ConfigOption = None,
    defaults: Defaults = False,
    as_json: AsJson = False,
) -> None:
    """Let a disabled user in again."""
    set_disabled(Kind.USER, name, False, config, defaults, as_json)


def expire(
    name: UserName,
    when: When,
    config: ConfigOption = None,
    defaults: Defaults = False,
    as_json: AsJson = False,
) -> None:
    """Let a user in until a moment, or for ever."""
    account_changes.expire(Kind.USER, name, when, config, defaults, as_json)


def reset(
    name: UserName,
    password_stdin: PasswordStdin = False,
    random_password: RandomPassword = False,
    config: ConfigOption = None,
    defaults: Defaults = False,
    as_json: AsJson = False,
) -> None:
    """Give a user another password; asks for it. A lost administrator's is reset so, too."""
    administer(config, defaults, lambda tools: tools.users.get(name))
    password = ask_password(name, from_stdin=password_stdin, random=random_password)
    administer(config, defaults, lambda tools: tools.users.reset(name, password))
    made = {"made_password": password} if random_password else {}
    if as_json:
        print_json({"name": name, **made})
        return
    say(f"user {name} has another password")
    if made:
        result(password)


def logout(
    name: UserName,
    config: ConfigOption = None,
    defaults: Defaults = False,
    as_json: AsJson = False,
) -> None:
    """Take back the refresh tokens of a user, which docker login keeps; the password stays."""
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
    noun = "refresh token is" if count == 1 else "refresh tokens are"
    say(f"{count} {noun} taken back; access tokens that are out end by themselves")


def remove(
    name: UserName,
    config: ConfigOption = None,
    defaults: Defaults = False,
    as_json: AsJson = False,
) -> None:
    """Remove a user, with tokens and memberships."""
    account_changes.remove(
        "user", name, lambda tools: tools.users.remove(name), config, defaults, as_json
    )
