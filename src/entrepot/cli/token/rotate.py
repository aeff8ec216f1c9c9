"""``entrepot token rotate``."""

from typing import Annotated

import typer

from entrepot.cli.administration import AsJson, administer
from entrepot.cli.arguments import ConfigOption, Defaults
from entrepot.cli.expiry import parse_overlap
from entrepot.cli.output import result, say
from entrepot.cli.tables import moment, print_json
from entrepot.cli.token.name import AccountName, TokenName
from entrepot.config.durations import format_duration
from entrepot.ports.clock import MICROSECONDS, SystemClock
from entrepot.services.access.token_text import TokenText

Overlap = Annotated[
    str, typer.Option("--overlap", help="How long the old one is still good; 0s ends it now.")
]


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
