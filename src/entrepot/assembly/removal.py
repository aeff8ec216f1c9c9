"""Puts deleting, the history of tags and immutable tags together, and their endpoints."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from entrepot.api.application import Endpoints
from entrepot.api.body import SmallBodies
from entrepot.api.management.repositories import RepositoriesManagement
from entrepot.api.management.tags import TagsManagement
from entrepot.assembly.data_directory import root_directory
from entrepot.assembly.drivers import Drivers, open_drivers
from entrepot.config.settings import Settings
from entrepot.drivers.filesystem.ownership import work_beside
from entrepot.drivers.sql.engines.sqlite.migrations import migrate
from entrepot.errors import ConfigurationError
from entrepot.oci.repository_glob import RepositoryGlobs
from entrepot.oci.tag_glob import TagGlob
from entrepot.ports.access import Caller, Kind, OpenAccess
from entrepot.services.delete import Delete
from entrepot.services.image_removal import ImageRemoval
from entrepot.services.image_selection import ImageSelection
from entrepot.services.immutable import ImmutableRule, ImmutableTags
from entrepot.services.tag_history import TagHistories


def immutable_tags(settings: Settings) -> ImmutableTags:
    """Give the rules of the section `immutable` as the services want them."""
    return ImmutableTags(
        [
            ImmutableRule(
                RepositoryGlobs.parse(rule.repositories),
                tuple(TagGlob.parse(tag) for tag in rule.tags),
                frozenset(rule.exempt),
            )
            for rule in settings.immutable
        ]
    )


def build_delete(settings: Settings, drivers: Drivers) -> Delete:
    """Build what deletes for clients."""
    delete = settings.storage.delete
    return Delete(
        drivers.metadata,
        drivers.access,
        drivers.clock,
        immutable_tags(settings),
        enabled=delete.enabled,
        protect_children=delete.protectchildren,
    )


def build_histories(settings: Settings, drivers: Drivers) -> TagHistories:
    """Build what shows and undoes the changes of tags."""
    return TagHistories(
        drivers.metadata,
        drivers.tag_history,
        drivers.access,
        drivers.clock,
        immutable_tags(settings),
    )


def management_endpoints(
    settings: Settings, drivers: Drivers, delete: Delete, bodies: SmallBodies
) -> Endpoints:
    """Build what answers under /api/v1/."""
    tags = TagsManagement(build_histories(settings, drivers), bodies, settings.http.prefix)
    return {
        "repository": {"DELETE": RepositoriesManagement(delete).delete},
        "tag_history": {"GET": tags.history},
        "tag_restore": {"POST": tags.restore},
    }


@dataclass(frozen=True, slots=True)
class Operator:
    """What somebody does on the machine itself: everything, whatever clients may do.

    Attributes:
        drivers: whose access lets everybody do everything.
        delete: deletes, whether or not `storage.delete.enabled`.
        histories: shows and undoes the changes of tags.
        selection: finds images by patterns.
        removal: removes them.
    """

    drivers: Drivers
    delete: Delete
    histories: TagHistories
    selection: ImageSelection
    removal: ImageRemoval


OPERATOR = Caller("operator", Kind.USER)
"""Stands in the history of tags for whoever worked on the machine itself."""


@asynccontextmanager
async def open_operator(settings: Settings, *, changes: bool = False) -> AsyncIterator[Operator]:
    """Open the registry's database, beside a registry that may run.

    Args:
        settings: name it.
        changes: something will be changed.

    Raises:
        ConfigurationError: the registry keeps nothing, or it is read-only and shall be changed.
        NewerDatabase: a newer Entrepot has written the database.
        MetadataOutage: the database cannot be opened.
        StorageOutage: a restore is putting another database in its place.
    """
    path = _database(settings, changes=changes)
    with work_beside(root_directory(settings)):
        async with _open(settings, path) as operator:
            yield operator


@asynccontextmanager
async def _open(settings: Settings, path: Path) -> AsyncIterator[Operator]:
    drivers = open_drivers(settings, path.parent)
    access, clock, immutable = OpenAccess(), drivers.clock, immutable_tags(settings)
    metadata = drivers.metadata
    try:
        yield Operator(
            replace(drivers, access=access),
            Delete(metadata, access, clock, immutable, enabled=True),
            TagHistories(metadata, drivers.tag_history, access, clock, immutable),
            ImageSelection(metadata, drivers.dated_tags),
            ImageRemoval(metadata, access, clock, immutable),
        )
    finally:
        drivers.close()


def _database(settings: Settings, *, changes: bool) -> Path:
    if settings.database_path is None:
        raise ConfigurationError(
            f"storage.{settings.storage.driver} keeps its database in memory, where no other"
            " program reaches it"
        )
    if changes and settings.storage.maintenance.readonly.enabled:
        raise ConfigurationError("storage.maintenance.readonly is set: nothing may be changed")
    path = Path(settings.database_path)
    if not path.exists():
        raise ConfigurationError(f"there is no database at {path}: `entrepot serve` makes it")
    migrate(path, "metadata", durable=True)
    migrate(path.with_name("sessions.db"), "sessions", durable=False)
    return path
