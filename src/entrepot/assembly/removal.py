"""Puts deleting, the history of tags and immutable tags together, and their endpoints."""

from entrepot.api.application import Endpoints
from entrepot.api.body import SmallBodies
from entrepot.api.management.repositories import RepositoriesManagement
from entrepot.api.management.tags import TagsManagement
from entrepot.assembly.drivers import Drivers
from entrepot.config.settings import Settings
from entrepot.oci.repository_glob import RepositoryGlobs
from entrepot.oci.tag_glob import TagGlob
from entrepot.services.delete import Delete
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
