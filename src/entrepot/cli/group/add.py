"""``entrepot group add``."""

from typing import Annotated

import typer

from entrepot.cli.administration import AsJson, Description, administer
from entrepot.cli.arguments import ConfigOption, Defaults
from entrepot.cli.group.name import External, GroupName
from entrepot.cli.output import say
from entrepot.cli.tables import print_json
from entrepot.cli.words import split_words

MemberOption = Annotated[
    list[str] | None,
    typer.Option("--member", metavar="USER", help="A user, may be given several times."),
]


def add(
    name: GroupName,
    member: MemberOption = None,
    external: External = False,
    description: Description = "",
    config: ConfigOption = None,
    defaults: Defaults = False,
    as_json: AsJson = False,
) -> None:
    """Make a group."""
    members = split_words(member or [])
    administer(
        config,
        defaults,
        lambda tools: tools.groups.add(name, members, description=description, external=external),
        changes=True,
    )
    if as_json:
        print_json({"name": name, "members": members})
    else:
        say(f"group {name} is made")
