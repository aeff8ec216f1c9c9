"""``entrepot rule``: who may do what in which repositories."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from entrepot.cli.administration import Description, administer, all_rows
from entrepot.cli.arguments import AsJson, ConfigOption, Defaults, split_words
from entrepot.cli.grants import parse_actions
from entrepot.cli.output import say, warn
from entrepot.cli.tables import moment, print_facts, print_json, print_rows
from entrepot.config.access import RuleSettings
from entrepot.ports.access import OPERATOR
from entrepot.ports.accounts import StoredRule
from entrepot.ports.clock import SystemClock

if TYPE_CHECKING:
    from entrepot.assembly.accounts import Administration

RuleName = Annotated[str, typer.Argument(metavar="NAME", help="The rule.", show_default=False)]

COLUMNS = ("name", "source", "who", "may", "repositories", "description")

Who = Annotated[
    list[str],
    typer.Option(
        "--who",
        metavar="SUBJECTS",
        help="user:NAME, group:NAME, robot:NAME, authenticated, anonymous; as a,b or repeated.",
        show_default=False,
    ),
]
May = Annotated[
    list[str],
    typer.Option(
        "--may",
        metavar="ACTIONS",
        help="pull, push, delete, list, admin; as a,b or repeated.",
        show_default=False,
    ),
]
Repositories = Annotated[
    list[str],
    typer.Option(
        "--repositories",
        metavar="PATTERNS",
        help="Such as team/**,!team/secret/**; as a,b or repeated.",
        show_default=False,
    ),
]


def describe(rule: StoredRule) -> dict[str, Any]:
    """Give the fields of a rule."""
    return {
        "name": rule.name,
        "source": "database",
        "who": list(rule.who),
        "may": [str(action) for action in rule.may],
        "repositories": list(rule.repositories),
        "description": rule.description,
        "created": moment(rule.created_at),
    }


def add(
    name: RuleName,
    who: Who,
    may: May,
    repositories: Repositories,
    description: Description = "",
    config: ConfigOption = None,
    defaults: Defaults = False,
    as_json: AsJson = False,
) -> None:
    """Create a rule; it applies at once."""
    rule = StoredRule(
        name=name,
        who=tuple(split_words(who)),
        may=parse_actions(may),
        repositories=tuple(split_words(repositories)),
        description=description,
        created_at=SystemClock().now(),
    )

    async def work(administration: "Administration") -> list[str]:
        await administration.rules.add(OPERATOR, rule)
        return await administration.rules.unknown_subjects(rule)

    unknown = administer(config, defaults, work, changes=True)
    if unknown:
        warn(f"no account or group here is {', '.join(unknown)}; the rule will apply once there is")
    if as_json:
        print_json(describe(rule))
    else:
        say(f"Created rule {name}.")


def list_rules(
    config: ConfigOption = None, defaults: Defaults = False, as_json: AsJson = False
) -> None:
    """List the rules of the configuration, then those of the database."""

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


def show(
    name: RuleName,
    config: ConfigOption = None,
    defaults: Defaults = False,
    as_json: AsJson = False,
) -> None:
    """Show a rule of the database."""
    rule = administer(config, defaults, lambda tools: tools.rules.get(name))
    print_facts(describe(rule), as_json)


def remove(
    name: RuleName,
    config: ConfigOption = None,
    defaults: Defaults = False,
    as_json: AsJson = False,
) -> None:
    """Remove a rule of the database; it stops applying at once."""
    administer(config, defaults, lambda tools: tools.rules.remove(OPERATOR, name))
    if as_json:
        print_json({"removed": name})
    else:
        say(f"Removed rule {name}.")
