"""Makes the data directory ready, and holds it: what comes before any driver is opened.

Apart from the drivers, because the supervisor needs no more than this, and starts faster so.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from entrepot.config.settings import Settings
from entrepot.drivers.filesystem.ownership import hold, join
from entrepot.drivers.filesystem.storage import prepare
from entrepot.drivers.sql.engines.sqlite.damage import forget_if_damaged
from entrepot.drivers.sql.engines.sqlite.migrations import migrate
from entrepot.drivers.sql.sessions import SqliteUploadSessions
from entrepot.errors import MetadataOutage

logger = logging.getLogger("entrepot.assembly")


def root_directory(settings: Settings) -> Path:
    """Name the directory that holds everything, when blobs are files."""
    return Path(settings.storage.filesystem.rootdirectory).absolute()


def database_paths(settings: Settings, scratch: Path) -> tuple[Path, Path]:
    """Name the files of the metadata and of the upload sessions.

    Args:
        settings: where the operator wants them.
        scratch: where they lie when nothing is to be kept (the `inmemory` storage).
    """
    metadata = Path(settings.database_path or scratch / "metadata.db")
    return metadata, metadata.with_name("sessions.db")


@contextmanager
def hold_directory(settings: Settings) -> Iterator[None]:
    """Keep other registries off the data directory for as long as this one runs.

    Raises:
        StorageOutage: another one runs on it, or it cannot be used.
    """
    if settings.storage.driver == "inmemory":
        yield
        return
    root = root_directory(settings)
    prepare(root)
    with hold(root):
        yield


def join_directory(settings: Settings) -> None:
    """Let the next registry on the data directory wait for the end of this process, a worker.

    Raises:
        StorageOutage: the directory is gone.
    """
    if settings.storage.driver != "inmemory":
        join(root_directory(settings))


async def prepare_drivers(settings: Settings, scratch: Path) -> None:
    """Make what every worker relies upon: directories and schemas. Called once, before them.

    Raises:
        StorageOutage: the data directory cannot be used.
        NewerDatabase: a newer Entrepot has written the database.
        MetadataOutage: the database cannot be used.
    """
    if settings.storage.driver == "filesystem":
        prepare(root_directory(settings))
    metadata_path, sessions_path = database_paths(settings, scratch)
    migrate(metadata_path, "metadata", durable=True)
    _forget_damaged_sessions(sessions_path)
    migrate(sessions_path, "sessions", durable=False)
    sessions = SqliteUploadSessions(sessions_path)
    try:
        await sessions.release_all()
    finally:
        sessions.close()


def _forget_damaged_sessions(path: Path) -> None:
    try:
        if forget_if_damaged(path):
            logger.warning("%s was damaged: uploads under way must be begun again", path)
    except OSError as error:
        raise MetadataOutage(f"{path} is damaged and cannot be removed: {error}") from error
