"""Puts services and endpoints together to the ASGI application of one worker."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from entrepot.api.application import Application, Endpoints, Observed
from entrepot.api.blobs import BlobsEndpoint
from entrepot.api.body import SmallBodies
from entrepot.api.lists import BaseEndpoint, CatalogueEndpoint, TagsEndpoint
from entrepot.api.manifests import ManifestsEndpoint, PullNoted
from entrepot.api.origin import Locations, Origins
from entrepot.api.referrers import ReferrersEndpoint
from entrepot.api.uploads import UploadsEndpoint
from entrepot.assembly.access import AccessControl, build_access
from entrepot.assembly.drivers import Drivers
from entrepot.assembly.removal import build_delete, management_endpoints
from entrepot.assembly.rules import immutable_tags, manifest_policy, quotas_of
from entrepot.config.settings import Settings
from entrepot.operations.pull_recorder import PullRecorder
from entrepot.services.listing import Listing
from entrepot.services.mount import Mount
from entrepot.services.promises import Promises
from entrepot.services.pull import Pull
from entrepot.services.push import Push
from entrepot.services.quarantine import Quarantining
from entrepot.services.upload import Upload

if TYPE_CHECKING:
    from entrepot.assembly.mirrors import Mirrors
    from entrepot.services.mirror.listing import MirrorListing
    from entrepot.services.mirror.pull import MirrorPull


def build_application(
    settings: Settings,
    drivers: Drivers,
    observer: Observed,
    *,
    workers: int = 1,
    is_failing: Callable[[], bool] = lambda: False,
    pulled: PullNoted | None = None,
    control: AccessControl | None = None,
    mirrors: "Mirrors | None" = None,
) -> Application:
    """Build the ASGI application of one worker.

    Args:
        settings: of the whole registry.
        drivers: opened in this process.
        observer: is told of each request.
        workers: how many share the node's limits.
        is_failing: tells whether a health check fails.
        pulled: is told of each manifest that was pulled.
        control: who may do what; None puts it together, and closes nothing of it.
        mirrors: of other registries; None where there are none.
    """
    http = settings.http
    control = control or build_access(settings, drivers)
    drivers = replace(drivers, access=control.access)
    locate = None
    if mirrors is not None:
        from entrepot.api.namespaces import Namespaces

        locate = Namespaces(mirrors.origins, drivers.metadata.repository_exists).locate
    return Application(
        _endpoints(settings, drivers, workers, pulled, mirrors),
        Origins(http.trustedproxies),
        observer,
        prefix=http.prefix,
        extra_headers=http.headers,
        read_only=settings.storage.maintenance.readonly.enabled,
        is_failing=is_failing,
        beside=control.beside,
        authentication=control.authentication,
        locate=locate,
    )


def pull_recorder(settings: Settings, drivers: Drivers) -> PullRecorder | None:
    """Give what writes down when manifests were pulled; None where nothing does.

    Args:
        settings: of the whole registry.
        drivers: opened in this process.
    """
    if not settings.pulls.enabled or settings.storage.maintenance.readonly.enabled:
        return None
    return PullRecorder(
        drivers.pulls,
        drivers.pull_gatherers,
        drivers.holders,
        drivers.clock,
        settings.pulls.interval,
    )


def _endpoints(
    settings: Settings,
    drivers: Drivers,
    workers: int,
    pulled: PullNoted | None,
    mirrors: "Mirrors | None",
) -> Endpoints:
    metadata, access, clock = drivers.metadata, drivers.access, drivers.clock
    http, timeouts, limits = settings.http, settings.server.timeouts, settings.server.limits
    quotas = quotas_of(settings, drivers)
    quarantining = Quarantining(drivers.quarantine, drivers.blobs, drivers.inspector, clock)
    promised = Promises(clock, settings.gc.grace)
    here = Pull(metadata, drivers.blobs, access, quarantining.found_while_serving, promised)
    listed = Listing(metadata, access)
    pull: Pull | MirrorPull = here
    listing: Listing | MirrorListing = listed
    pushing = access
    if mirrors is not None:
        from entrepot.services.mirror.pull import UnpushableMirrors

        pull, listing = mirrors.pull(here, drivers), mirrors.listing(listed, access)
        pushing = UnpushableMirrors(access, mirrors.origins)
    delete = build_delete(settings, drivers)
    bodies = SmallBodies(limits.manifest, timeouts.body)
    locations = Locations(http.prefix, http.host, relative=http.relativeurls)
    manifests = ManifestsEndpoint(
        pull,
        Push(
            metadata,
            pushing,
            clock,
            manifest_policy(settings.validation),
            quotas,
            immutable_tags(settings),
        ),
        delete,
        bodies,
        locations,
        pulled,
    )
    blobs = BlobsEndpoint(pull, delete)
    uploads = UploadsEndpoint(
        Upload(
            metadata,
            drivers.sessions,
            drivers.blobs,
            pushing,
            clock,
            timeouts.lease,
            drivers.holders,
            quotas,
        ),
        Mount(metadata, pushing, clock, promised, quotas=quotas),
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
        **management_endpoints(settings, drivers, delete, bodies, quotas),
    }
