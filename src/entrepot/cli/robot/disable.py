"""``entrepot robot disable``."""

from entrepot.cli.account_changes import set_disabled
from entrepot.cli.administration import AsJson
from entrepot.cli.arguments import ConfigOption, Defaults
from entrepot.cli.robot.name import RobotName
from entrepot.ports.access import Kind


def disable(
    name: RobotName,
    config: ConfigOption = None,
    defaults: Defaults = False,
    as_json: AsJson = False,
) -> None:
    """Let a robot in no more."""
    set_disabled(Kind.ROBOT, name, True, config, defaults, as_json)
