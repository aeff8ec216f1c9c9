"""``entrepot user show``."""

from typing import TYPE_CHECKING, Any

from entrepot.cli.administration import AsJson, administer
from entrepot.cli.arguments import ConfigOption, Defaults
from entrepot.cli.tables import print_facts
from entrepot.cli.user.name import UserName, describe

if TYPE_CHECKING:
    from entrepot.assembly.accounts import Administration


def show(
    name: UserName,
    config: ConfigOption = None,
    defaults: Defaults = False,
    as_json: AsJson = False,
) -> None:
    """Show what is known of a user."""

    async def work(administration: "Administration") -> dict[str, Any]:
        account = await administration.users.get(name)
        return {
            **describe(account),
            "groups": sorted(await administration.accounts.groups_of(name)),
            "robots": await administration.accounts.robots_of(name, "", 1000),
            "tokens": [token.name for token in await administration.tokens.list(name)],
            "rules": await administration.rules.naming(f"user:{name}"),
        }

    print_facts(administer(config, defaults, work), as_json)
