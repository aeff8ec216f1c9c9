"""``entrepot robot enable``."""

from entrepot.cli.account_changes import set_disabled
from entrepot.cli.administration import AsJson
from entrepot.cli.arguments import ConfigOption, Defaults
from entrepot.cli.robot.name import RobotName
from entrepot.ports.access import Kind


def enable(
    name: RobotName,
    config: ConfigOption = None,
    defaults: Defaults = False,
    as_json: AsJson = False,
) -> None:
    """Let a disabled robot in again."""
    set_disabled(Kind.ROBOT, name, False, config, defaults, as_json)
