"""Manifests of mirrored repositories: fetched when they are missing, compared when a tag is old.

A digest is asked for once. A tag is compared with its upstream's after `ttl`, by one worker for
all; when it has moved, or is gone, so it is here. Where the upstream does not answer, or takes too
long, what is here is served, with a warning.
"""

import asyncio
import json
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace

from entrepot.errors import (
    EntrepotError,
    UnknownManifest,
    UnknownUpstreamContent,
    UpstreamOutage,
)
from entrepot.oci.accessory import fallback_tag
from entrepot.oci.digest import Digest
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Reference, Tag
from entrepot.ports.clock import MICROSECONDS, Clock
from entrepot.ports.fills import CheckedTags, Fills
from entrepot.ports.metadata import Metadata, StoredManifest
from entrepot.ports.upstream import RemoteManifest
from entrepot.services.cache import KIBIBYTE, MEBIBYTE, Cache
from entrepot.services.mirror.observer import MirrorObserver, NoObserver
from entrepot.services.mirror.origins import Origin
from entrepot.services.mirror.prefetch import Prefetch
from entrepot.services.mirror.rows import MirrorRows
from entrepot.services.mirror.shared import SharedWork
from entrepot.services.quotas import NoQuotas, Quotas

logger = logging.getLogger("entrepot.mirror")

_READ_INLINE = 64 * 1024
_FRESH_BYTES = 2 * MEBIBYTE
_MISSING_BYTES = 256 * KIBIBYTE
_MISSING_SECONDS = 10.0
# How long a tag that could not be compared is served without trying again.
_STALE_SECONDS = 5.0

Place = tuple[RepositoryName, Reference]
Newest = Callable[[Origin, RepositoryName, Tag], Awaitable[StoredManifest]]


