"""Makes room in mirrors: what was not pulled for long goes, least recently pulled first.

A manifest goes with its tags; the collector follows with the blobs that nothing else needs. What
is pinned stays, and so do the images of an index that is pinned by a tag.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from entrepot.oci.digest import Digest
from entrepot.oci.image_glob import ImageGlob
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Tag
from entrepot.ports.access import COLLECTOR
from entrepot.ports.clock import MICROSECONDS, Clock
from entrepot.ports.eviction import CachedImages, CachedManifest
from entrepot.ports.metadata import Metadata, Transaction
from entrepot.services.changes import Changes

_PAGE = 500
# Small: others wait while a transaction is made.
_BATCH = 16
_PAUSE_SECONDS = 0.005
# Indexes that have a manifest as their child; where there are more, one of these tells as much.
_INDEXES = 100


@dataclass(frozen=True, slots=True)
class EvictionRules:
    """What may be kept of one upstream.

    Attributes:
        host: the upstream's name.
        component: the first component of the names of its repositories here; empty for all.
        max_bytes: of its blobs, each once; None for any number.
        max_age: seconds since the last pull; None for any.
        pinned: images that stay, by the names of their repositories at the upstream.
    """

    host: str
    component: str
    max_bytes: int | None = None
    max_age: float | None = None
    pinned: tuple[ImageGlob, ...] = ()

    def remote_name(self, name: RepositoryName) -> str:
        """Give a repository's name at the upstream."""
        return name.removeprefix(f"{self.component}/") if self.component else name


@dataclass(slots=True)
class Evicted:
    """What was removed from a mirror, or would be.

    Attributes:
        manifests: number of them.
        pinned: manifests that would have gone, and were pinned.
    """

    manifests: int = 0
    pinned: int = 0


class Eviction:
    """Applies the rules.

    Args:
        images: tells what is kept.
        metadata: what exists.
        clock: tells the time.
    """

    def __init__(self, images: CachedImages, metadata: Metadata, clock: Clock) -> None:
        self._images = images
        self._metadata = metadata
        self._clock = clock

    async def until(self, rules: EvictionRules) -> int | None:
        """Tell up to which time of last use everything is to go; None where nothing is.

        Microseconds since 1970, UTC.

        Raises:
            MetadataOutage: the database failed.
        """
        ends: list[int] = []
        if rules.max_age is not None:
            ends.append(self._clock.now() - int(rules.max_age * MICROSECONDS))
        if rules.max_bytes is not None:
            cutoff = await self._images.cutoff(rules.component, rules.max_bytes)
            if cutoff is not None:
                ends.append(cutoff)
        return max(ends, default=None)

    async def run(self, rules: EvictionRules) -> Evicted:
        """Remove what the rules do not allow.

        Raises:
            MetadataOutage: the database failed.
        """
        until = await self.until(rules)
        evicted = Evicted()
        after = ("", "")
        while until is not None and (
            page := await self._images.unused_since(rules.component, until, after, _PAGE)
        ):
            after = (page[-1].name, page[-1].digest)
            await self.remove(rules, page, evicted)
        return evicted

    async def find(self, rules: EvictionRules, glob: ImageGlob) -> list[CachedManifest]:
        """Find images by a pattern.

        Args:
            rules: of the upstream whose images are looked at.
            glob: which, by the names of their repositories here.

        Raises:
            MetadataOutage: the database failed.
        """
        found: list[CachedManifest] = []
        looked_at, tagged = "", set[Digest]()
        after = ("", "")
        while page := await self._images.unused_since(
            rules.component, self._clock.now(), after, _PAGE
        ):
            after = (page[-1].name, page[-1].digest)
            for manifest in page:
                if not glob.repositories.matches(manifest.name):
                    continue
                if glob.tags is not None and manifest.name != looked_at:
                    looked_at, tagged = manifest.name, await self._tagged(manifest.name, glob)
                if glob.tags is None or manifest.digest in tagged:
                    found.append(manifest)
        return found

    async def _tagged(self, name: RepositoryName, glob: ImageGlob) -> set[Digest]:
        """Find the manifests of a repository that have one of the tags that a pattern means."""
        tagged: set[Digest] = set()
        after = ""
        while page := await self._metadata.tags(name, after, _PAGE):
            after = page[-1]
            for tag in page:
                if glob.matches(name, tag):
                    manifest = await self._metadata.manifest_by_tag(name, Tag(tag))
                    if manifest is not None:
                        tagged.add(manifest.digest)
        return tagged

    async def remove(
        self, rules: EvictionRules, chosen: Sequence[CachedManifest], evicted: Evicted
    ) -> None:
        """Remove manifests with all their tags, a few in each transaction, unless they are pinned.

        Args:
            rules: say what is pinned.
            chosen: what is to go.
            evicted: counts what goes, and what stays.

        Raises:
            MetadataOutage: the database failed.
        """
        for first in range(0, len(chosen), _BATCH):
            await self._remove(rules, chosen[first : first + _BATCH], evicted)
            await asyncio.sleep(_PAUSE_SECONDS)

    async def _remove(
        self, rules: EvictionRules, batch: Sequence[CachedManifest], evicted: Evicted
    ) -> None:
        now = self._clock.now()

        async def change(transaction: Transaction) -> Evicted:
            counted = Evicted()
            for manifest in batch:
                repository = await transaction.find_repository(manifest.name)
                if repository is None:
                    continue
                if await self._is_pinned(rules, transaction, repository, manifest):
                    counted.pinned += 1
                    continue
                changes = Changes(transaction, COLLECTOR, now, manifest.name, repository)
                if await changes.delete_manifest(manifest.digest) is not None:
                    counted.manifests += 1
            return counted

        counted = await self._metadata.change(change)
        evicted.manifests += counted.manifests
        evicted.pinned += counted.pinned

    async def _is_pinned(
        self,
        rules: EvictionRules,
        transaction: Transaction,
        repository: int,
        manifest: CachedManifest,
    ) -> bool:
        if not rules.pinned:
            return False
        name = rules.remote_name(manifest.name)
        if any(glob.matches_all(name) for glob in rules.pinned):
            return True
        pins = [glob for glob in rules.pinned if glob.tags and glob.repositories.matches(name)]
        if not pins:
            return False
        holders: list[Digest] = [
            manifest.digest,
            *await transaction.indexes_with(repository, manifest.digest, _INDEXES),
        ]
        for digest in holders:
            for tag in await transaction.tags_of(repository, digest):
                if any(glob.matches(name, tag) for glob in pins):
                    return True
        return False
