"""``entrepot robot add``."""

from typing import TYPE_CHECKING, Annotated

import typer

from entrepot.cli.administration import AsJson, Description, administer
from entrepot.cli.arguments import ConfigOption, Defaults
from entrepot.cli.expiry import Expires, parse_expiry
from entrepot.cli.grants import Grants, parse_grants
from entrepot.cli.output import result, say
from entrepot.cli.robot.name import RobotName, describe
from entrepot.cli.tables import print_json
from entrepot.ports.accounts import Account
from entrepot.ports.clock import SystemClock
from entrepot.services.access.token_text import TokenText

if TYPE_CHECKING:
    from entrepot.assembly.accounts import Administration

Owner = Annotated[
    str | None,
    typer.Option(
        "--owner",
        metavar="USER",
        help="The robot may never do more than this user may at that moment.",
        show_default=False,
    ),
]


def add(
    name: RobotName,
    grant: Grants = None,
    owner: Owner = None,
    expires: Expires = "never",
    description: Description = "",
    config: ConfigOption = None,
    defaults: Defaults = False,
    as_json: AsJson = False,
) -> None:
    """Make a robot, and print its token, which is shown this once."""
    grants = parse_grants(grant)
    expires_at = parse_expiry(expires, SystemClock().now())

    async def work(administration: "Administration") -> tuple[TokenText, Account]:
        token = await administration.robots.add(
            name, owner=owner, grants=grants, description=description, expires_at=expires_at
        )
        return token, await administration.robots.get(name)

    token, account = administer(config, defaults, work, changes=True)
    if as_json:
        print_json({**describe(account), "token": token.text})
        return
    say(f"robot {name} is made; its token is shown this once:")
    result(token.text)
