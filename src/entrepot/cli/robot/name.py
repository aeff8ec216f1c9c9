"""The argument that names a robot, and how one is shown."""

from typing import Annotated, Any

import typer

from entrepot.cli.grants import describe_grants
from entrepot.cli.tables import moment
from entrepot.ports.accounts import Account

RobotName = Annotated[str, typer.Argument(metavar="NAME", help="The robot.", show_default=False)]

COLUMNS = ("name", "owner", "grants", "disabled", "expires", "last_used", "description")


def describe(account: Account) -> dict[str, Any]:
    """Give what is shown of a robot."""
    return {
        "name": account.name,
        "description": account.description,
        "owner": account.owner,
        "grants": describe_grants(account.grants),
        "disabled": account.disabled,
        "expires": moment(account.expires_at),
        "created": moment(account.created_at),
        "last_used": moment(account.last_used_at),
        "last_used_from": account.last_used_from,
    }
