"""What images there are, and what one is made of: platforms, layers, history, referrers."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from entrepot.errors import (
    InvalidDigest,
    InvalidManifest,
    StorageOutage,
    UnknownManifest,
    UnknownName,
)
from entrepot.oci.descriptor import Descriptor
from entrepot.oci.digest import Digest
from entrepot.oci.manifest import Edge, Role
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Tag
from entrepot.oci.stored_manifest import parse_stored_manifest
from entrepot.ports.blobs import BlobReader
from entrepot.ports.metadata import MetadataReader, Referrer, StoredManifest
from entrepot.ports.removal import DatedTag, DatedTags, TagHistory

LARGEST_CONFIG = 4 * 1024 * 1024
"""Bytes of an image's configuration that are read; a larger one has no history to be shown."""

_PAGE = 1000
_UNKNOWN_PLATFORM = "unknown"


@dataclass(frozen=True, slots=True)
class Step:
    """One step of an image's history.

    Attributes:
        created: when, as the image says; None where it does not.
        created_by: the command.
        layer: what it added; None where it added nothing.
    """

    created: str | None
    created_by: str
    layer: Descriptor | None


@dataclass(frozen=True, slots=True)
class PlatformImage:
    """An image for one platform.

    Attributes:
        platform: such as `linux/arm64/v8`; empty where neither index nor image says.
        digest: of its manifest.
        size: bytes of its configuration and layers.
        steps: its history; where the image has none, a step for each layer.
        present: whether the repository has the manifest.
    """

    platform: str
    digest: Digest
    size: int = 0
    steps: tuple[Step, ...] = ()
    present: bool = True


@dataclass(frozen=True, slots=True)
class Image:
    """An image, or an index of images; times in microseconds since 1970, UTC.

    Attributes:
        media_type: what its manifest is served as.
        tags: that point to it.
        pushed_at: when the tag was pushed last; of a digest, the newest of its tags.
        pushed_by: who moved that tag last; empty for somebody unknown, None without a tag.
        pulled_at: when it was pulled last, by whatever name; None for never, or unknown.
        platforms: the image, or those of the index.
        referrers: manifests that say something about it, such as signatures.
    """

    name: RepositoryName
    digest: Digest
    media_type: str
    tags: tuple[Tag, ...]
    pushed_at: int | None
    pushed_by: str | None
    pulled_at: int | None
    platforms: tuple[PlatformImage, ...]
    referrers: tuple[Referrer, ...]


