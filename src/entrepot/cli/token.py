"""``entrepot token``: what users and robots log in with instead of a password."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from entrepot.cli.administration import administer
from entrepot.cli.arguments import AsJson, ConfigOption, Defaults
from entrepot.cli.expiry import Expires, parse_expiry, parse_overlap
from entrepot.cli.grants import Limits, describe_grants, parse_grants
from entrepot.cli.output import result, say
from entrepot.cli.tables import moment, print_facts, print_json, print_rows
from entrepot.config.durations import format_duration
from entrepot.ports.access import OPERATOR
from entrepot.ports.accounts import StoredToken
from entrepot.ports.clock import MICROSECONDS, SystemClock
from entrepot.services.access.token_text import TokenText

if TYPE_CHECKING:
    from entrepot.assembly.accounts import Administration

AccountName = Annotated[
    str, typer.Argument(metavar="ACCOUNT", help="The user or robot.", show_default=False)
]
TokenName = Annotated[str, typer.Argument(metavar="NAME", help="The token.", show_default=False)]

COLUMNS = ("name", "id", "limits", "expires", "last_used", "last_used_from")

Overlap = Annotated[
    str, typer.Option("--overlap", help="How long the old token stays valid; 0s ends it now.")
]


def describe(token: StoredToken) -> dict[str, Any]:
    """Give the fields of a token: of the secret never more than its id."""
    return {
        "account": token.account,
        "kind": str(token.kind),
        "name": token.name,
        "id": token.public_id,
        "limits": describe_grants(token.limits),
        "expires": moment(token.expires_at),
        "created": moment(token.created_at),
        "rotated": moment(token.rotated_at),
        "old_secret_good_until": moment(token.old_until),
        "last_used": moment(token.last_used_at),
        "last_used_from": token.last_used_from,
    }


def add(
    account: AccountName,
    name: TokenName,
    limit: Limits = None,
    expires: Expires = "never",
    config: ConfigOption = None,
    defaults: Defaults = False,
    as_json: AsJson = False,
) -> None:
    """Create a token and print it; it cannot be shown again."""
    limits = parse_grants(limit)
    expires_at = parse_expiry(expires, SystemClock().now())

    async def work(administration: "Administration") -> dict[str, Any]:
        text = await administration.tokens.add(
            OPERATOR, account, name, limits=limits, expires_at=expires_at
        )
        stored = await administration.tokens.get(account, name)
        return {**describe(stored), "token": text.text}

    made = administer(config, defaults, work, changes=True)
    if as_json:
        print_json(made)
        return
    say(f"Created token {name} of {account}. It cannot be shown again:")
    result(made["token"])


def list_tokens(
    account: AccountName,
    config: ConfigOption = None,
    defaults: Defaults = False,
    as_json: AsJson = False,
) -> None:
    """List the tokens of a user or a robot."""
    tokens = administer(config, defaults, lambda tools: tools.tokens.list(account))
    print_rows([describe(token) for token in tokens], COLUMNS, as_json)


def show(
    account: AccountName,
    name: TokenName,
    config: ConfigOption = None,
    defaults: Defaults = False,
    as_json: AsJson = False,
) -> None:
    """Show a token's details; the token itself is not stored."""
    token = administer(config, defaults, lambda tools: tools.tokens.get(account, name))
    print_facts(describe(token), as_json)


def rotate(
    account: AccountName,
    name: TokenName,
    overlap: Overlap = "24h",
    config: ConfigOption = None,
    defaults: Defaults = False,
    as_json: AsJson = False,
) -> None:
    """Replace a token and print the new one.

    It cannot be shown again.
    """
    seconds = parse_overlap(overlap)
    text = administer(
        config, defaults, lambda tools: tools.tokens.rotate(OPERATOR, account, name, seconds)
    )
    print_rotated(account, name, text, seconds, as_json)


def print_rotated(account: str, name: str, text: TokenText, overlap: float, as_json: bool) -> None:
    """Print the new secret of a token.

    Args:
        account: whose token.
        name: of the token.
        text: the new one.
        overlap: seconds for which the old one stays valid.
        as_json: for programs.
    """
    if as_json:
        until = moment(SystemClock().now() + int(overlap * MICROSECONDS))
        facts = {"account": account, "name": name, "old_secret_good_until": until}
        print_json({**facts, "token": text.text})
        return
    rest = f"stays valid for {format_duration(overlap)}" if overlap else "is no longer valid"
    say(f"Replaced token {name} of {account}; the old one {rest}.")
    say("The new one cannot be shown again:")
    result(text.text)


def remove(
    account: AccountName,
    name: TokenName,
    config: ConfigOption = None,
    defaults: Defaults = False,
    as_json: AsJson = False,
) -> None:
    """Remove a token; it stops working at once."""
    administer(config, defaults, lambda tools: tools.tokens.remove(OPERATOR, account, name))
    if as_json:
        print_json({"account": account, "removed": name})
    else:
        say(f"Removed token {name} of {account}.")
