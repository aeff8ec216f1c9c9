"""``entrepot robot enable``."""

from entrepot.cli.administration import AsJson, administer
from entrepot.cli.arguments import ConfigOption, Defaults
from entrepot.cli.output import say
from entrepot.cli.robot.name import RobotName
from entrepot.cli.tables import print_json


def enable(
    name: RobotName,
    config: ConfigOption = None,
    defaults: Defaults = False,
    as_json: AsJson = False,
) -> None:
    """Let a disabled robot in again."""
    administer(config, defaults, lambda tools: tools.robots.set_disabled(name, disabled=False))
    if as_json:
        print_json({"name": name, "disabled": False})
    else:
        say(f"robot {name} is enabled")
