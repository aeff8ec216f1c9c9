"""``entrepot robot show``."""

from typing import TYPE_CHECKING, Any

from entrepot.cli.administration import AsJson, administer
from entrepot.cli.arguments import ConfigOption, Defaults
from entrepot.cli.robot.name import RobotName, describe
from entrepot.cli.tables import print_facts

if TYPE_CHECKING:
    from entrepot.assembly.accounts import Administration


def show(
    name: RobotName,
    config: ConfigOption = None,
    defaults: Defaults = False,
    as_json: AsJson = False,
) -> None:
    """Show what is known of a robot."""

    async def work(administration: "Administration") -> dict[str, Any]:
        account = await administration.robots.get(name)
        return {
            **describe(account),
            "tokens": [token.name for token in await administration.tokens.list(name)],
            "rules": await administration.rules.naming(f"robot:{name}"),
        }

    print_facts(administer(config, defaults, work), as_json)
