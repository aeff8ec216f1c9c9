"""``entrepot user expire``."""

from entrepot.cli import account_changes
from entrepot.cli.administration import AsJson
from entrepot.cli.arguments import ConfigOption, Defaults
from entrepot.cli.expiry import When
from entrepot.cli.user.name import UserName
from entrepot.ports.access import Kind


def expire(
    name: UserName,
    when: When,
    config: ConfigOption = None,
    defaults: Defaults = False,
    as_json: AsJson = False,
) -> None:
    """Let a user in until a moment, or for ever."""
    account_changes.expire(Kind.USER, name, when, config, defaults, as_json)
