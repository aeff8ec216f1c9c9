"""``entrepot backup``: take a snapshot of the database, or list those that are there."""

import asyncio
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from entrepot.cli.arguments import AsJson, ConfigOption, Defaults, read_configuration
from entrepot.cli.output import result
from entrepot.cli.tables import moment, print_json, print_rows
from entrepot.config.settings import Settings
from entrepot.config.sizes import count_of
from entrepot.ports.backup import SnapshotContent


class Action(StrEnum):
    """What to do instead of taking a snapshot."""

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
        help="Write the snapshot to this file, which must not exist.",
        show_default=False,
    ),
]


def backup(
    action: Asked = None,
    config: ConfigOption = None,
    defaults: Defaults = False,
    to: To = None,
    as_json: AsJson = False,
) -> None:
    """Take a snapshot of the database, or list the snapshots.

    The registry may be running.

    A snapshot has everything but the blobs, hashes of passwords and tokens included.
    """
    if action is Action.LIST:
        # They are needed most when the database is lost.
        _list(read_configuration(config, defaults).settings, as_json=as_json)
        return
    settings = read_configuration(config, defaults).settings
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
    """Describe the content of a snapshot."""
    numbers = _numbers(content)
    return ", ".join(
        [
            count_of(numbers["repositories"], "repository", "repositories"),
            *(count_of(numbers[f"{noun}s"], noun) for noun in ("tag", "manifest", "blob")),
        ]
    )


def _numbers(content: SnapshotContent) -> dict[str, int]:
    return {name: getattr(content, name) for name in ("repositories", "tags", "manifests", "blobs")}


def _list(settings: Settings, *, as_json: bool) -> None:
    from entrepot.assembly.backup import snapshots_of

    rows = [
        {"name": one.name, "taken_at": moment(one.taken_at), "bytes": one.size}
        for one in snapshots_of(settings).store.listed()
    ]
    print_rows(rows, ("name", "taken_at", "bytes"), as_json)
