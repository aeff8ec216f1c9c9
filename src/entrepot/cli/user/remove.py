"""``entrepot user remove``."""

from typing import TYPE_CHECKING

from entrepot.cli.administration import AsJson, administer
from entrepot.cli.arguments import ConfigOption, Defaults
from entrepot.cli.output import say, warn
from entrepot.cli.tables import print_json
from entrepot.cli.user.name import UserName

if TYPE_CHECKING:
    from entrepot.assembly.accounts import Administration


def remove(
    name: UserName,
    config: ConfigOption = None,
    defaults: Defaults = False,
    as_json: AsJson = False,
) -> None:
    """Remove a user, with tokens and memberships."""

    async def work(administration: "Administration") -> list[str]:
        await administration.users.remove(name)
        return await administration.rules.naming(f"user:{name}")

    rules = administer(config, defaults, work)
    if as_json:
        print_json({"removed": name, "rules_left": rules})
        return
    say(f"user {name} is removed")
    if rules:
        warn(f"rules still name user:{name}, whoever is called that next: {', '.join(rules)}")
