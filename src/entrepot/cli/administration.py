"""What the commands about accounts share: they work on the database, beside a running registry."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from entrepot.cli.arguments import read_configuration
from entrepot.cli.output import warn

if TYPE_CHECKING:
    from entrepot.assembly.accounts import Administration

Result = TypeVar("Result")

AsJson = Annotated[bool, typer.Option("--json", help="JSON, for programs.")]
Description = Annotated[
    str, typer.Option("--description", help="One line for people.", show_default=False)
]


def administer(
    config: Path | None,
    defaults: bool,
    work: "Callable[[Administration], Awaitable[Result]]",
    *,
    changes: bool = False,
) -> Result:
    """Do something with the accounts of the registry that a configuration describes.

    Args:
        config: the file that was asked for.
        defaults: look for no file.
        work: does it.
        changes: it changes something, which shall have an effect.

    Raises:
        entrepot.errors.EntrepotError: it cannot be done; the message says why.
    """
    # Here, because it imports the drivers: the other commands start without them.
    from entrepot.assembly.accounts import open_administration

    settings = read_configuration(config, defaults).settings
    if changes and not settings.access.enabled:
        warn("access.enabled is not set: the registry asks nobody for accounts or rules yet")

    async def run() -> Result:
        with open_administration(settings) as administration:
            return await work(administration)

    return asyncio.run(run())


async def all_rows(fetch: Callable[[str, int], Awaitable[list[Any]]]) -> list[Any]:
    """Gather every page of a list of things with names."""
    rows: list[Any] = []
    while page := await fetch(rows[-1].name if rows else "", 500):
        rows += page
    return rows
