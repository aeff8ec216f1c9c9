"""``entrepot group remove``."""

from entrepot.cli import account_changes
from entrepot.cli.administration import AsJson
from entrepot.cli.arguments import ConfigOption, Defaults
from entrepot.cli.group.name import GroupName


def remove(
    name: GroupName,
    config: ConfigOption = None,
    defaults: Defaults = False,
    as_json: AsJson = False,
) -> None:
    """Remove a group; its members stay users."""
    account_changes.remove(
        "group", name, lambda tools: tools.groups.remove(name), config, defaults, as_json
    )
