"""``entrepot user disable``."""

from entrepot.cli.account_changes import set_disabled
from entrepot.cli.administration import AsJson
from entrepot.cli.arguments import ConfigOption, Defaults
from entrepot.cli.user.name import UserName
from entrepot.ports.access import Kind


def disable(
    name: UserName,
    config: ConfigOption = None,
    defaults: Defaults = False,
    as_json: AsJson = False,
) -> None:
    """Let a user in no more, nor tokens and robots of the user."""
    set_disabled(Kind.USER, name, True, config, defaults, as_json)
