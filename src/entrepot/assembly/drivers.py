"""Opens the drivers that the settings name."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from entrepot.assembly.data_directory import database_paths, root_directory
from entrepot.config.settings import Settings
from entrepot.drivers.filesystem.inspector import FilesystemInspector
from entrepot.drivers.filesystem.storage import FilesystemStorage
from entrepot.drivers.memory.inspector import MemoryInspector
from entrepot.drivers.memory.shelf import Shelf
from entrepot.drivers.memory.storage import MemoryStorage
from entrepot.drivers.sql.accounts import SqliteAccounts
from entrepot.drivers.sql.collection import SqliteCollectionQueue
from entrepot.drivers.sql.dated_tags import SqliteDatedTags
from entrepot.drivers.sql.engines.sqlite.writer import ignore_group
from entrepot.drivers.sql.guesses import SqliteGuessLedger
from entrepot.drivers.sql.jobs import SqliteJobLedger
from entrepot.drivers.sql.metadata import SqliteMetadata
from entrepot.drivers.sql.pulls import SqlitePullTimes
from entrepot.drivers.sql.quarantine import SqliteQuarantine
from entrepot.drivers.sql.removal import SqliteHiddenRepositories, SqliteTagHistory
from entrepot.drivers.sql.reservations import SqliteReservations
from entrepot.drivers.sql.sessions import SqliteUploadSessions
from entrepot.drivers.sql.sweep import SqliteCollectionSweep
from entrepot.drivers.sql.tokens import SqliteTokenStore
from entrepot.operations.metered_metadata import MeteredMetadata
from entrepot.operations.metered_storage import MeteredStorage
from entrepot.operations.worker_metrics import WorkerMetrics
from entrepot.ports.access import Access, OpenAccess
from entrepot.ports.accounts import Accounts
from entrepot.ports.blobs import BlobStorage
from entrepot.ports.clock import Clock, SystemClock
from entrepot.ports.collection import CollectionQueue, CollectionSweep
from entrepot.ports.dated_tags import DatedTags
from entrepot.ports.guesses import GuessLedger
from entrepot.ports.inspection import BlobInspector
from entrepot.ports.jobs import JobLedger
from entrepot.ports.metadata import Metadata
from entrepot.ports.pulls import PullTimes
from entrepot.ports.quarantine import Quarantine
from entrepot.ports.removal import HiddenRepositories, TagHistory
from entrepot.ports.reservations import Reservations
from entrepot.ports.tokens import TokenStore
from entrepot.ports.uploads import UploadSessions


@dataclass(frozen=True, slots=True)
class Drivers:
    """What the services work on, opened."""

    metadata: Metadata
    sessions: UploadSessions
    blobs: BlobStorage
    access: Access
    clock: Clock
    jobs: JobLedger
    tag_history: TagHistory
    dated_tags: DatedTags
    hidden_repositories: HiddenRepositories
    pulls: PullTimes
    accounts: Accounts
    tokens: TokenStore
    guesses: GuessLedger
    quarantine: Quarantine
    inspector: BlobInspector
    collection: CollectionQueue
    collection_sweep: CollectionSweep
    reservations: Reservations
    close: Callable[[], None]


def open_drivers(
    settings: Settings, scratch: Path, metrics: WorkerMetrics | None = None
) -> Drivers:
    """Open the drivers in one process; `prepare_drivers` has run before.

    Args:
        settings: of the whole registry.
        scratch: where the databases lie when nothing is to be kept.
        metrics: times what the drivers do; None for nobody.

    Raises:
        MetadataOutage: the database cannot be opened.
    """
    metadata_path, sessions_path = database_paths(settings, scratch)
    sqlite = SqliteMetadata(
        metadata_path,
        metrics.transaction if metrics else ignore_group,
        history_kept=settings.tags.history.keep,
    )
    sessions = SqliteUploadSessions(sessions_path)
    storage, inspector = _open_storage(settings)
    pages = SqliteCollectionSweep(metadata_path, sqlite)

    def close() -> None:
        pages.close()
        sqlite.close()
        sessions.close()
        storage.close()

    metadata: Metadata = sqlite
    blobs: BlobStorage = storage
    if metrics is not None:
        metadata, blobs = MeteredMetadata(sqlite, metrics), MeteredStorage(storage, metrics)
    jobs = SqliteJobLedger(sqlite)
    quarantine = SqliteQuarantine(sqlite)
    return Drivers(
        metadata=metadata,
        sessions=sessions,
        blobs=blobs,
        access=OpenAccess(),
        clock=SystemClock(),
        jobs=jobs,
        tag_history=SqliteTagHistory(sqlite),
        dated_tags=SqliteDatedTags(sqlite),
        hidden_repositories=SqliteHiddenRepositories(sqlite),
        pulls=SqlitePullTimes(sqlite),
        accounts=SqliteAccounts(sqlite),
        tokens=SqliteTokenStore(sqlite),
        guesses=SqliteGuessLedger(sessions),
        quarantine=quarantine,
        inspector=inspector,
        collection=SqliteCollectionQueue(sqlite),
        collection_sweep=pages,
        reservations=SqliteReservations(sessions),
        close=close,
    )


def _open_storage(
    settings: Settings,
) -> tuple[FilesystemStorage | MemoryStorage, BlobInspector]:
    if settings.storage.driver == "inmemory":
        shelf = Shelf()
        return MemoryStorage(shelf), MemoryInspector(shelf)
    root = root_directory(settings)
    storage = FilesystemStorage(root, settings.storage.filesystem.maxthreads)
    return storage, FilesystemInspector(root)
