"""``entrepot rule list``."""

from typing import TYPE_CHECKING, Any

from entrepot.cli.administration import AsJson, administer, all_rows
from entrepot.cli.arguments import ConfigOption, Defaults
from entrepot.cli.rule.name import COLUMNS, describe
from entrepot.cli.tables import print_rows
from entrepot.config.access import RuleSettings

if TYPE_CHECKING:
    from entrepot.assembly.accounts import Administration


def list_rules(
    config: ConfigOption = None, defaults: Defaults = False, as_json: AsJson = False
) -> None:
    """List rules: those of the configuration, then those of the database."""

    async def work(administration: "Administration") -> list[dict[str, Any]]:
        of_file = administration.settings.rules
        rows = [_describe(number, rule) for number, rule in enumerate(of_file)]
        return rows + [describe(rule) for rule in await all_rows(administration.rules.list)]

    print_rows(administer(config, defaults, work), COLUMNS, as_json)


def _describe(number: int, rule: RuleSettings) -> dict[str, Any]:
    return {
        "name": f"access.rules[{number}]",
        "source": "configuration",
        "who": list(rule.who),
        "may": list(rule.may),
        "repositories": list(rule.repositories),
        "description": "",
        "created": None,
    }
