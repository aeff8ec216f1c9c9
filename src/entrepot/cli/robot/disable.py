"""``entrepot robot disable``."""

from entrepot.cli.administration import AsJson, administer
from entrepot.cli.arguments import ConfigOption, Defaults
from entrepot.cli.output import say
from entrepot.cli.robot.name import RobotName
from entrepot.cli.tables import print_json


def disable(
    name: RobotName,
    config: ConfigOption = None,
    defaults: Defaults = False,
    as_json: AsJson = False,
) -> None:
    """Let a robot in no more."""
    administer(config, defaults, lambda tools: tools.robots.set_disabled(name, disabled=True))
    if as_json:
        print_json({"name": name, "disabled": True})
    else:
        say(f"robot {name} is disabled")
