"""``entrepot token add``."""

from typing import TYPE_CHECKING, Any

from entrepot.cli.administration import AsJson, administer
from entrepot.cli.arguments import ConfigOption, Defaults
from entrepot.cli.expiry import Expires, parse_expiry
from entrepot.cli.grants import Limits, parse_grants
from entrepot.cli.output import result, say
from entrepot.cli.tables import print_json
from entrepot.cli.token.name import AccountName, TokenName, describe
from entrepot.ports.clock import SystemClock

if TYPE_CHECKING:
    from entrepot.assembly.accounts import Administration


def add(
    account: AccountName,
    name: TokenName,
    limit: Limits = None,
    expires: Expires = "never",
    config: ConfigOption = None,
    defaults: Defaults = False,
    as_json: AsJson = False,
) -> None:
    """Make a token, and print it, which is done this once."""
    limits = parse_grants(limit)
    expires_at = parse_expiry(expires, SystemClock().now())

    async def work(administration: "Administration") -> dict[str, Any]:
        text = await administration.tokens.add(account, name, limits=limits, expires_at=expires_at)
        stored = await administration.tokens.get(account, name)
        return {**describe(stored), "token": text.text}

    made = administer(config, defaults, work, changes=True)
    if as_json:
        print_json(made)
        return
    say(f"token {name} of {account} is made, and shown this once:")
    result(made["token"])
