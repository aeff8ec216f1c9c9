"""What the commands for accounts share: they work on the database of a running registry."""

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

Description = Annotated[
    str, typer.Option("--description", help="One line of text.", show_default=False)
]


def administer(
    config: Path | None,
    defaults: bool,
    work: "Callable[[Administration], Awaitable[Result]]",
    *,
    changes: bool = False,
) -> Result:
    """Run something on the accounts of the registry.

    Args:
        config: the configuration file, if one was named.
        defaults: read no file.
        work: what to run.
        changes: warn if the change will have no effect.

    Raises:
        entrepot.errors.EntrepotError: it failed; the message says why.
    """
    # Here, because it imports the drivers: the other commands start without them.
    from entrepot.assembly.accounts import open_administration

    settings = read_configuration(config, defaults).settings
    if changes and not settings.access.enabled:
        warn("access.enabled is not set, so accounts and rules have no effect yet")

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
