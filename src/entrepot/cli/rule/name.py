"""The argument that names a rule, and how one is shown."""

from typing import Annotated, Any

import typer

from entrepot.cli.tables import moment
from entrepot.ports.accounts import StoredRule

RuleName = Annotated[str, typer.Argument(metavar="NAME", help="The rule.", show_default=False)]

COLUMNS = ("name", "source", "who", "may", "repositories", "description")


def describe(rule: StoredRule) -> dict[str, Any]:
    """Give what is shown of a rule."""
    return {
        "name": rule.name,
        "source": "database",
        "who": list(rule.who),
        "may": [str(action) for action in rule.may],
        "repositories": list(rule.repositories),
        "description": rule.description,
        "created": moment(rule.created_at),
    }
