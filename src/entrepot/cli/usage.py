"""``entrepot usage``."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import asdict
from typing import Annotated, Any

import typer
from pydantic_core import to_json

from entrepot.cli.arguments import ConfigFile, ConfigOption, Defaults, read_configuration
from entrepot.cli.output import result
from entrepot.config.settings import Settings
from entrepot.config.sizes import count_of, describe_size
from entrepot.ports.usage import UsageRow
from entrepot.services.usage.listing import (
    Order,
    Scope,
    Total,
    arrange,
    count_total,
    list_usage,
)

By = Annotated[Scope, typer.Option("--by", help="What each line is about.")]
Sort = Annotated[
    Order | None,
    typer.Option("--sort", help="The order. Default: name, or bytes with --top."),
]
Top = Annotated[int | None, typer.Option("--top", metavar="N", min=1, help="Only the first N.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, with sizes in bytes.")]

_SIZES = ("bytes", "logical", "shared", "exclusive", "reclaimable")


def usage(
    file: ConfigFile = None,
    config: ConfigOption = None,
    defaults: Defaults = False,
    by: By = Scope.REPOSITORY,
    sort: Sort = None,
    top: Top = None,
    as_json: AsJson = False,
) -> None:
    """Show how much storage is used, and by what.

    The registry may be running.

    BYTES: blobs, counted once each, and manifests; this is what quotas limit. LOGICAL: the sizes
    of all images added up. SHARED: the part of BYTES that others use too. EXCLUSIVE: the part that
    nothing else uses. RECLAIMABLE: what garbage collection will free.
    """
    settings = read_configuration(config, defaults, file).settings
    order = sort or (Order.NAME if top is None else Order.BYTES)
    asyncio.run(_usage(settings, by, order, top, as_json=as_json))


async def _usage(
    settings: Settings, scope: Scope, order: Order, top: int | None, *, as_json: bool
) -> None:
    # Here, because it imports the drivers: the other commands start without them.
    from entrepot.assembly.backend import Backend

    with Backend(settings).beside() as drivers:
        reader, sessions = drivers.usage, drivers.sessions
        total = await count_total(reader, sessions)
        pages = list_usage(reader, scope)
        if order is not Order.NAME or top is not None:
            pages = _one_page(await arrange(pages, order, top))
        await (_print_json if as_json else _print)(pages, total, scope)


async def _print(pages: AsyncIterator[list[UsageRow]], total: Total, scope: Scope) -> None:
    titles = "".join(f"{title.upper():>12}" for title in _SIZES)
    result(f"{titles}{'TAGS':>8}  {scope.upper()}")
    async for page in pages:
        result("\n".join(map(_line, page)))
    for sentence in _sentences(total):
        result(sentence)


def _line(row: UsageRow) -> str:
    size, exclusive = row.bytes, row.exclusive
    columns = (size, row.logical, size - exclusive, exclusive, row.reclaimable)
    sizes = "".join([describe_size(column).rjust(12) for column in columns])
    return f"{sizes}{row.tags:>8}  {row.name}"


def _sentences(total: Total) -> list[str]:
    told = [
        f"Total: {describe_size(total.bytes)} in"
        f" {count_of(total.repositories, 'repository', 'repositories')},"
        f" {count_of(total.tags, 'tag')},"
        f" {count_of(total.manifests, 'manifest')} and"
        f" {count_of(total.blobs, 'blob')}."
    ]
    if total.reclaimable:
        uploads = f", {describe_size(total.uploads)} of it by uploads" if total.uploads else ""
        told.append(f"Reclaimable: {describe_size(total.reclaimable)}{uploads}.")
    return told


async def _print_json(pages: AsyncIterator[list[UsageRow]], total: Total, scope: Scope) -> None:
    """Print one document, a line for each entry, without holding all of it."""
    result(f'{{"registry": {json.dumps(asdict(total))},\n"by": "{scope}", "usage": [')
    last = ""
    async for page in pages:
        lines = [to_json(_entry(row)).decode() for row in page]
        if last:
            lines.insert(0, last)
        last = lines.pop()
        if lines:
            result(",\n".join(lines) + ",")
    result(f"{last}]}}")


def _entry(row: UsageRow) -> dict[str, Any]:
    return {
        "name": row.name,
        "repositories": row.repositories,
        "tags": row.tags,
        "manifests": row.manifests,
        "blobs": row.blobs,
        "bytes": row.bytes,
        "logical": row.logical,
        "shared": row.shared,
        "exclusive": row.exclusive,
        "reclaimable": row.reclaimable,
    }


async def _one_page(rows: list[UsageRow]) -> AsyncIterator[list[UsageRow]]:
    if rows:
        yield rows
