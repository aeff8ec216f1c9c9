"""Puts a check together: the database and the storage that the settings name."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from entrepot.assembly.data_directory import database_paths, root_directory
from entrepot.assembly.drivers import open_drivers
from entrepot.config.settings import Settings
from entrepot.drivers.filesystem.ownership import work_beside
from entrepot.drivers.sql.engines.sqlite.schema import require_schema
from entrepot.drivers.sql.inspector import SqliteInspector
from entrepot.drivers.sql.mender import SqliteMender
from entrepot.drivers.sql.metadata import SqliteMetadata
from entrepot.drivers.sql.recount import SqliteUsageRecount
from entrepot.errors import ConfigurationError
from entrepot.services.check import Stores


@contextmanager
def open_stores(settings: Settings) -> Iterator[Stores]:
    """Open everything that a check looks at, beside a registry that runs.

    Raises:
        ConfigurationError: nothing is kept, so there is nothing to check.
        MetadataOutage: the database cannot be opened, or is not of this version.
        StorageOutage: the data directory cannot be used.
    """
    if settings.storage.driver == "inmemory" or settings.database_path is None:
        raise ConfigurationError("storage.inmemory keeps nothing, so there is nothing to look at")
    with work_beside(root_directory(settings)), stores_of(settings) as stores:
        yield stores


@contextmanager
def stores_of(settings: Settings) -> Iterator[Stores]:
    """Open the same where the caller sees to it that the database stays where it is.

    Raises:
        MetadataOutage: the database cannot be opened, or is not of this version.
        StorageOutage: the data directory cannot be used.
    """
    nowhere = Path()
    metadata_path, sessions_path = database_paths(settings, nowhere)
    require_schema(metadata_path, "metadata")
    require_schema(sessions_path, "sessions")
    with (
        closing(open_drivers(settings, nowhere)) as drivers,
        closing(SqliteMetadata(metadata_path)) as database,
        closing(SqliteInspector(metadata_path)) as inspector,
        closing(SqliteUsageRecount(metadata_path)) as recount,
    ):
        yield Stores(
            rows=inspector,
            mender=SqliteMender(database),
            blobs=drivers.inspector,
            keeper=drivers.blobs,
            sessions=drivers.sessions,
            recount=recount,
            quarantine=drivers.quarantine,
            clock=drivers.clock,
        )
