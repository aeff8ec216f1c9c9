"""``entrepot token list``."""

from entrepot.cli.administration import AsJson, administer
from entrepot.cli.arguments import ConfigOption, Defaults
from entrepot.cli.tables import print_rows
from entrepot.cli.token.name import COLUMNS, AccountName, describe


def list_tokens(
    account: AccountName,
    config: ConfigOption = None,
    defaults: Defaults = False,
    as_json: AsJson = False,
) -> None:
    """List the tokens of a user or a robot."""
    tokens = administer(config, defaults, lambda tools: tools.tokens.list(account))
    print_rows([describe(token) for token in tokens], COLUMNS, as_json)
