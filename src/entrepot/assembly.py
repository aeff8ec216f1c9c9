"""Puts the registry together: settings, drivers, services, application. The only such place."""

import asyncio
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from entrepot.api.application import Application, Endpoints, Observed
from entrepot.api.base import BaseEndpoint
from entrepot.api.blobs import BlobsEndpoint
from entrepot.api.body import SmallBodies
from entrepot.api.lists import CatalogueEndpoint, TagsEndpoint
from entrepot.api.location import Locations
from entrepot.api.manifests import ManifestsEndpoint
from entrepot.api.origin import Origins
from entrepot.api.referrers import ReferrersEndpoint
from entrepot.api.uploads import UploadsEndpoint
from entrepot.config.settings import Settings
from entrepot.config.validation import ValidationSettings
from entrepot.drivers.filesystem.ownership import hold
from entrepot.drivers.filesystem.storage import FilesystemStorage, prepare
from entrepot.drivers.memory.storage import MemoryStorage
from entrepot.drivers.sqlite.metadata import SqliteMetadata
from entrepot.drivers.sqlite.migrations import migrate
from entrepot.drivers.sqlite.sessions import SqliteUploadSessions
from entrepot.drivers.sqlite.writer import ignore_group
from entrepot.operations.housekeeping import Job
from entrepot.operations.metered_metadata import MeteredMetadata
from entrepot.operations.metered_storage import MeteredStorage
from entrepot.operations.upload_jobs import counting_job, purging_jobs
from entrepot.operations.worker_metrics import WorkerMetrics
from entrepot.ports.access import Access, OpenAccess
from entrepot.ports.blobs import BlobStorage
from entrepot.ports.clock import Clock, SystemClock
from entrepot.ports.metadata import Metadata
from entrepot.ports.uploads import UploadSessions
from entrepot.services.delete import Delete
from entrepot.services.listing import Listing
from entrepot.services.mount import Mount
from entrepot.services.pull import Pull
from entrepot.services.purge import Purge
from entrepot.services.push import Push
from entrepot.services.references import ManifestPolicy
from entrepot.services.upload import Upload


@dataclass(frozen=True, slots=True)
class Drivers:
    """What the services work on, opened."""

    metadata: Metadata
    sessions: UploadSessions
    blobs: BlobStorage
    access: Access
    clock: Clock
    close: Callable[[], None]


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
    migrate(sessions_path, "sessions", durable=False)
    sessions = SqliteUploadSessions(sessions_path)
    try:
        await sessions.release_all()
    finally:
        sessions.close()


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
    sqlite = SqliteMetadata(metadata_path, metrics.transaction if metrics else ignore_group)
    sessions = SqliteUploadSessions(sessions_path)
    storage = _open_storage(settings)

    def close() -> None:
        sqlite.close()
        sessions.close()
        storage.close()

    metadata: Metadata = sqlite
    blobs: BlobStorage = storage
    if metrics is not None:
        metadata, blobs = MeteredMetadata(sqlite, metrics), MeteredStorage(storage, metrics)
    return Drivers(metadata, sessions, blobs, OpenAccess(), SystemClock(), close)


def _open_storage(settings: Settings) -> FilesystemStorage | MemoryStorage:
    if settings.storage.driver == "inmemory":
        return MemoryStorage()
    return FilesystemStorage(root_directory(settings), settings.storage.filesystem.maxthreads)


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


def check_storage(settings: Settings, scratch: Path) -> list[tuple[str, Callable[[], None]]]:
    """Give the health checks of the storage and the database; each raises what is wrong.

    They are called from threads of the supervisor, and open what they need for themselves.
    """
    if settings.storage.driver == "inmemory":
        return []

    async def look() -> None:
        drivers = open_drivers(settings, scratch)
        try:
            await drivers.blobs.check()
            await drivers.metadata.check()
        finally:
            drivers.close()

    return [("", lambda: asyncio.run(look()))]


