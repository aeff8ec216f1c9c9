"""``entrepot token remove``."""

from entrepot.cli.administration import AsJson, administer
from entrepot.cli.arguments import ConfigOption, Defaults
from entrepot.cli.output import say
from entrepot.cli.tables import print_json
from entrepot.cli.token.name import AccountName, TokenName


def remove(
    account: AccountName,
    name: TokenName,
    config: ConfigOption = None,
    defaults: Defaults = False,
    as_json: AsJson = False,
) -> None:
    """Remove a token; within a second it is good nowhere any more."""
    administer(config, defaults, lambda tools: tools.tokens.remove(account, name))
    if as_json:
        print_json({"account": account, "removed": name})
    else:
        say(f"token {name} of {account} is removed")
