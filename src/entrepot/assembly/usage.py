"""Puts usage together: the databases that the settings name, read beside a running registry.

Apart from the jobs that need the drivers, because `entrepot usage` starts faster so.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from entrepot.assembly.data_directory import database_paths
from entrepot.config.settings import Settings
from entrepot.drivers.sql.engines.sqlite.schema import require_schema
from entrepot.drivers.sql.questions import SqliteQuestions
from entrepot.drivers.sql.sessions import SqliteUploadSessions
from entrepot.drivers.sql.usage import SqliteUsage
from entrepot.errors import ConfigurationError
from entrepot.ports.uploads import UploadSessions
from entrepot.ports.usage import UsageReader


@contextmanager
def open_usage(settings: Settings) -> Iterator[tuple[UsageReader, UploadSessions]]:
    """Open the counters and the upload sessions.

    Raises:
        ConfigurationError: nothing is kept, so there is nothing to count.
        MetadataOutage: a database cannot be opened, or is not of this version.
    """
    if settings.storage.driver == "inmemory" or settings.database_path is None:
        raise ConfigurationError("storage.inmemory keeps nothing, so there is nothing to count")
    metadata_path, sessions_path = database_paths(settings, Path())
    require_schema(metadata_path, "metadata")
    require_schema(sessions_path, "sessions")
    database = SqliteQuestions(metadata_path)
    sessions = SqliteUploadSessions(sessions_path)
    try:
        yield SqliteUsage(database), sessions
    finally:
        sessions.close()
        database.close()
