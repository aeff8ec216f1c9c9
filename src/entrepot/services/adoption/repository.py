"""Adopts one repository: its blobs, manifests and tags, in this order."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence

from entrepot.oci.digest import Digest
from entrepot.oci.name import RepositoryName
from entrepot.ports.adoption import AdoptedTag, AdoptionStore, Finding, FindingKind, LinkedBlob
from entrepot.ports.foreign import ForeignRegistry, Link, TagLink
from entrepot.ports.metadata import NewManifest
from entrepot.services.adoption.blobs import damaged, look_at_layer
from entrepot.services.adoption.manifests import peculiarities, read_manifest
from entrepot.services.adoption.needs import Needs
from entrepot.services.adoption.read_ahead import read_ahead
from entrepot.services.adoption.reading import FolderReading

_BAD_MANIFESTS = frozenset(
    {
        FindingKind.EMPTY_LINK,
        FindingKind.MALFORMED_LINK,
        FindingKind.MISSING_PAYLOAD,
        FindingKind.DAMAGED_MANIFEST,
        FindingKind.SCHEMA_1,
        FindingKind.REFUSED_MANIFEST,
    }
)


class RepositoryAdoption:
    """Adopts one repository. Doing it again after a kill ends with the same rows.

    Args:
        source: the other registry's directory.
        store: takes what is made known.
        damaged: blobs whose bytes are known to be wrong; more are added.
        name: of the repository.
        created_at: microseconds since 1970, UTC.
        step: awaited after each batch.
        since: when the newest link was written that was read before, in microseconds since 1970 by
            the clock of the file system; None where nothing was.
        update: take only what has changed since then.
    """

    def __init__(
        self,
        source: ForeignRegistry,
        store: AdoptionStore,
        damaged: set[Digest],
        name: RepositoryName,
        created_at: int,
        step: Callable[[], Awaitable[None]],
        since: int | None = None,
        *,
        update: bool = False,
    ) -> None:
        self._source = source
        self._store = store
        self._damaged = damaged
        self._name = name
        self._created_at = created_at
        self._step = step
        self._number = 0
        self._refused: dict[str, FindingKind] = {}
        self._needs = Needs(source, store, damaged)
        self._since = since
        self._folder = FolderReading(source, name, since if update else None)

    async def run(self) -> None:
        """Adopt it."""
        await asyncio.to_thread(self._folder.prepare)
        known_tags = await self._store.tree_tags(self._name)
        is_copied: bool = await asyncio.to_thread(self._folder.is_copied, known_tags)
        if is_copied:
            detail = "`entrepot adopt --again` takes what is new in it"
            found = Finding(FindingKind.COPIED_REPOSITORY, "", self._name, detail)
            await self._store.note([found])
            await self._store.keep_tree(self._name, self._folder.mark, known_tags)
            return
        if await asyncio.to_thread(self._source.is_populated, self._name):
            self._number = await self._store.repository(self._name, self._created_at)
            await self._adopt_layers()
            await self._adopt_manifests()
            await self._adopt_tags()
            await self._delete(known_tags)
            await self._check_children()
        async for uploads in read_ahead(self._source.uploads(self._name)):
            await self._store.note(uploads)
        await self._store.keep_tree(self._name, self._folder.mark, self._folder.tags)
        await self._store.reached(self._name)

    async def _adopt_layers(self) -> None:
        async for batch in read_ahead(self._layers()):
            found = [item for item in batch if isinstance(item, LinkedBlob)]
            await self._store.note(item for item in batch if isinstance(item, Finding))
            self._damaged.update(_damaged_blobs(batch))
            await self._store.keep_blobs(self._number, found)
            await self._heal([linked.blob.digest for linked in found])
            await self._step()

    async def _heal(self, digests: Sequence[Digest]) -> None:
        """Serve blobs again whose bytes were gone, and were pushed to Docker Registry since."""
        for blob, since in await self._store.quarantined(digests):
            if await asyncio.to_thread(self._source.has_digest, blob.location, blob.digest):
                await self._store.release(blob, since)

    def _layers(self) -> Iterator[LinkedBlob | Finding]:
        for link in self._folder.layers():
            if isinstance(link, Finding):
                yield link
            elif link.digest in self._damaged or link.target in self._damaged:
                yield damaged(link.target)
            else:
                yield look_at_layer(self._source, self._name, link)

    async def _adopt_manifests(self) -> None:
        async for batch in read_ahead(self._manifests(), _payload_bytes):
            findings = [item for item in batch if isinstance(item, Finding)]
            for finding in findings:
                if finding.kind in _BAD_MANIFESTS:
                    self._refused[finding.reference] = finding.kind
            await self._store.note(findings)
            await self._keep([item for item in batch if isinstance(item, NewManifest)])
            await self._step()

    def _manifests(self) -> Iterator[NewManifest | Finding]:
        for link in self._folder.revisions():
            if isinstance(link, Finding):
                yield link
            else:
                yield read_manifest(self._source, self._name, link)

    async def _keep(self, manifests: Sequence[NewManifest]) -> None:
        known = await self._store.manifest_sizes(self._number, [new.digest for new in manifests])
        new = [manifest for manifest in manifests if manifest.digest not in known]
        await self._store.keep_manifests(self._number, new)
        await self._store.note(await self._needs.check(self._name, self._number, new))
        for manifest in new:
            await self._store.note(peculiarities(self._name, manifest))

    async def _adopt_tags(self) -> None:
        async for batch in read_ahead(self._folder.tag_links()):
            links = [item for item in batch if isinstance(item, TagLink)]
            await self._store.note(item for item in batch if isinstance(item, Finding))
            await self._adopt_manifests_among_layers(links)
            targets = {link.target for link in links}
            known = await self._store.manifest_sizes(self._number, targets)
            tags = [
                AdoptedTag(link.tag, link.target, link.modified_at)
                for link in links
                if link.target in known
            ]
            since = self._since
            moved = [tag for tag in tags if since is not None and tag.updated_at > since]
            await self._store.move_tags(self._number, moved)
            await self._store.keep_tags(self._number, tags)
            dangling = [link for link in links if link.target not in known]
            await self._store.note(self._dangling(link) for link in dangling)
            await self._step()

    async def _adopt_manifests_among_layers(self, links: Sequence[TagLink]) -> None:
        """Find manifests that Docker Registry 2.1.0 linked as layers; it still serves them."""
        targets = {link.target: link for link in links}
        known = await self._store.manifest_sizes(self._number, targets)
        wanted = [target for target in targets if target not in known]
        if not wanted:
            return
        layers = await self._store.blob_sizes(self._number, wanted)
        for target in (target for target in wanted if target in layers):
            link = Link(target, target, targets[target].modified_at)
            found = await asyncio.to_thread(read_manifest, self._source, self._name, link)
            if isinstance(found, NewManifest):
                await self._keep([found])

    async def _delete(self, known_tags: set[str]) -> None:
        """Delete what Docker Registry has deleted since, unless it was pushed here since."""
        since, now = self._since, self._folder.newest
        if since is None:
            return
        for digest in self._folder.removed:
            if await self._store.delete_manifest(self._number, digest, since, now):
                finding = Finding(FindingKind.DELETED_MANIFEST, self._name, digest, "")
                await self._store.note([finding])
        if not await asyncio.to_thread(self._source.has_tags, self._name):
            return
        for tag in sorted(known_tags - self._folder.tags):
            if await self._store.delete_tag(self._number, tag, since, now):
                await self._store.note([Finding(FindingKind.DELETED_TAG, self._name, tag, "")])

    def _dangling(self, link: TagLink) -> Finding:
        refused = self._refused.get(link.target)
        why = f"is not served ({refused})" if refused else "the repository does not have"
        detail = f"points to {link.target}, which {why}"
        return Finding(FindingKind.DANGLING_TAG, self._name, link.tag, detail)

    async def _check_children(self) -> None:
        missing = await self._store.missing_children(self._number)
        await self._store.note(
            Finding(FindingKind.MISSING_CHILD, self._name, index, f"it lists {child}, missing")
            for index, child in missing
        )


def _damaged_blobs(batch: Sequence[LinkedBlob | Finding]) -> list[Digest]:
    return [
        Digest(item.reference)
        for item in batch
        if isinstance(item, Finding) and item.kind is FindingKind.DAMAGED_BLOB
    ]


def _payload_bytes(item: NewManifest | Finding) -> int:
    return len(item.payload) if isinstance(item, NewManifest) else 0
