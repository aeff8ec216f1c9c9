"""The argument that names a user, and how one is shown."""

from typing import Annotated, Any

import typer

from entrepot.cli.tables import moment
from entrepot.ports.accounts import Account

UserName = Annotated[str, typer.Argument(metavar="NAME", help="The user.", show_default=False)]

COLUMNS = ("name", "admin", "disabled", "expires", "last_used", "description")


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
