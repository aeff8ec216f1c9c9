"""``entrepot rule add``."""

from typing import TYPE_CHECKING, Annotated

import typer

from entrepot.cli.administration import AsJson, Description, administer
from entrepot.cli.arguments import ConfigOption, Defaults
from entrepot.cli.grants import parse_actions
from entrepot.cli.output import say, warn
from entrepot.cli.rule.name import RuleName, describe
from entrepot.cli.tables import print_json
from entrepot.cli.words import split_words
from entrepot.ports.accounts import StoredRule
from entrepot.ports.clock import SystemClock

if TYPE_CHECKING:
    from entrepot.assembly.accounts import Administration

Who = Annotated[
    list[str],
    typer.Option(
        "--who",
        metavar="SUBJECTS",
        help="user:NAME, group:NAME, robot:NAME, authenticated, anonymous; a,b or several times.",
        show_default=False,
    ),
]
May = Annotated[
    list[str],
    typer.Option(
        "--may",
        metavar="ACTIONS",
        help="pull, push, delete, list, admin; a,b or several times.",
        show_default=False,
    ),
]
Repositories = Annotated[
    list[str],
    typer.Option(
        "--repositories",
        metavar="PATTERNS",
        help="Such as team/**,!team/secret/**; a,b or several times.",
        show_default=False,
    ),
]


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
    """Make a rule; within a second it holds."""
    rule = StoredRule(
        name=name,
        who=tuple(split_words(who)),
        may=parse_actions(may),
        repositories=tuple(split_words(repositories)),
        description=description,
        created_at=SystemClock().now(),
    )

    async def work(administration: "Administration") -> list[str]:
        await administration.rules.add(rule)
        return await administration.rules.unknown_subjects(rule)

    unknown = administer(config, defaults, work, changes=True)
    if unknown:
        warn(f"nobody here is called {', '.join(unknown)}; the rule waits for them")
    if as_json:
        print_json(describe(rule))
    else:
        say(f"rule {name} is made")
