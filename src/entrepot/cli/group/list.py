"""``entrepot group list``."""

from entrepot.cli.administration import AsJson, administer, all_rows
from entrepot.cli.arguments import ConfigOption, Defaults
from entrepot.cli.group.name import COLUMNS, describe
from entrepot.cli.tables import print_rows


def list_groups(
    config: ConfigOption = None, defaults: Defaults = False, as_json: AsJson = False
) -> None:
    """List groups."""
    groups = administer(config, defaults, lambda tools: all_rows(tools.groups.list))
    print_rows([describe(group) for group in groups], COLUMNS, as_json)
