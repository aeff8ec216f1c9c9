"""``entrepot token show``."""

from entrepot.cli.administration import AsJson, administer
from entrepot.cli.arguments import ConfigOption, Defaults
from entrepot.cli.tables import print_facts
from entrepot.cli.token.name import AccountName, TokenName, describe


def show(
    account: AccountName,
    name: TokenName,
    config: ConfigOption = None,
    defaults: Defaults = False,
    as_json: AsJson = False,
) -> None:
    """Show what is known of a token; the token itself is known to its holder alone."""
    token = administer(config, defaults, lambda tools: tools.tokens.get(account, name))
    print_facts(describe(token), as_json)
