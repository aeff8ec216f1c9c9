"""``entrepot import``."""

import asyncio
import time
from pathlib import Path
from typing import Annotated

import typer

from entrepot.cli import exit_codes
from entrepot.cli.arguments import (
    AsJson,
    ConfigOption,
    Defaults,
    parse_repository,
    read_configuration,
)
from entrepot.cli.output import result, say
from entrepot.cli.tables import print_json
from entrepot.config.sizes import count_of
from entrepot.services.transfer.import_images import ImportReport

_SECONDS_A_LINE = 2.0
_SHOWN = 20

Source = Annotated[
    Path,
    typer.Argument(
        metavar="SOURCE",
        help="A directory of Docker Registry, an OCI image layout (a directory or a tar), or an"
        " archive from `docker save`.",
    ),
]
Repository = Annotated[
    str | None,
    typer.Option(
        "--repository",
        metavar="NAME",
        help="The repository for everything. Default: the names in the source.",
        show_default=False,
    ),
]


def import_images(
    source: Source,
    config: ConfigOption = None,
    defaults: Defaults = False,
    repository: Repository = None,
    as_json: AsJson = False,
) -> None:
    """Import images from elsewhere, by the same rules as pushes.

    The registry may be running.

    Every digest is verified. Blobs that are already here are not read again. Exits with 1 if
    something could not be imported.
    """
    name = None if repository is None else parse_repository(repository)
    settings = read_configuration(config, defaults).settings
    # Here, because it imports the drivers: the other commands start without them.
    from entrepot.assembly.transfer import import_images as take

    told = time.monotonic()

    def progress(image: str, report: ImportReport) -> None:
        nonlocal told
        if time.monotonic() - told >= _SECONDS_A_LINE:
            told = time.monotonic()
            say(f"{count_of(report.manifests, 'manifest')} so far, last {image}")

    report = asyncio.run(take(settings, source, name, progress))
    if as_json:
        print_json(
            {
                "repositories": sorted(report.repositories),
                "tags": report.tags,
                "manifests": report.manifests,
                "blobs": report.blobs,
                "bytes": report.size,
                "failures": [{"name": image, "reason": why} for image, why in report.failures],
                "oddities": [{"name": image, "reason": why} for image, why in report.oddities],
            }
        )
    else:
        _print(source, report)
    raise typer.Exit(exit_codes.FAILURE if report.failures else exit_codes.OK)


def _print(source: Path, report: ImportReport) -> None:
    result(
        f"{source}: {count_of(report.tags, 'tag')} and {count_of(report.manifests, 'manifest')} in"
        f" {count_of(len(report.repositories), 'repository', 'repositories')};"
        f" {count_of(report.blobs, 'new blob')} ({count_of(report.size, 'byte')})"
    )
    _print_some("left out", report.failures)
    _print_some("imported as it is", report.oddities)


def _print_some(title: str, found: list[tuple[str, str]]) -> None:
    for image, why in found[:_SHOWN]:
        result(f"  {title}: {image}: {why}")
    if len(found) > _SHOWN:
        result(f"  … and {len(found) - _SHOWN:,} more; --json lists all")
