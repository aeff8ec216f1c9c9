"""Puts the mirrors of other registries together."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from entrepot.assembly.drivers import Drivers
from entrepot.assembly.rules import quotas_of
from entrepot.config.mirrors import UpstreamSettings
from entrepot.config.settings import Settings
from entrepot.oci.repository_glob import RepositoryGlobs
from entrepot.operations.mirror_metrics import MirrorMetrics
from entrepot.operations.worker_metrics import WorkerMetrics
from entrepot.ports.access import Access
from entrepot.ports.upstream import Upstream, UpstreamAddress
from entrepot.services.listing import Listing
from entrepot.services.mirror.breaker import Breaker, GuardedUpstream
from entrepot.services.mirror.fills import BlobFills
from entrepot.services.mirror.listing import MirrorListing
from entrepot.services.mirror.manifests import MirroredManifests
from entrepot.services.mirror.origins import MirroredUpstream, Origins
from entrepot.services.mirror.prefetch import Prefetch
from entrepot.services.mirror.pull import MirrorPull
from entrepot.services.mirror.warm import Warm, Warmed
from entrepot.services.pull import Pull

if TYPE_CHECKING:
    from entrepot.drivers.remote import RemoteRegistry

Connect = Callable[[UpstreamAddress], Upstream]
Closing = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Mirrors:
    """What one worker needs to serve mirrors; `close` ends what is under way.

    Attributes:
        origins: which repositories are mirrored.
        fills: downloads of blobs.
        manifests: manifests of upstreams.
        prefetch: fetches images ahead.
        breakers: one for each upstream.
        observer: told what happens.
        closing: let go of connections.
    """

    origins: Origins
    fills: BlobFills
    manifests: MirroredManifests
    prefetch: Prefetch
    breakers: tuple[Breaker, ...]
    observer: MirrorMetrics
    closing: tuple[Closing, ...] = ()

    def pull(self, pull: Pull, drivers: Drivers) -> MirrorPull:
        """Serve mirrors beside what is pushed."""
        return MirrorPull(
            pull,
            self.origins,
            self.manifests,
            self.fills,
            drivers.metadata,
            drivers.blobs,
            self.observer,
        )

    def listing(self, listing: Listing, access: Access) -> MirrorListing:
        """List mirrors beside what is pushed."""
        return MirrorListing(listing, self.origins, self.manifests, access)

    async def close(self) -> None:
        """End downloads and probes; what has arrived is there for whoever goes on."""
        await self.prefetch.close()
        await self.fills.close()
        await self.manifests.close()
        for breaker in self.breakers:
            await breaker.close()
        for close in self.closing:
            await close()


def build_mirrors(
    settings: Settings,
    drivers: Drivers,
    connect: Connect | None = None,
    metrics: WorkerMetrics | None = None,
) -> Mirrors | None:
    """Put the mirrors of one worker together; None where there are none.

    Args:
        settings: of the whole registry.
        drivers: opened in this process.
        connect: gives what asks an upstream; None for what speaks to other registries.
        metrics: of this worker; None where nobody counts.
    """
    mirrors = settings.mirrors
    if not mirrors.any:
        return None
    observer = MirrorMetrics(metrics)
    quotas = quotas_of(settings, drivers)
    breakers: list[Breaker] = []
    closing: list[Closing] = []
    # What may not be written cannot be fetched.
    offline = settings.storage.maintenance.readonly.enabled

    def mirrored(upstream: UpstreamSettings) -> MirroredUpstream:
        client: Upstream
        if connect is None:
            client = remote = _connect(address_of(upstream))
            closing.append(remote.close)
        else:
            client = connect(address_of(upstream))
        breaker = Breaker(upstream.host, client.ping, observer)
        breakers.append(breaker)
        guarded = GuardedUpstream(
            client, breaker, upstream.host, offline=upstream.offline or offline
        )
        return MirroredUpstream(
            upstream.host,
            guarded,
            upstream.aliases,
            _globs(upstream),
            upstream.ttl,
            upstream.slow,
            tuple((each.os, each.architecture) for each in upstream.prefetch.platforms),
        )

    upstreams = [mirrored(upstream) for upstream in mirrors.upstreams]
    default = next(
        (made for made, said in zip(upstreams, mirrors.upstreams, strict=True) if said.default),
        None,
    )
    whole = None if mirrors.whole is None else mirrored(mirrors.whole)
    holders, clock = drivers.holders, drivers.clock
    fills = BlobFills(
        drivers.metadata,
        drivers.sessions,
        drivers.fills,
        drivers.blobs,
        clock,
        settings.server.timeouts.lease,
        holders,
        quotas,
        observer,
    )
    prefetch = Prefetch(fills)
    manifests = MirroredManifests(
        drivers.metadata,
        drivers.fills,
        drivers.checked_tags,
        clock,
        holders,
        quotas,
        observer,
        prefetch,
    )
    origins = Origins(upstreams, default, whole)
    return Mirrors(origins, fills, manifests, prefetch, tuple(breakers), observer, tuple(closing))


def build_warm(mirrors: Mirrors, drivers: Drivers, tell: Callable[[Warmed], None]) -> Warm:
    """Build what fetches images on purpose.

    Args:
        mirrors: of this process.
        drivers: opened in it.
        tell: called when something has come.
    """
    pull = Pull(drivers.metadata, drivers.blobs, drivers.access)
    return Warm(mirrors.pull(pull, drivers), mirrors.fills, tell)


def address_of(upstream: UpstreamSettings) -> UpstreamAddress:
    """Give the settings of an upstream as its driver wants them."""
    lifetime = upstream.exec.lifetime
    return UpstreamAddress(
        upstream.host,
        upstream.urls,
        upstream.username,
        upstream.password,
        tuple(upstream.exec.command.split()),
        float("inf") if lifetime is None else lifetime,
        upstream.dockerconfig,
        upstream.ca,
        upstream.certificate,
        upstream.key,
        upstream.skipverify,
        upstream.connecttimeout,
        upstream.readtimeout,
        upstream.connections,
    )


def _connect(address: UpstreamAddress) -> "RemoteRegistry":
    from entrepot.drivers.remote import RemoteRegistry

    return RemoteRegistry(address)


def _globs(upstream: UpstreamSettings) -> RepositoryGlobs | None:
    if upstream.allow == ("**",) and upstream.deny is None:
        return None
    denied = (f"!{pattern}" for pattern in upstream.deny or ())
    return RepositoryGlobs.parse([*upstream.allow, *denied])