def housekeeping_jobs(
    settings: Settings, drivers: Drivers, metrics: WorkerMetrics | None
) -> list[Job]:
    """Give what one worker at a time does in the background."""
    jobs: list[Job] = []
    if not settings.storage.maintenance.readonly.enabled:
        purge = Purge(drivers.sessions, drivers.blobs, drivers.clock)
        jobs += purging_jobs(purge, settings.storage.maintenance.uploadpurging)
    if metrics is not None:
        jobs.append(counting_job(drivers.sessions, metrics))
    return jobs


def build_application(
    settings: Settings,
    drivers: Drivers,
    observer: Observed,
    *,
    workers: int = 1,
    is_failing: Callable[[], bool] = lambda: False,
) -> Application:
    """Build the ASGI application of one worker.

    Args:
        settings: of the whole registry.
        drivers: opened in this process.
        observer: is told of each request.
        workers: how many share the node's limits.
        is_failing: tells whether a health check fails.
    """
    http = settings.http
    return Application(
        _endpoints(settings, drivers, workers),
        Origins(http.trustedproxies),
        observer,
        prefix=http.prefix,
        extra_headers=http.headers,
        read_only=settings.storage.maintenance.readonly.enabled,
        is_failing=is_failing,
    )


def _endpoints(settings: Settings, drivers: Drivers, workers: int) -> Endpoints:
    metadata, access, clock = drivers.metadata, drivers.access, drivers.clock
    http, timeouts, limits = settings.http, settings.server.timeouts, settings.server.limits
    pull = Pull(metadata, drivers.blobs, access)
    delete = Delete(metadata, access, clock, enabled=settings.storage.delete.enabled)
    listing = Listing(metadata, access)
    locations = Locations(http.prefix, http.host, relative=http.relativeurls)
    manifests = ManifestsEndpoint(
        pull,
        Push(metadata, access, clock, manifest_policy(settings.validation)),
        delete,
        SmallBodies(limits.manifest, timeouts.body),
        locations,
    )
    blobs = BlobsEndpoint(pull, delete)
    uploads = UploadsEndpoint(
        Upload(metadata, drivers.sessions, drivers.blobs, access, clock, timeouts.lease),
        Mount(metadata, access, clock),
        locations,
        timeouts.body,
        max(1, limits.uploads // workers),
    )
    return {
        "base": {"GET": BaseEndpoint().get},
        "catalog": {
            "GET": CatalogueEndpoint(listing, http.prefix, settings.catalog.maxentries).get
        },
        "tags": {"GET": TagsEndpoint(listing, http.prefix, settings.tags.maxtags).get},
        "referrers": {"GET": ReferrersEndpoint(listing, http.prefix).get},
        "manifest": {"GET": manifests.get, "PUT": manifests.put, "DELETE": manifests.delete},
        "blob": {"GET": blobs.get, "DELETE": blobs.delete},
        "blob_upload": {"POST": uploads.post},
        "blob_upload_chunk": {
            "GET": uploads.get,
            "PATCH": uploads.patch,
            "PUT": uploads.put,
            "DELETE": uploads.delete,
        },
    }


def manifest_policy(validation: ValidationSettings) -> ManifestPolicy:
    """Give the rules of the section `validation` as the services want them."""
    if validation.disabled:
        return ManifestPolicy(urls_allowed=None)
    urls, indexes = validation.manifests.urls, validation.manifests.indexes
    allowed = tuple(re.compile(pattern) for pattern in urls.allow)
    platforms: frozenset[tuple[str, str]] | None = None
    if indexes.platforms == "none":
        platforms = frozenset()
    elif indexes.platforms == "list":
        platforms = frozenset((item.os, item.architecture) for item in indexes.platformlist)
    return ManifestPolicy(
        # Docker Registry: with neither list, no URL; with denied ones only, any other.
        urls_allowed=allowed if allowed or not urls.deny else None,
        urls_denied=tuple(re.compile(pattern) for pattern in urls.deny),
        required_platforms=platforms,
    )
