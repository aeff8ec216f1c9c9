"""Puts an import together: a source, and the services that take pushes."""

import os
from contextlib import closing
from pathlib import Path

from entrepot.assembly.application import manifest_policy
from entrepot.assembly.backup import database_file
from entrepot.assembly.data_directory import database_paths, root_directory
from entrepot.assembly.drivers import open_drivers
from entrepot.assembly.quotas import build_quotas
from entrepot.assembly.removal import immutable_tags
from entrepot.config.settings import Settings
from entrepot.drivers.filesystem.import_source import open_source
from entrepot.drivers.filesystem.ownership import work_beside
from entrepot.drivers.sql.engines.sqlite.schema import require_schema
from entrepot.errors import ConfigurationError
from entrepot.oci.name import RepositoryName
from entrepot.ports.access import OpenAccess
from entrepot.services.mount import Mount
from entrepot.services.promises import Promises
from entrepot.services.push import Push
from entrepot.services.transfer.import_images import Import, ImportReport, Progress
from entrepot.services.upload import Upload


async def import_images(
    settings: Settings, path: Path, repository: RepositoryName | None, progress: Progress
) -> ImportReport:
    """Take images into the registry, beside one that runs.

    Args:
        settings: of the registry.
        path: a directory or an archive.
        repository: where everything goes; None leaves that to the source.
        progress: told of each image.
    """
    nowhere = Path()
    database_file(settings)
    metadata_path, sessions_path = database_paths(settings, nowhere)
    require_schema(metadata_path, "metadata")
    require_schema(sessions_path, "sessions")
    _check_user(root_directory(settings))
    source = open_source(path)
    beside = work_beside(root_directory(settings))
    with closing(source), beside, closing(open_drivers(settings, nowhere)) as drivers:
        # Whoever can open the database may do everything.
        access = OpenAccess()
        metadata, clock = drivers.metadata, drivers.clock
        quotas = build_quotas(settings, drivers)
        work = Import(
            source,
            Upload(metadata, drivers.sessions, drivers.blobs, access, clock, quotas=quotas),
            Mount(metadata, access, clock, Promises(clock, settings.gc.grace), quotas),
            Push(
                metadata,
                access,
                clock,
                manifest_policy(settings.validation),
                quotas,
                immutable_tags(settings),
            ),
            repository,
        )
        return await work.run(progress)


def _check_user(root: Path) -> None:
    """Refuse to make files that the registry could not work with afterwards.

    Raises:
        ConfigurationError: root would write into another user's directory.
    """
    owner = root.stat().st_uid
    if os.geteuid() == 0 and owner != 0:
        raise ConfigurationError(
            f"{root} belongs to user {owner}, who could not write into folders that root makes:"
            f" run this as that user, as in `setpriv --reuid {owner} --clear-groups entrepot import"
            " …`"
        )
