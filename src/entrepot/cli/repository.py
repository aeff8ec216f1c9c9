"""``entrepot repository rm``."""

import asyncio
from typing import Annotated

import typer

from entrepot.cli.arguments import (
    AsJson,
    ConfigOption,
    Defaults,
    DryRun,
    Yes,
    confirm,
    parse_repository,
    read_configuration,
)
from entrepot.cli.output import result
from entrepot.cli.tables import print_json
from entrepot.config.settings import Settings
from entrepot.config.sizes import count_of
from entrepot.errors import UnknownName
from entrepot.oci.name import RepositoryName
from entrepot.ports.access import OPERATOR

Name = Annotated[str, typer.Argument(metavar="NAME", help="The repository, such as team/app.")]

_PAGE = 1000


def rm(
    name: Name,
    dry_run: DryRun = False,
    yes: Yes = False,
    as_json: AsJson = False,
    config: ConfigOption = None,
    defaults: Defaults = False,
) -> None:
    """Remove a repository with everything in it.

    The history of its tags goes, too.

    This works even if clients may not delete (storage.delete.enabled), and cannot be undone. A
    repository with an immutable tag is not removed.
    """
    repository = parse_repository(name)
    settings = read_configuration(config, defaults).settings
    asyncio.run(_rm(settings, repository, dry_run=dry_run, yes=yes, as_json=as_json))


async def _rm(
    settings: Settings, name: RepositoryName, *, dry_run: bool, yes: bool, as_json: bool
) -> None:
    # Here, because it imports the drivers: the other commands start without them.
    from entrepot.assembly.removal import open_operator
    from entrepot.operations.removal_jobs import drain

    async with open_operator(settings, changes=not dry_run) as operator:
        metadata = operator.drivers.metadata
        if not await metadata.repository_exists(name):
            raise UnknownName(f"there is no repository {name}")
        tags, after = 0, ""
        while page := await metadata.tags(name, after, _PAGE):
            tags += len(page)
            after = page[-1]
        what = f"{name} with {count_of(tags, 'tag')}"
        if not dry_run:
            confirm(f"Remove {what}, and everything else in it? This cannot be undone.", yes=yes)
            await operator.delete.repository(OPERATOR, name)
            await drain(operator.drivers.hidden_repositories)
    if as_json:
        print_json({"repository": name, "tags": tags, "removed": not dry_run})
    else:
        result(f"Would remove {what}." if dry_run else f"Removed {what}.")
