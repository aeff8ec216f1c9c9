"""Grants as they are typed and shown: `pull,push:team/**,!team/secret/**`."""

from typing import Annotated, Any

import typer

from entrepot.cli.arguments import split_words
from entrepot.ports.access import Action, Grant

_FORM = "ACTIONS:PATTERNS"
_EXAMPLE = "such as pull,push:team/**,!team/secret/**; may be repeated"

Grants = Annotated[
    list[str] | None,
    typer.Option(
        "--grant",
        metavar=_FORM,
        help=f"All that the robot may do, {_EXAMPLE}. Default: what rules allow.",
    ),
]
Limits = Annotated[
    list[str] | None,
    typer.Option(
        "--limit",
        metavar=_FORM,
        help=f"Limit the token to this, {_EXAMPLE}. Default: all that its account may do.",
    ),
]


def parse_grants(texts: list[str] | None) -> tuple[Grant, ...] | None:
    """Read grants; None if there are none.

    Raises:
        typer.BadParameter: one is malformed.
    """
    return tuple(_parse(text) for text in texts) if texts else None


def describe_grants(grants: tuple[Grant, ...] | None) -> list[dict[str, Any]] | None:
    """Give grants as output shows them."""
    if grants is None:
        return None
    return [
        {
            "may": [str(action) for action in Action if action in grant.actions],
            "repositories": list(grant.patterns),
        }
        for grant in grants
    ]


def parse_actions(texts: list[str]) -> tuple[Action, ...]:
    """Read actions.

    Raises:
        typer.BadParameter: one is unknown.
    """
    words = split_words(texts)
    for word in words:
        if word not in set(Action):
            raise typer.BadParameter(f"{word!r}: expected one of {', '.join(Action)}")
    return tuple(action for action in Action if action in words)


def _parse(text: str) -> Grant:
    actions, colon, patterns = text.partition(":")
    if not colon or not patterns:
        raise typer.BadParameter(f"{text!r}: expected {_FORM}, such as pull:team/**")
    return Grant(frozenset(parse_actions([actions])), tuple(split_words([patterns])))
