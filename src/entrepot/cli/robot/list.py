"""``entrepot robot list``."""

from entrepot.cli.administration import AsJson, administer, all_rows
from entrepot.cli.arguments import ConfigOption, Defaults
from entrepot.cli.robot.name import COLUMNS, describe
from entrepot.cli.tables import print_rows


def list_robots(
    config: ConfigOption = None, defaults: Defaults = False, as_json: AsJson = False
) -> None:
    """List robots."""
    accounts = administer(config, defaults, lambda tools: all_rows(tools.robots.list))
    print_rows([describe(account) for account in accounts], COLUMNS, as_json)
