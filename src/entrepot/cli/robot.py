"""``entrepot robot``: accounts of programs, which log in with a token."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from entrepot.cli import account_changes
from entrepot.cli.account_changes import set_disabled
from entrepot.cli.administration import Description, administer, all_rows
from entrepot.cli.arguments import AsJson, ConfigOption, Defaults
from entrepot.cli.expiry import Expires, When, parse_expiry, parse_overlap
from entrepot.cli.grants import Grants, describe_grants, parse_grants
from entrepot.cli.output import result, say
from entrepot.cli.tables import moment, print_facts, print_json, print_rows
from entrepot.cli.token import Overlap, print_rotated
from entrepot.ports.access import OPERATOR, Kind
from entrepot.ports.accounts import Account
from entrepot.ports.clock import SystemClock
from entrepot.services.access.robots import FIRST_TOKEN
from entrepot.services.access.token_text import TokenText

if TYPE_CHECKING:
    from entrepot.assembly.accounts import Administration

RobotName = Annotated[str, typer.Argument(metavar="NAME", help="The robot.", show_default=False)]

COLUMNS = ("name", "owner", "grants", "disabled", "expires", "last_used", "description")

Owner = Annotated[
    str | None,
    typer.Option(
        "--owner",
        metavar="USER",
        help="The robot may never do more than this user may.",
        show_default=False,
    ),
]

TokenOption = Annotated[str, typer.Option("--token", metavar="TOKEN", help="Which of its tokens.")]


def describe(account: Account) -> dict[str, Any]:
    """Give the fields of a robot."""
    return {
        "name": account.name,
        "description": account.description,
        "owner": account.owner,
        "grants": describe_grants(account.grants),
        "disabled": account.disabled,
        "expires": moment(account.expires_at),
        "created": moment(account.created_at),
        "last_used": moment(account.last_used_at),
        "last_used_from": account.last_used_from,
    }


def add(
    name: RobotName,
    grant: Grants = None,
    owner: Owner = None,
    expires: Expires = "never",
    description: Description = "",
    config: ConfigOption = None,
    defaults: Defaults = False,
    as_json: AsJson = False,
) -> None:
    """Create a robot and print its token; it cannot be shown again."""
    grants = parse_grants(grant)
    expires_at = parse_expiry(expires, SystemClock().now())

    async def work(administration: "Administration") -> tuple[TokenText, Account]:
        token = await administration.robots.add(
            OPERATOR,
            name,
            owner=owner,
            grants=grants,
            description=description,
            expires_at=expires_at,
        )
        return token, await administration.robots.get(name)

    token, account = administer(config, defaults, work, changes=True)
    if as_json:
        print_json({**describe(account), "token": token.text})
        return
    say(f"Created robot {name}. Its token cannot be shown again:")
    result(token.text)


def list_robots(
    config: ConfigOption = None, defaults: Defaults = False, as_json: AsJson = False
) -> None:
    """List robots."""
    accounts = administer(config, defaults, lambda tools: all_rows(tools.robots.list))
    print_rows([describe(account) for account in accounts], COLUMNS, as_json)


def show(
    name: RobotName,
    config: ConfigOption = None,
    defaults: Defaults = False,
    as_json: AsJson = False,
) -> None:
    """Show a robot, with its tokens and rules."""

    async def work(administration: "Administration") -> dict[str, Any]:
        account = await administration.robots.get(name)
        return {
            **describe(account),
            "tokens": [token.name for token in await administration.tokens.list(name)],
            "rules": await administration.rules.naming(f"robot:{name}"),
        }

    print_facts(administer(config, defaults, work), as_json)


def rotate(
    name: RobotName,
    overlap: Overlap = "24h",
    token: TokenOption = FIRST_TOKEN,
    config: ConfigOption = None,
    defaults: Defaults = False,
    as_json: AsJson = False,
) -> None:
    """Replace a robot's token and print the new one.

    It cannot be shown again.
    """
    seconds = parse_overlap(overlap)
    text = administer(
        config, defaults, lambda tools: tools.tokens.rotate(OPERATOR, name, token, seconds)
    )
    print_rotated(name, token, text, seconds, as_json)


def disable(
    name: RobotName,
    config: ConfigOption = None,
    defaults: Defaults = False,
    as_json: AsJson = False,
) -> None:
    """Disable a robot."""
    set_disabled(Kind.ROBOT, name, True, config, defaults, as_json)


def enable(
    name: RobotName,
    config: ConfigOption = None,
    defaults: Defaults = False,
    as_json: AsJson = False,
) -> None:
    """Enable a disabled robot."""
    set_disabled(Kind.ROBOT, name, False, config, defaults, as_json)


def expire(
    name: RobotName,
    when: When,
    config: ConfigOption = None,
    defaults: Defaults = False,
    as_json: AsJson = False,
) -> None:
    """Set when a robot expires."""
    account_changes.expire(Kind.ROBOT, name, when, config, defaults, as_json)


def remove(
    name: RobotName,
    config: ConfigOption = None,
    defaults: Defaults = False,
    as_json: AsJson = False,
) -> None:
    """Remove a robot, with its tokens."""
    account_changes.remove(
        "robot", name, lambda tools: tools.robots.remove(OPERATOR, name), config, defaults, as_json
    )
