"""Puts deleting, the history of tags and immutable tags together, and their endpoints."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from entrepot.api.application import Endpoints
from entrepot.api.body import SmallBodies
from entrepot.api.management import RepositoriesManagement, TagsManagement
from entrepot.assembly.backend import Backend
from entrepot.assembly.drivers import Drivers
from entrepot.assembly.rules import immutable_tags, manifest_policy
from entrepot.config.settings import Settings
from entrepot.ports.access import Access, OpenAccess
from entrepot.services.delete import Delete
from entrepot.services.image_removal import ImageRemoval
from entrepot.services.image_selection import ImageSelection
from entrepot.services.image_view import ImageView
from entrepot.services.quotas import NoQuotas, Quotas
from entrepot.services.tag_history import TagHistories


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


def build_histories(
    settings: Settings, drivers: Drivers, access: Access, quotas: Quotas
) -> TagHistories:
    """Build what shows and undoes the changes of tags."""
    return TagHistories(
        drivers.metadata,
        drivers.tag_history,
        access,
        drivers.clock,
        immutable_tags(settings),
        manifest_policy(settings.validation),
        quotas,
    )


def management_endpoints(
    settings: Settings, drivers: Drivers, delete: Delete, bodies: SmallBodies, quotas: Quotas
) -> Endpoints:
    """Build what answers under /api/v1/."""
    histories = build_histories(settings, drivers, drivers.access, quotas)
    tags = TagsManagement(histories, bodies, settings.http.prefix)
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
        images: shows what they are made of.
    """

    drivers: Drivers
    delete: Delete
    histories: TagHistories
    selection: ImageSelection
    removal: ImageRemoval
    images: ImageView


@asynccontextmanager
async def open_operator(settings: Settings, *, changes: bool = False) -> AsyncIterator[Operator]:
    """Open the registry's database, beside a registry that may run.

    Args:
        settings: of the registry.
        changes: something will be changed.

    Raises:
        ConfigurationError, MetadataOutage, StorageOutage: see `Backend.beside`.
    """
    with Backend(settings).beside(changes=changes) as drivers:
        access, clock, immutable = OpenAccess(), drivers.clock, immutable_tags(settings)
        metadata = drivers.metadata
        yield Operator(
            drivers,
            Delete(metadata, access, clock, immutable, enabled=True),
            build_histories(settings, drivers, access, NoQuotas()),
            ImageSelection(metadata, drivers.dated_tags),
            ImageRemoval(metadata, access, clock, immutable),
            ImageView(metadata, drivers.dated_tags, drivers.tag_history, drivers.blobs),
        )
