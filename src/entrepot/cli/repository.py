"""``entrepot repository rm``."""

import asyncio
from typing import Annotated

import typer

from entrepot.cli.arguments import ConfigOption, Defaults, DryRun, Yes, confirm, read_configuration
from entrepot.cli.output import result
from entrepot.config.settings import Settings
from entrepot.errors import InvalidName, UnknownName
from entrepot.oci.name import RepositoryName

Name = Annotated[str, typer.Argument(metavar="NAME", help="The repository, such as team/app.")]

_PAGE = 1000


def rm(
    name: Name,
    dry_run: DryRun = False,
    yes: Yes = False,
    config: ConfigOption = None,
    defaults: Defaults = False,
) -> None:
    """Remove a repository with everything in it, its tags' history included.

    Works whether or not clients may delete (storage.delete.enabled). Nothing of it can be
    restored. A repository with an immutable tag stays.
    """
    try:
        repository = RepositoryName.parse(name)
    except InvalidName as error:
        raise typer.BadParameter(error.message) from None
    settings = read_configuration(config, defaults).settings
    asyncio.run(_rm(settings, repository, dry_run=dry_run, yes=yes))


async def _rm(settings: Settings, name: RepositoryName, *, dry_run: bool, yes: bool) -> None:
    # Here, because it imports the drivers: the other commands start without them.
    from entrepot.assembly.removal import OPERATOR, open_operator
    from entrepot.operations.removal_jobs import drain

    async with open_operator(settings, changes=not dry_run) as operator:
        metadata = operator.drivers.metadata
        if not await metadata.repository_exists(name):
            raise UnknownName(f"there is no repository {name}")
        tags, after = 0, ""
        while page := await metadata.tags(name, after, _PAGE):
            tags += len(page)
            after = page[-1]
        what = f"{name} with {tags:,} {'tag' if tags == 1 else 'tags'}"
        if dry_run:
            result(f"{what} would be removed.")
            return
        confirm(f"Remove {what}, and everything else in it, for ever?", yes=yes)
        await operator.delete.repository(OPERATOR, name)
        await drain(operator.drivers.hidden_repositories)
        result(f"{what} is removed.")