class ImageView:
    """Shows what there is to whoever may see everything.

    Args:
        metadata: what exists.
        dated: the tags with their times.
        history: who moved tags.
        blobs: have the configurations of images.
    """

    def __init__(
        self, metadata: MetadataReader, dated: DatedTags, history: TagHistory, blobs: BlobReader
    ) -> None:
        self._metadata = metadata
        self._dated = dated
        self._history = history
        self._blobs = blobs

    async def tags(self, name: RepositoryName) -> AsyncIterator[DatedTag]:
        """List a repository's tags with their times, in byte order.

        Raises:
            UnknownName: there is no such repository.
        """
        if not await self._metadata.repository_exists(name):
            raise UnknownName(f"there is no repository {name}", {"name": name})
        after = ""
        while page := await self._dated.dated_tags(name, after, _PAGE):
            for dated in page:
                yield dated
            after = page[-1].tag

    async def show(self, name: RepositoryName, reference: Tag | Digest) -> Image:
        """Describe an image.

        Args:
            name: of the repository.
            reference: a tag, or the digest of a manifest.

        Raises:
            UnknownName: there is no such repository.
            UnknownManifest: it has no such tag or manifest.
        """
        if isinstance(reference, Digest):
            stored = await self._metadata.manifest_by_digest(name, reference)
        else:
            stored = await self._metadata.manifest_by_tag(name, reference)
        tags = [
            dated async for dated in self.tags(name) if stored and dated.digest == stored.digest
        ]
        if stored is None:
            kind = "manifest" if isinstance(reference, Digest) else "tag"
            raise UnknownManifest(f"repository {name} has no {kind} {reference}")
        shown = max(
            (one for one in tags if reference in (one.tag, stored.digest)),
            key=lambda one: one.pushed_at,
            default=None,
        )
        pushed_by = None
        if shown is not None:
            changes = await self._history.changes(name, shown.tag, None, 1)
            pushed_by = changes[0].caller if changes else ""
        return Image(
            name=name,
            digest=stored.digest,
            media_type=stored.media_type,
            tags=tuple(one.tag for one in tags),
            pushed_at=shown.pushed_at if shown else None,
            pushed_by=pushed_by,
            pulled_at=shown.pulled_at if shown else None,
            platforms=tuple([one async for one in self._platforms(name, stored)]),
            referrers=tuple([one async for one in self._referrers(name, stored.digest)]),
        )

    async def _platforms(
        self, name: RepositoryName, stored: StoredManifest
    ) -> AsyncIterator[PlatformImage]:
        edges = await _edges(stored)
        children = [edge.descriptor for edge in edges if edge.role is Role.MANIFEST]
        if not children:
            yield await self._image(name, stored.digest, edges, "")
        for child in children:
            platform = "/".join(child.platform or ())
            if platform.startswith(_UNKNOWN_PLATFORM):
                continue  # an attestation of buildx's, which is listed as if it were an image
            found = await self._metadata.manifest_by_digest(name, child.digest)
            if found is None:
                yield PlatformImage(platform, child.digest, present=False)
            else:
                yield await self._image(name, child.digest, await _edges(found), platform)

    async def _image(
        self, name: RepositoryName, digest: Digest, edges: tuple[Edge, ...], platform: str
    ) -> PlatformImage:
        layers = [edge.descriptor for edge in edges if edge.role is Role.LAYER]
        configs = [edge.descriptor for edge in edges if edge.role is Role.CONFIG]
        config = await self._config(name, configs[0]) if configs else {}
        parts = [config.get(key) for key in ("os", "architecture", "variant")]
        said = "/".join(part for part in parts if isinstance(part, str) and part)
        size = sum(one.size for one in (*layers, *configs))
        return PlatformImage(said or platform, digest, size, tuple(_steps(config, layers)))

    async def _config(self, name: RepositoryName, descriptor: Descriptor) -> dict[str, Any]:
        """Read an image's configuration; empty where it cannot be read, or is of no image."""
        blob = await self._metadata.blob(name, descriptor.digest)
        if blob is None or blob.quarantined or blob.size > LARGEST_CONFIG:
            return {}
        try:
            content = await self._blobs.open(blob.location, blob.size)
        except StorageOutage:
            return {}  # the check says what is wrong with it
        try:
            text = b"".join([piece async for piece in content.read(0, blob.size)])
        except StorageOutage:
            return {}
        finally:
            content.close()
        with suppress(ValueError, RecursionError):
            document = await asyncio.to_thread(json.loads, text)
            if isinstance(document, dict):
                return document
        return {}

    async def _referrers(self, name: RepositoryName, digest: Digest) -> AsyncIterator[Referrer]:
        after = ""
        while page := await self._metadata.referrers(name, digest, None, after, _PAGE):
            for referrer in page:
                yield referrer
            after = page[-1].digest


async def _edges(stored: StoredManifest) -> tuple[Edge, ...]:
    try:
        manifest = await asyncio.to_thread(parse_stored_manifest, stored.payload, stored.media_type)
    except (InvalidManifest, InvalidDigest):
        return ()  # served as it is, and understood by nobody here
    return manifest.edges


def _steps(config: dict[str, Any], layers: list[Descriptor]) -> list[Step]:
    """Match the history of an image with its layers (image-spec config.md, "history")."""
    history = config.get("history")
    entries = [one for one in history if isinstance(one, dict)] if isinstance(history, list) else []
    added = [one for one in entries if one.get("empty_layer") is not True]
    if len(added) != len(layers):
        return [Step(None, "", layer) for layer in layers]
    left = iter(layers)
    return [
        Step(
            _text(entry, "created"),
            _text(entry, "created_by") or _text(entry, "comment") or "",
            None if entry.get("empty_layer") is True else next(left),
        )
        for entry in entries
    ]


def _text(entry: dict[str, Any], key: str) -> str | None:
    value = entry.get(key)
    return value if isinstance(value, str) else None
