"""``entrepot user remove``."""

from entrepot.cli import account_changes
from entrepot.cli.administration import AsJson
from entrepot.cli.arguments import ConfigOption, Defaults
from entrepot.cli.user.name import UserName


def remove(
    name: UserName,
    config: ConfigOption = None,
    defaults: Defaults = False,
    as_json: AsJson = False,
) -> None:
    """Remove a user, with tokens and memberships."""
    account_changes.remove(
        "user", name, lambda tools: tools.users.remove(name), config, defaults, as_json
    )