class MirroredManifests:
    """Fetches and compares manifests.

    Args:
        metadata: what exists.
        fills: what is fetched by whom.
        checked: when tags were compared.
        clock: tells the time.
        holders: what the names of all holders of claims begin with in this process.
        quotas: how much may lie where.
        observer: told what is fetched, and what could not be compared.
        prefetch: fetches the images of an index that was fetched; None for nobody.
    """

    def __init__(
        self,
        metadata: Metadata,
        fills: Fills,
        checked: CheckedTags,
        clock: Clock,
        holders: str = "",
        quotas: Quotas | None = None,
        observer: MirrorObserver | None = None,
        prefetch: Prefetch | None = None,
    ) -> None:
        self._metadata = metadata
        self._checked = checked
        self._clock = clock
        self._rows = MirrorRows(metadata, clock, quotas or NoQuotas())
        self._observer = observer or NoObserver()
        self._prefetch = prefetch
        self._shared: SharedWork[StoredManifest] = SharedWork(fills, clock, holders)
        self._fresh: Cache[Place, bool] = Cache(_FRESH_BYTES, measure=lambda _: 0)
        self._stale: Cache[Place, str] = Cache(_MISSING_BYTES, _STALE_SECONDS)
        self._missing: Cache[Place, str] = Cache(_MISSING_BYTES, _MISSING_SECONDS)

    def is_fresh(self, name: RepositoryName, reference: Reference) -> bool:
        """Tell whether what is here is as good as what the upstream has, without asking anybody."""
        return isinstance(reference, Digest) or self._fresh.get((name, reference)) is not None

    async def fetch(
        self,
        origin: Origin,
        name: RepositoryName,
        reference: Reference,
        stored: StoredManifest | None,
    ) -> StoredManifest:
        """Give a manifest that is not here, or that a tag may no longer point to.

        Args:
            origin: whence it comes.
            name: of the repository here.
            reference: of the manifest.
            stored: what is here; None for nothing.

        Raises:
            UnknownManifest: the upstream has none.
            UpstreamOutage: it does not answer, and nothing is here.
        """
        place = name, reference
        missing = self._missing.get(place)
        if missing is not None and stored is None:
            raise _unknown(name, reference, missing)
        try:
            if isinstance(reference, Digest):
                return await self._by_digest(origin, name, reference)
            return await self._by_tag(origin, name, reference, stored, self._newest)
        except UnknownUpstreamContent as error:
            if origin.upstream.ttl:
                self._missing.keep(place, error.message)
            raise _unknown(name, reference, error.message) from error

    async def referrers(
        self, origin: Origin, name: RepositoryName, subject: Digest
    ) -> StoredManifest | None:
        """Give the index of what refers to a manifest, as new as a tag; None where nothing does.

        It is kept under the tag that clients of registries without the referrers API use.

        Raises:
            UpstreamOutage: the upstream does not answer, and no index is here.
        """
        tag = fallback_tag(subject)
        stored = await self._metadata.manifest_by_tag(name, tag)
        if self._missing.get((name, subject)) is not None:
            return None
        if stored is not None and self.is_fresh(name, tag):
            return stored

        async def newest(origin: Origin, name: RepositoryName, tag: Tag) -> StoredManifest:
            remote = await origin.client.referrers(origin.name, subject)
            self._observer.received(origin.host, len(remote.payload))
            if _lists_nothing(remote.payload):
                raise UnknownUpstreamContent(f"nothing refers to {subject}")
            return await self._keep(origin, name, remote, tag)

        try:
            return await self._by_tag(origin, name, tag, stored, newest)
        except UnknownUpstreamContent as error:
            if origin.upstream.ttl:
                until = time.monotonic() + origin.upstream.ttl
                self._missing.keep((name, subject), error.message, until)
            return None

    async def close(self) -> None:
        """End what is under way."""
        await self._shared.close()
        self._rows.close()

    async def _keep(
        self, origin: Origin, name: RepositoryName, remote: RemoteManifest, tag: Tag | None = None
    ) -> StoredManifest:
        stored, manifest = await self._rows.keep(origin, name, remote, tag)
        if self._prefetch is not None and origin.upstream.platforms:
            self._prefetch.begin(origin, name, manifest, self._by_digest)
        return stored

    async def _by_digest(
        self, origin: Origin, name: RepositoryName, digest: Digest
    ) -> StoredManifest:
        async def fetch() -> StoredManifest:
            kept = await self._metadata.manifest_by_digest(name, digest)
            if kept is not None:
                return kept
            self._observer.miss(origin.host)
            remote = await origin.client.manifest(origin.name, digest)
            self._observer.received(origin.host, len(remote.payload))
            return await self._keep(origin, name, remote)

        fetched = await self._shared.once(f"{origin.host}/{origin.name}@{digest}", fetch)
        found = fetched or await self._metadata.manifest_by_digest(name, digest)
        # Another worker had no room for it.
        return found or await fetch()

    async def _by_tag(
        self,
        origin: Origin,
        name: RepositoryName,
        tag: Tag,
        stored: StoredManifest | None,
        newest: Newest,
    ) -> StoredManifest:
        place = name, tag
        if stored is not None:
            warning = self._stale.get(place)
            if warning is not None:
                self._observer.stale(origin.host)
                return replace(stored, warning=warning)
            kept = await self._compared_elsewhere(origin, name, tag)
            if kept is not None:
                return kept

        async def compare() -> StoredManifest:
            return await self._compare(origin, name, tag, newest)

        comparing = self._shared.once(_key(origin, tag), compare)
        try:
            async with asyncio.timeout(None if stored is None else origin.upstream.slow):
                fetched = await comparing
        except TimeoutError:
            slow = UpstreamOutage(f"{origin.host} has not answered in {origin.upstream.slow:g} s")
            return self._serve_stale(origin, place, stored, slow)
        except UpstreamOutage as error:
            return self._serve_stale(origin, place, stored, error)
        ttl = origin.upstream.ttl
        if ttl:
            self._fresh.keep(place, value=True, until=time.monotonic() + ttl)
        found = fetched or await self._metadata.manifest_by_tag(name, tag)
        # Another worker had no room for it.
        return found or await newest(origin, name, tag)

    async def _compared_elsewhere(
        self, origin: Origin, name: RepositoryName, tag: Tag
    ) -> StoredManifest | None:
        """Give what another worker has compared, within the ttl."""
        checked_at = await self._checked.checked_at(_key(origin, tag))
        if checked_at is None:
            return None
        age = (self._clock.now() - checked_at) / MICROSECONDS
        left = origin.upstream.ttl - max(0.0, age)
        kept = await self._metadata.manifest_by_tag(name, tag)
        if left <= 0 or kept is None:
            return None
        self._fresh.keep((name, tag), value=True, until=time.monotonic() + left)
        return kept

    async def _compare(
        self, origin: Origin, name: RepositoryName, tag: Tag, newest: Newest
    ) -> StoredManifest:
        """Make the tag what it is upstream.

        Raises:
            UnknownUpstreamContent: it is gone there, and now here.
        """
        try:
            found = await newest(origin, name, tag)
        except UnknownUpstreamContent:
            await self._rows.remove_tag(name, tag)
            await self._checked.forget(_key(origin, tag))
            raise
        await self._checked.note(_key(origin, tag), self._clock.now())
        return found

    async def _newest(self, origin: Origin, name: RepositoryName, tag: Tag) -> StoredManifest:
        stored = await self._metadata.manifest_by_tag(name, tag)
        if stored is None:
            return await self._download(origin, name, tag)
        told = await origin.client.head_manifest(origin.name, tag)
        if told.digest == stored.digest:
            return stored
        known = None
        if told.digest is not None:
            known = await self._metadata.manifest_by_digest(name, told.digest)
        if known is None:
            return await self._download(origin, name, tag)
        remote = RemoteManifest(known.digest, known.payload, known.media_type)
        return await self._keep(origin, name, remote, tag)

    async def _download(self, origin: Origin, name: RepositoryName, tag: Tag) -> StoredManifest:
        self._observer.miss(origin.host)
        remote = await origin.client.manifest(origin.name, tag)
        self._observer.received(origin.host, len(remote.payload))
        return await self._keep(origin, name, remote, tag)

    def _serve_stale(
        self, origin: Origin, place: Place, stored: StoredManifest | None, error: EntrepotError
    ) -> StoredManifest:
        if stored is None:
            raise error
        name, reference = place
        logger.warning("%s:%s may be out of date: %s", name, reference, error.message)
        self._stale.keep(place, error.message)
        self._observer.stale(origin.host)
        return replace(stored, warning=error.message)


def _key(origin: Origin, tag: Tag) -> str:
    return f"{origin.host}/{origin.name}:{tag}"


def _lists_nothing(payload: bytes) -> bool:
    """Tell whether an index is empty; one that cannot be read is not."""
    if len(payload) > _READ_INLINE:
        return False
    try:
        document = json.loads(payload)
    except ValueError:
        return False
    return isinstance(document, dict) and not document.get("manifests")


def _unknown(name: RepositoryName, reference: Reference, message: str) -> UnknownManifest:
    return UnknownManifest(
        f"repository {name} has no manifest {reference}: {message}",
        {"name": name, "reference": reference},
    )
