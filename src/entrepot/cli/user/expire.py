"""``entrepot user expire``."""

from typing import Annotated

import typer

from entrepot.cli.administration import AsJson, administer
from entrepot.cli.arguments import ConfigOption, Defaults
from entrepot.cli.expiry import parse_expiry
from entrepot.cli.output import say
from entrepot.cli.tables import moment, print_json
from entrepot.cli.user.name import UserName
from entrepot.ports.clock import SystemClock

When = Annotated[
    str,
    typer.Argument(metavar="WHEN", help="90d, 12h, 2027-01-31 or never.", show_default=False),
]


def expire(
    name: UserName,
    when: When,
    config: ConfigOption = None,
    defaults: Defaults = False,
    as_json: AsJson = False,
) -> None:
    """Let a user in until a moment, or for ever."""
    expires_at = parse_expiry(when, SystemClock().now())
    administer(config, defaults, lambda tools: tools.users.expire(name, expires_at))
    if as_json:
        print_json({"name": name, "expires": moment(expires_at)})
    else:
        say(f"user {name} expires {moment(expires_at) or 'never'}")
