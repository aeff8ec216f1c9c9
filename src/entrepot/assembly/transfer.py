"""Puts an export or an import together: a directory or an archive, and the registry's services."""

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from entrepot.assembly.backend import Backend
from entrepot.assembly.lost_database import check_database_is_there
from entrepot.assembly.rules import immutable_tags, manifest_policy, quotas_of
from entrepot.config.settings import Settings
from entrepot.drivers.filesystem.import_source import open_source
from entrepot.oci.name import RepositoryName
from entrepot.oci.repository_glob import RepositoryGlob
from entrepot.ports.access import OpenAccess
from entrepot.services.mount import Mount
from entrepot.services.promises import Promises
from entrepot.services.push import Push
from entrepot.services.redo import Redo
from entrepot.services.transfer import export as exporting
from entrepot.services.transfer import import_images as importing
from entrepot.services.upload import Upload


async def export(
    settings: Settings,
    directory: Path,
    form: str,
    wanted: Sequence[RepositoryGlob],
    progress: exporting.Progress,
    *,
    copy: bool,
) -> exporting.ExportReport:
    """Write what the registry has into a directory, beside a registry that runs.

    Args:
        settings: of the registry.
        directory: where it goes.
        form: `docker-registry` or `oci`.
        wanted: repositories that one of these matches; none means all.
        progress: told of each repository.
        copy: copy blobs, where hard links were possible, too.
    """
    backend = Backend(settings)
    with backend.beside() as drivers:
        # What was acknowledged before a crash, and no start has written since.
        await Redo(drivers.redo, drivers.blobs).replay()
        assert backend.tree is not None
        async with backend.tree.open_export(directory, form, copy=copy) as (source, target):
            return await exporting.export(source, target, wanted, progress)


async def import_images(
    settings: Settings, path: Path, repository: RepositoryName | None, progress: importing.Progress
) -> importing.ImportReport:
    """Take images into the registry, beside one that runs; begin one where there is none.

    Args:
        settings: of the registry.
        path: a directory or an archive.
        repository: where everything goes; None leaves that to the source.
        progress: told of each image.
    """
    backend = Backend(settings)
    backend.require_kept()
    if not backend.has_database:
        check_database_is_there(backend)
        with backend.hold():
            await backend.prepare()
    backend.require_database().check_user()
    with closing(open_source(path)) as source, backend.beside() as drivers:
        # Whoever can open the database may do everything.
        access = OpenAccess()
        metadata, clock = drivers.metadata, drivers.clock
        quotas = quotas_of(settings, drivers)
        work = importing.Import(
            source,
            Upload(
                metadata,
                drivers.sessions,
                drivers.blobs,
                access,
                clock,
                holders=drivers.holders,
                quotas=quotas,
            ),
            Mount(metadata, access, clock, Promises(clock, settings.gc.grace), quotas),
            Push(
                metadata,
                access,
                clock,
                manifest_policy(settings.validation),
                quotas,
                immutable_tags(settings),
            ),
            settings.server.limits.manifest,
            repository,
        )
        return await work.run(progress)
