"""``entrepot import``."""

import asyncio
import time
from pathlib import Path
from typing import Annotated

import typer

from entrepot.cli import exit_codes
from entrepot.cli.arguments import ConfigOption, Defaults, read_configuration
from entrepot.cli.output import result, say
from entrepot.cli.tables import print_json
from entrepot.errors import InvalidName
from entrepot.oci.name import RepositoryName
from entrepot.services.transfer.import_images import ImportReport

_SECONDS_A_LINE = 2.0
_SHOWN = 20

Source = Annotated[
    Path,
    typer.Argument(
        metavar="SOURCE",
        help="A root directory of Docker Registry, an OCI image layout (a directory or a tar), or"
        " an archive of `docker save`.",
    ),
]
Repository = Annotated[
    str | None,
    typer.Option(
        "--repository",
        metavar="NAME",
        help="Where everything goes; without it, where the source says.",
        show_default=False,
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="JSON, for programs.")]


def import_images(
    source: Source,
    config: ConfigOption = None,
    defaults: Defaults = False,
    repository: Repository = None,
    as_json: AsJson = False,
) -> None:
    """Take images from elsewhere, by the same rules as pushes, beside a running registry.

    Every digest is verified. What is here already is not read again. Ends with 1 where something
    could not be taken.
    """
    try:
        name = None if repository is None else RepositoryName.parse(repository)
    except InvalidName as error:
        raise typer.BadParameter(error.message) from None
    settings = read_configuration(config, defaults).settings
    # Here, because it imports the drivers: the other commands start without them.
    from entrepot.assembly.transfer import import_images as take

    told = time.monotonic()

    def progress(image: str, report: ImportReport) -> None:
        nonlocal told
        if time.monotonic() - told >= _SECONDS_A_LINE:
            told = time.monotonic()
            say(f"{report.manifests:,} manifests so far, {image} was the last")

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
        f"{source}: {report.tags:,} tags and {report.manifests:,} manifests in"
        f" {len(report.repositories):,} repositories; {report.blobs:,} blobs"
        f" ({report.size:,} bytes) were not here before"
    )
    _print_some("left out", report.failures)
    _print_some("taken as it is", report.oddities)


def _print_some(title: str, found: list[tuple[str, str]]) -> None:
    for image, why in found[:_SHOWN]:
        result(f"  {title}: {image}: {why}")
    if len(found) > _SHOWN:
        result(f"  and {len(found) - _SHOWN:,} more; --json lists all")
