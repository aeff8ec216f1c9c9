"""Makes room in mirrors: what was not pulled for long goes, least recently pulled first.

A manifest goes with its tags; the collector follows with the blobs that nothing else needs. What
is pinned stays, and so do the images of an index that is pinned by a tag.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, replace

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
            for first in range(0, len(page), _BATCH):
                await self.remove(rules, page[first : first + _BATCH], evicted)
                await asyncio.sleep(_PAUSE_SECONDS)
        return evicted

    async def purge(
        self, rules: EvictionRules, glob: ImageGlob, *, dry_run: bool = False
    ) -> list[CachedManifest]:
        """Remove images by a pattern, pinned ones too; gives their manifests.

        Args:
            rules: of the upstream whose images are looked at.
            glob: which, by the names of their repositories here. A manifest goes with all its tags.
            dry_run: remove nothing.

        Raises:
            MetadataOutage: the database failed.
        """
        unpinned = replace(rules, pinned=())
        found: list[CachedManifest] = []
        tagged: set[Digest] = set()
        after = ("", "")
        while page := await self._images.unused_since(
            rules.component, self._clock.now(), after, _PAGE
        ):
            chosen = []
            for manifest in page:
                if not glob.repositories.matches(manifest.name):
                    continue
                if glob.tags is not None and manifest.name != after[0]:
                    tagged = await self._tagged(manifest.name, glob)
                if glob.tags is None or manifest.digest in tagged:
                    chosen.append(manifest)
                after = (manifest.name, manifest.digest)
            after = (page[-1].name, page[-1].digest)
            found += chosen
            for first in range(0, 0 if dry_run else len(chosen), _BATCH):
                await self.remove(unpinned, chosen[first : first + _BATCH], Evicted())
                await asyncio.sleep(_PAUSE_SECONDS)
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
        self, rules: EvictionRules, chosen: Iterable[CachedManifest], evicted: Evicted
    ) -> None:
        """Remove manifests in one transaction, unless they are pinned.

        Args:
            rules: say what is pinned.
            chosen: few, for others wait while they are removed.
            evicted: counts what goes, and what stays.

        Raises:
            MetadataOutage: the database failed.
        """
        batch, now = list(chosen), self._clock.now()

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
