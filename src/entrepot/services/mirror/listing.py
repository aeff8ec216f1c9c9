"""Lists of mirrored repositories: the upstream's, or what is here while it does not answer."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

from entrepot.errors import (
    InvalidDigest,
    InvalidTag,
    UnknownName,
    UnknownUpstreamContent,
    UpstreamOutage,
)
from entrepot.oci.digest import Digest
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Tag
from entrepot.ports.access import Access, Action, Caller
from entrepot.ports.metadata import Referrer
from entrepot.services.listing import Listing, Page
from entrepot.services.mirror.manifests import MirroredManifests
from entrepot.services.mirror.origins import Origin, Origins

_READ_INLINE = 64 * 1024


class MirrorListing:
    """Lists what a caller may see. Is asked what `Listing` is asked.

    Args:
        listing: lists what is here.
        origins: say which repositories are mirrored.
        manifests: of upstreams.
        access: who may see it.
    """

    def __init__(
        self, listing: Listing, origins: Origins, manifests: MirroredManifests, access: Access
    ) -> None:
        self._listing = listing
        self._origins = origins
        self._manifests = manifests
        self._access = access

    async def tags(self, caller: Caller, name: RepositoryName, after: str, limit: int) -> Page:
        """List a repository's tags in byte order, those of its upstream if it answers.

        Args:
            caller: who asks.
            name: of which repository.
            after: the name behind which the page begins; it need not exist.
            limit: names at most; 0 gives an empty page without more behind it.

        Raises:
            Denied: the caller may not pull here.
            UnknownName: there is no such repository.
        """
        origin = self._origins.of(name)
        if origin is not None and limit:
            await self._access.require(caller, Action.PULL, name)
            page = await _upstream_tags(origin, after, limit)
            if page is not None:
                return page
        return await self._listing.tags(caller, name, after, limit)

    async def repositories(self, caller: Caller, after: str, limit: int) -> Page:
        """List repositories that have a manifest here and that the caller may see.

        See `Listing.repositories`.
        """
        return await self._listing.repositories(caller, after, limit)

    async def referrers(
        self,
        caller: Caller,
        name: RepositoryName,
        subject: Digest,
        artifact_type: str | None,
        after: str = "",
    ) -> AsyncIterator[Referrer]:
        """List the manifests that say something about a manifest, by digest.

        Args:
            caller: who asks.
            name: in which repository.
            subject: the manifest, which need not exist.
            artifact_type: only those of this type.
            after: the digest behind which to begin.

        Raises:
            Denied: the caller may not pull here.
        """
        origin = self._origins.of(name)
        if origin is not None:
            await self._access.require(caller, Action.PULL, name)
            origin.require()
            try:
                index = await self._manifests.referrers(origin, name, subject)
            except UpstreamOutage:
                index = None
            if index is not None:
                for referrer in await _read(index.payload):
                    wanted = artifact_type in (None, referrer.artifact_type)
                    if wanted and referrer.digest > after:
                        yield referrer
                return
        async for referrer in self._listing.referrers(caller, name, subject, artifact_type, after):
            yield referrer


async def _upstream_tags(origin: Origin, after: str, limit: int) -> Page | None:
    origin.require()
    try:
        async with asyncio.timeout(origin.upstream.slow):
            names, more = await origin.client.tags(origin.name, after, limit)
    except UnknownUpstreamContent as error:
        raise UnknownName(f"{origin.host} has no repository {origin.name}") from error
    except (UpstreamOutage, TimeoutError):
        return None
    tags = [name for name in names[:limit] if _is_tag(name)]
    return Page(list(tags), (more or len(names) > limit) and bool(tags))


def _is_tag(text: str) -> bool:
    """Tell whether a text is a tag: an answer writes it down as it is."""
    try:
        Tag.parse(text)
    except InvalidTag:
        return False
    return True


async def _read(payload: bytes) -> list[Referrer]:
    """Read the index of an upstream's referrers, in the order of digests."""
    if len(payload) <= _READ_INLINE:
        return _referrers(payload)
    return await asyncio.to_thread(_referrers, payload)


def _referrers(payload: bytes) -> list[Referrer]:
    entries = json.loads(payload).get("manifests") or []
    found = [_referrer(entry) for entry in entries if isinstance(entry, dict)]
    return sorted(filter(None, found), key=lambda referrer: referrer.digest)


def _referrer(entry: dict[str, Any]) -> Referrer | None:
    media_type, size = entry.get("mediaType"), entry.get("size")
    artifact_type, annotations = entry.get("artifactType"), entry.get("annotations")
    if not isinstance(media_type, str) or not isinstance(size, int):
        return None
    try:
        digest = Digest.parse(str(entry.get("digest")))
    except InvalidDigest:
        return None
    return Referrer(
        digest,
        media_type,
        size,
        artifact_type if isinstance(artifact_type, str) else None,
        json.dumps(annotations) if isinstance(annotations, dict) and annotations else "",
    )
