"""``entrepot user enable``."""

from entrepot.cli.administration import AsJson, administer
from entrepot.cli.arguments import ConfigOption, Defaults
from entrepot.cli.output import say
from entrepot.cli.tables import print_json
from entrepot.cli.user.name import UserName


def enable(
    name: UserName,
    config: ConfigOption = None,
    defaults: Defaults = False,
    as_json: AsJson = False,
) -> None:
    """Let a disabled user in again."""
    administer(config, defaults, lambda tools: tools.users.set_disabled(name, disabled=False))
    if as_json:
        print_json({"name": name, "disabled": False})
    else:
        say(f"user {name} is enabled")
