"""``entrepot group show``."""

from typing import TYPE_CHECKING, Any

from entrepot.cli.administration import AsJson, administer
from entrepot.cli.arguments import ConfigOption, Defaults
from entrepot.cli.group.name import GroupName, describe
from entrepot.cli.tables import print_facts

if TYPE_CHECKING:
    from entrepot.assembly.accounts import Administration


def show(
    name: GroupName,
    config: ConfigOption = None,
    defaults: Defaults = False,
    as_json: AsJson = False,
) -> None:
    """Show a group's members, and the rules that name it."""

    async def work(administration: "Administration") -> dict[str, Any]:
        return {
            **describe(await administration.groups.get(name)),
            "members": await administration.groups.members(name),
            "rules": await administration.rules.naming(f"group:{name}"),
        }

    print_facts(administer(config, defaults, work), as_json)
