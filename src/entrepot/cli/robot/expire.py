"""``entrepot robot expire``."""

from entrepot.cli import account_changes
from entrepot.cli.administration import AsJson
from entrepot.cli.arguments import ConfigOption, Defaults
from entrepot.cli.expiry import When
from entrepot.cli.robot.name import RobotName
from entrepot.ports.access import Kind


def expire(
    name: RobotName,
    when: When,
    config: ConfigOption = None,
    defaults: Defaults = False,
    as_json: AsJson = False,
) -> None:
    """Let a robot in until a moment, or for ever."""
    account_changes.expire(Kind.ROBOT, name, when, config, defaults, as_json)
