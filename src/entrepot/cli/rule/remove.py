"""``entrepot rule remove``."""

from entrepot.cli.administration import AsJson, administer
from entrepot.cli.arguments import ConfigOption, Defaults
from entrepot.cli.output import say
from entrepot.cli.rule.name import RuleName
from entrepot.cli.tables import print_json


def remove(
    name: RuleName,
    config: ConfigOption = None,
    defaults: Defaults = False,
    as_json: AsJson = False,
) -> None:
    """Remove a rule of the database; within a second it holds no more."""
    administer(config, defaults, lambda tools: tools.rules.remove(name))
    if as_json:
        print_json({"removed": name})
    else:
        say(f"rule {name} is removed")
