"""``entrepot user enable``."""

from entrepot.cli.account_changes import set_disabled
from entrepot.cli.administration import AsJson
from entrepot.cli.arguments import ConfigOption, Defaults
from entrepot.cli.user.name import UserName
from entrepot.ports.access import Kind


def enable(
    name: UserName,
    config: ConfigOption = None,
    defaults: Defaults = False,
    as_json: AsJson = False,
) -> None:
    """Let a disabled user in again."""
    set_disabled(Kind.USER, name, False, config, defaults, as_json)
