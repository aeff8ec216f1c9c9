"""``entrepot backup``: take a snapshot of the database, or list those that are there."""

import asyncio
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from entrepot.cli.arguments import ConfigOption, Defaults, read_configuration
from entrepot.cli.output import result
from entrepot.cli.tables import moment, print_json, print_rows
from entrepot.config.settings import Settings
from entrepot.ports.backup import SnapshotContent


class Action(StrEnum):
    """What to do; nothing named takes a snapshot."""

    LIST = "list"


Asked = Annotated[
    Action | None,
    typer.Argument(metavar="[list]", help="List the snapshots instead.", show_default=False),
]
To = Annotated[
    Path | None,
    typer.Option(
        "--to",
        metavar="FILE",
        help="Write the snapshot into this file, which must not be there.",
        show_default=False,
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="JSON, for programs.")]


def backup(
    action: Asked = None,
    config: ConfigOption = None,
    defaults: Defaults = False,
    to: To = None,
    as_json: AsJson = False,
) -> None:
    """Take a snapshot of the database, beside a running registry; or list the snapshots.

    It holds everything but the blobs' bytes: hashes of passwords and tokens, too.
    """
    settings = read_configuration(config, defaults).settings
    if action is Action.LIST:
        _list(settings, as_json=as_json)
        return
    # Here, because it imports the drivers: the other commands start without them.
    from entrepot.assembly.backup import take, take_to

    if to is not None:
        name, content = str(to), take_to(settings, to)
    else:
        snapshot, content = asyncio.run(take(settings))
        name = snapshot.name
    if as_json:
        print_json({"name": name, **_numbers(content)})
    else:
        result(f"{name}: {in_words(content)}")


def in_words(content: SnapshotContent) -> str:
    """Say what a snapshot holds."""
    return ", ".join(f"{number:,} {name}" for name, number in _numbers(content).items())


def _numbers(content: SnapshotContent) -> dict[str, int]:
    return {name: getattr(content, name) for name in ("repositories", "tags", "manifests", "blobs")}


def _list(settings: Settings, *, as_json: bool) -> None:
    from entrepot.assembly.backup import snapshots_of

    rows = [
        {"name": one.name, "taken_at": moment(one.taken_at), "bytes": one.size}
        for one in snapshots_of(settings).store.listed()
    ]
    print_rows(rows, ("name", "taken_at", "bytes"), as_json)
