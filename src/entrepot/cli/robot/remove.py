"""``entrepot robot remove``."""

from entrepot.cli import account_changes
from entrepot.cli.administration import AsJson
from entrepot.cli.arguments import ConfigOption, Defaults
from entrepot.cli.robot.name import RobotName


def remove(
    name: RobotName,
    config: ConfigOption = None,
    defaults: Defaults = False,
    as_json: AsJson = False,
) -> None:
    """Remove a robot, with its tokens."""
    account_changes.remove(
        "robot", name, lambda tools: tools.robots.remove(name), config, defaults, as_json
    )
