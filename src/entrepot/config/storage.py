"""The sections ``storage`` and ``database``."""

from dataclasses import dataclass, field
from typing import Annotated

from entrepot.config.fields import PositiveSeconds, Switch, Text, at_least, one_of

DEFAULT_ROOTDIRECTORY = "/var/lib/registry"


@dataclass(frozen=True, slots=True, kw_only=True)
class FilesystemSettings:
    """``storage.filesystem``: blobs as files.

    Args:
        rootdirectory: the directory that holds ``docker/registry/v2``.
        maxthreads: file operations at once in one worker process.
    """

    rootdirectory: Text = DEFAULT_ROOTDIRECTORY
    maxthreads: Annotated[int, at_least(1)] = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteSettings:
    """``storage.delete``: whether clients may delete manifests and blobs.

    Args:
        enabled: they may.
        protectchildren: refuse to delete a manifest by digest while an index has it as its child.
    """

    enabled: Switch = False
    protectchildren: Switch = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RedirectSettings:
    """``storage.redirect``: whether clients are never sent to the storage itself."""

    disable: Switch = False


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadPurgingSettings:
    """``storage.maintenance.uploadpurging``: removal of uploads that nobody finished.

    Args:
        enabled: purge at all.
        age: seconds since the last byte after which an upload is abandoned.
        interval: seconds between two rounds.
        dryrun: only log what would be removed.
    """

    enabled: Switch = True
    age: PositiveSeconds = 168 * 3600.0
    interval: PositiveSeconds = 24 * 3600.0
    dryrun: Switch = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadOnlySettings:
    """``storage.maintenance.readonly``: whether writing requests are refused."""

    enabled: Switch = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MaintenanceSettings:
    """``storage.maintenance``."""

    uploadpurging: UploadPurgingSettings = field(default_factory=UploadPurgingSettings)
    readonly: ReadOnlySettings = field(default_factory=ReadOnlySettings)


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageSettings:
    """``storage``.

    Args:
        driver: ``filesystem`` or ``inmemory``: the one of the two that the section names.
        filesystem: how the filesystem driver is set; meaningless for ``inmemory``.
        delete: whether clients may delete.
        redirect: whether clients are never sent to the storage itself.
        maintenance: what happens in the background.
    """

    driver: Annotated[str, one_of("filesystem", "inmemory")] = "filesystem"
    filesystem: FilesystemSettings = field(default_factory=FilesystemSettings)
    delete: DeleteSettings = field(default_factory=DeleteSettings)
    redirect: RedirectSettings = field(default_factory=RedirectSettings)
    maintenance: MaintenanceSettings = field(default_factory=MaintenanceSettings)


@dataclass(frozen=True, slots=True, kw_only=True)
class SqliteSettings:
    """``database.sqlite``.

    Args:
        path: the database's file; None puts it beside the data
            (``Settings.database_path`` has the answer).
    """

    path: Text | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseSettings:
    """``database``."""

    sqlite: SqliteSettings = field(default_factory=SqliteSettings)
