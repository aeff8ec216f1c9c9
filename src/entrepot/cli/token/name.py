"""The arguments that name a token, and how one is shown."""

from typing import Annotated, Any

import typer

from entrepot.cli.grants import describe_grants
from entrepot.cli.tables import moment
from entrepot.ports.accounts import StoredToken

AccountName = Annotated[
    str, typer.Argument(metavar="ACCOUNT", help="The user or robot.", show_default=False)
]
TokenName = Annotated[str, typer.Argument(metavar="NAME", help="The token.", show_default=False)]

COLUMNS = ("name", "id", "limits", "expires", "last_used", "last_used_from")


def describe(token: StoredToken) -> dict[str, Any]:
    """Give what is shown of a token: never more than its id."""
    return {
        "account": token.account,
        "kind": str(token.kind),
        "name": token.name,
        "id": token.public_id,
        "limits": describe_grants(token.limits),
        "expires": moment(token.expires_at),
        "created": moment(token.created_at),
        "rotated": moment(token.rotated_at),
        "old_secret_good_until": moment(token.old_until),
        "last_used": moment(token.last_used_at),
        "last_used_from": token.last_used_from,
    }
