"""``entrepot robot remove``."""

from typing import TYPE_CHECKING

from entrepot.cli.administration import AsJson, administer
from entrepot.cli.arguments import ConfigOption, Defaults
from entrepot.cli.output import say, warn
from entrepot.cli.robot.name import RobotName
from entrepot.cli.tables import print_json

if TYPE_CHECKING:
    from entrepot.assembly.accounts import Administration


def remove(
    name: RobotName,
    config: ConfigOption = None,
    defaults: Defaults = False,
    as_json: AsJson = False,
) -> None:
    """Remove a robot, with its tokens."""

    async def work(administration: "Administration") -> list[str]:
        await administration.robots.remove(name)
        return await administration.rules.naming(f"robot:{name}")

    rules = administer(config, defaults, work)
    if as_json:
        print_json({"removed": name, "rules_left": rules})
        return
    say(f"robot {name} is removed")
    if rules:
        warn(f"rules still name robot:{name}, whatever is called that next: {', '.join(rules)}")
