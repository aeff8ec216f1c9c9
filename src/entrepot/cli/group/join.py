"""``entrepot group join``."""

from entrepot.cli.administration import AsJson, administer
from entrepot.cli.arguments import ConfigOption, Defaults
from entrepot.cli.group.name import External, GroupName, Members
from entrepot.cli.output import say
from entrepot.cli.tables import print_json


def join(
    name: GroupName,
    users: Members,
    external: External = False,
    config: ConfigOption = None,
    defaults: Defaults = False,
    as_json: AsJson = False,
) -> None:
    """Put users into a group."""
    administer(config, defaults, lambda tools: tools.groups.join(name, users, external=external))
    if as_json:
        print_json({"name": name, "joined": users})
    else:
        say(f"{', '.join(users)} are in group {name}")
