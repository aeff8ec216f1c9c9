"""The arguments that name a group and its members, and how one is shown."""

from typing import Annotated, Any

import typer

from entrepot.cli.tables import moment
from entrepot.ports.accounts import Group

GroupName = Annotated[str, typer.Argument(metavar="NAME", help="The group.", show_default=False)]
Members = Annotated[list[str], typer.Argument(metavar="USER...", help="Users.", show_default=False)]
External = Annotated[
    bool,
    typer.Option("--external", help="They may be users of a password file, say, unknown here."),
]

COLUMNS = ("name", "created", "description")


def describe(group: Group) -> dict[str, Any]:
    """Give what is shown of a group."""
    return {
        "name": group.name,
        "description": group.description,
        "created": moment(group.created_at),
    }
