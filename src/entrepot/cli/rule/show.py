"""``entrepot rule show``."""

from entrepot.cli.administration import AsJson, administer
from entrepot.cli.arguments import ConfigOption, Defaults
from entrepot.cli.rule.name import RuleName, describe
from entrepot.cli.tables import print_facts


def show(
    name: RuleName,
    config: ConfigOption = None,
    defaults: Defaults = False,
    as_json: AsJson = False,
) -> None:
    """Show a rule of the database."""
    rule = administer(config, defaults, lambda tools: tools.rules.get(name))
    print_facts(describe(rule), as_json)
