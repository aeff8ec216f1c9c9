"""``entrepot token``: what users and robots log in with in place of a password."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from entrepot.cli.administration import AsJson, administer
from entrepot.cli.arguments import ConfigOption, Defaults
from entrepot.cli.expiry import Expires, parse_expiry, parse_overlap
from entrepot.cli.grants import Limits, describe_grants, parse_grants
from entrepot.cli.output import result, say
from entrepot.cli.tables import moment, print_facts, print_json, print_rows
from entrepot.config.durations import format_duration
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
    str, typer.Option("--overlap", help="How long the old one is still good; 0s ends it now.")
]


def describe(token: StoredToken) -> dict[str, Any]:
    """Give what is shown of a token: never more than its id."""
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
    """Make a token, and print it, which is done this once."""
    limits = parse_grants(limit)
    expires_at = parse_expiry(expires, SystemClock().now())

    async def work(administration: "Administration") -> dict[str, Any]:
        text = await administration.tokens.add(account, name, limits=limits, expires_at=expires_at)
        stored = await administration.tokens.get(account, name)
        return {**describe(stored), "token": text.text}

    made = administer(config, defaults, work, changes=True)
    if as_json:
        print_json(made)
        return
    say(f"token {name} of {account} is made, and shown this once:")
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
    """Show what is known of a token; the token itself is known to its holder alone."""
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
    """Replace a token, and print the new one, which is done this once."""
    seconds = parse_overlap(overlap)
    text = administer(config, defaults, lambda tools: tools.tokens.rotate(account, name, seconds))
    print_rotated(account, name, text, seconds, as_json)


def print_rotated(account: str, name: str, text: TokenText, overlap: float, as_json: bool) -> None:
    """Tell of a token that has a new secret.

    Args:
        account: whose token.
        name: of the token.
        text: the new one.
        overlap: seconds that the old one is good.
        as_json: for programs.
    """
    if as_json:
        until = moment(SystemClock().now() + int(overlap * MICROSECONDS))
        facts = {"account": account, "name": name, "old_secret_good_until": until}
        print_json({**facts, "token": text.text})
        return
    rest = (
        f"the old one is good for {format_duration(overlap)} more"
        if overlap
        else "the old one is dead"
    )
    say(f"token {name} of {account} is replaced, {rest}; the new one is shown this once:")
    result(text.text)


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
