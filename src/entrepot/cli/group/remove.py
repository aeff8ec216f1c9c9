"""``entrepot group remove``."""

from typing import TYPE_CHECKING

from entrepot.cli.administration import AsJson, administer
from entrepot.cli.arguments import ConfigOption, Defaults
from entrepot.cli.group.name import GroupName
from entrepot.cli.output import say, warn
from entrepot.cli.tables import print_json

if TYPE_CHECKING:
    from entrepot.assembly.accounts import Administration


def remove(
    name: GroupName,
    config: ConfigOption = None,
    defaults: Defaults = False,
    as_json: AsJson = False,
) -> None:
    """Remove a group; its members stay users."""

    async def work(administration: "Administration") -> list[str]:
        await administration.groups.remove(name)
        return await administration.rules.naming(f"group:{name}")

    rules = administer(config, defaults, work)
    if as_json:
        print_json({"removed": name, "rules_left": rules})
        return
    say(f"group {name} is removed")
    if rules:
        warn(f"rules still name group:{name}, whatever is called that next: {', '.join(rules)}")
