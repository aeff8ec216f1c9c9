"""``entrepot user disable``."""

from entrepot.cli.administration import AsJson, administer
from entrepot.cli.arguments import ConfigOption, Defaults
from entrepot.cli.output import say
from entrepot.cli.tables import print_json
from entrepot.cli.user.name import UserName


def disable(
    name: UserName,
    config: ConfigOption = None,
    defaults: Defaults = False,
    as_json: AsJson = False,
) -> None:
    """Let a user in no more, nor tokens and robots of the user."""
    administer(config, defaults, lambda tools: tools.users.set_disabled(name, disabled=True))
    if as_json:
        print_json({"name": name, "disabled": True})
    else:
        say(f"user {name} is disabled")
