"""``entrepot export``."""

import asyncio
import time
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from entrepot.cli import exit_codes
from entrepot.cli.arguments import AsJson, ConfigOption, Defaults, read_configuration, split_words
from entrepot.cli.output import result, say
from entrepot.cli.tables import print_json
from entrepot.config.sizes import count_of
from entrepot.oci.name import RepositoryName
from entrepot.oci.repository_glob import RepositoryGlob

_SECONDS_A_LINE = 2.0
_SHOWN = 20


class Form(StrEnum):
    """What the directory is for."""

    DOCKER_REGISTRY = "docker-registry"
    OCI = "oci"


Directory = Annotated[
    Path, typer.Argument(metavar="DIR", help="A new directory, or that of an unfinished export.")
]
Repositories = Annotated[
    list[str] | None,
    typer.Option(
        "--repositories",
        metavar="GLOB",
        help="Only repositories that match, such as `team/**`; as a,b or repeated.",
        show_default=False,
    ),
]
FormOption = Annotated[
    Form,
    typer.Option("--format", help="A directory for Docker Registry, or an OCI image layout."),
]
Copy = Annotated[
    bool, typer.Option("--copy", help="Copy blobs even where hard links are possible.")
]


def export(
    directory: Directory,
    config: ConfigOption = None,
    defaults: Defaults = False,
    repositories: Repositories = None,
    form: FormOption = Form.DOCKER_REGISTRY,
    copy: Copy = False,
    as_json: AsJson = False,
) -> None:
    """Write images for Docker Registry or OCI tools.

    The export is a consistent snapshot; the registry may be running. Exits with 1 if nothing
    matches, or if blobs are damaged.
    """
    globs = [_glob(text) for text in split_words(repositories or [])]
    settings = read_configuration(config, defaults).settings
    # Here, because it imports the drivers: the other commands start without them.
    from entrepot.assembly.transfer import export as write

    told = time.monotonic()

    def progress(name: RepositoryName, done: int) -> None:
        nonlocal told
        if time.monotonic() - told >= _SECONDS_A_LINE:
            told = time.monotonic()
            say(f"{count_of(done, 'repository', 'repositories')} so far, last {name}")

    report = asyncio.run(
        write(settings, directory.absolute(), str(form), globs, progress, copy=copy)
    )
    if as_json:
        print_json(asdict(report))
    else:
        result(
            f"{directory}: {count_of(report.repositories, 'repository', 'repositories')},"
            f" {count_of(report.tags, 'tag')}, {count_of(report.manifests, 'manifest')},"
            f" {count_of(report.blobs, 'blob')} ({count_of(report.size, 'byte')})"
        )
        for name, digest in report.damaged[:_SHOWN]:
            result(f"  left out because it is damaged: {digest} of {name}")
        if len(report.damaged) > _SHOWN:
            result(f"  … and {len(report.damaged) - _SHOWN:,} more; --json lists all")
    raise typer.Exit(exit_codes.FAILURE if report.damaged else exit_codes.OK)


def _glob(text: str) -> RepositoryGlob:
    try:
        return RepositoryGlob.parse(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
