"""``entrepot user add``."""

from typing import TYPE_CHECKING, Annotated

import typer

from entrepot.cli.administration import AsJson, Description, administer
from entrepot.cli.arguments import ConfigOption, Defaults
from entrepot.cli.expiry import Expires, parse_expiry
from entrepot.cli.output import result, say
from entrepot.cli.password_input import PasswordStdin, RandomPassword, ask_password
from entrepot.cli.tables import print_json
from entrepot.cli.user.name import UserName, describe
from entrepot.ports.accounts import Account
from entrepot.ports.clock import SystemClock
from entrepot.services.access.names import check_name

if TYPE_CHECKING:
    from entrepot.assembly.accounts import Administration

Admin = Annotated[bool, typer.Option("--admin", help="May do everything, everywhere.")]
NoPassword = Annotated[
    bool, typer.Option("--no-password", help="Logs in with personal access tokens only.")
]


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
