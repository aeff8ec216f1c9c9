"""``entrepot user list``."""

from entrepot.cli.administration import AsJson, administer, all_rows
from entrepot.cli.arguments import ConfigOption, Defaults
from entrepot.cli.tables import print_rows
from entrepot.cli.user.name import COLUMNS, describe


def list_users(
    config: ConfigOption = None, defaults: Defaults = False, as_json: AsJson = False
) -> None:
    """List users."""
    accounts = administer(config, defaults, lambda tools: all_rows(tools.users.list))
    print_rows([describe(account) for account in accounts], COLUMNS, as_json)
