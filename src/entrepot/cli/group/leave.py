"""``entrepot group leave``."""

from entrepot.cli.administration import AsJson, administer
from entrepot.cli.arguments import ConfigOption, Defaults
from entrepot.cli.group.name import GroupName, Members
from entrepot.cli.output import say
from entrepot.cli.tables import print_json


def leave(
    name: GroupName,
    users: Members,
    config: ConfigOption = None,
    defaults: Defaults = False,
    as_json: AsJson = False,
) -> None:
    """Take users out of a group."""
    administer(config, defaults, lambda tools: tools.groups.leave(name, users))
    if as_json:
        print_json({"name": name, "left": users})
    else:
        say(f"{', '.join(users)} are no more in group {name}")
