"""Where tags pointed, and pointing them there again."""

from dataclasses import dataclass

from entrepot.errors import InvalidRequest, UnknownManifest, UnknownName
from entrepot.oci.digest import Digest
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Tag
from entrepot.ports.access import Access, Action, Caller
from entrepot.ports.clock import Clock
from entrepot.ports.metadata import Metadata, NewManifest, Transaction
from entrepot.ports.removal import TagChange, TagHistory
from entrepot.services.changes import Changes
from entrepot.services.images import RemovedImages
from entrepot.services.immutable import ImmutableTags
from entrepot.services.quotas import NoQuotas, Quotas
from entrepot.services.references import ManifestPolicy

MOST_STEPS = 10_000


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """A page of a tag's history, newest first, and whether there is more behind it."""

    changes: list[TagChange]
    more: bool


@dataclass(frozen=True, slots=True)
class RestoredTag:
    """Where a tag pointed before it was restored, and where it points now."""

    before: Digest | None
    now: Digest


class TagHistories:
    """Shows and undoes what happened to tags.

    Args:
        metadata: what exists.
        history: what was.
        access: who may see and change it.
        clock: tells the time.
        immutable: tags that stay.
        policy: what a manifest that is brought back may lack.
        quotas: how much may lie where.
    """

    def __init__(
        self,
        metadata: Metadata,
        history: TagHistory,
        access: Access,
        clock: Clock,
        immutable: ImmutableTags,
        policy: ManifestPolicy | None = None,
        quotas: Quotas | None = None,
    ) -> None:
        self._quotas: Quotas = quotas or NoQuotas()
        self._removed = RemovedImages(metadata, history, policy or ManifestPolicy(), self._quotas)
        self._metadata = metadata
        self._history = history
        self._access = access
        self._clock = clock
        self._immutable = immutable

    async def admit(self, caller: Caller, name: RepositoryName) -> None:
        """Return when the caller may restore tags here: asked before more of a request is read.

        Raises:
            Denied: the caller may not push here.
        """
        await self._access.require(caller, Action.PUSH, name)

    async def changes(
        self, caller: Caller, name: RepositoryName, tag: Tag, before: int | None, limit: int
    ) -> HistoryPage:
        """List what happened to a tag, newest first. It names accounts, so it asks for pushing.

        Args:
            caller: who asks.
            name: of the repository.
            tag: which need not exist any more.
            before: the number of the last change of the page before; None for the first page.
            limit: changes at most.

        Raises:
            Denied: the caller may not push here.
            UnknownName: there is no such repository.
        """
        await self._access.require(caller, Action.PUSH, name)
        changes = await self._history.changes(name, tag, before, limit + 1)
        if not changes and not await self._metadata.repository_exists(name):
            raise _no_repository(name)
        return HistoryPage(changes[:limit], len(changes) > limit)

    async def restore(
        self, caller: Caller, name: RepositoryName, tag: Tag, to: Digest | int = 1
    ) -> RestoredTag:
        """Point a tag at a manifest again that it pointed to before.

        A manifest that was removed comes back with it, as long as its blobs are there.

        Args:
            caller: who asks.
            name: of the repository.
            tag: which may have been deleted.
            to: the manifest; or how many of the newest changes are to be undone, 1 for the last.

        Raises:
            Denied: the caller may not push here.
            UnknownName: there is no such repository.
            UnknownManifest: the manifest is gone, or the tag never pointed to it.
            InvalidRequest: there are fewer changes, or the tag did not exist before them.
            ImmutableTag: the tag stays where it is.
            QuotaExceeded: there is no room for the manifest, or for one more tag.
        """
        await self._access.require(caller, Action.PUSH, name)
        now = self._clock.now()
        removed: NewManifest | None = None

        async def change(transaction: Transaction) -> RestoredTag | Digest:
            repository = await transaction.find_repository(name)
            if repository is None:
                raise _no_repository(name)
            made = Changes(transaction, caller, now, name, repository)
            limit = MOST_STEPS if isinstance(to, Digest) else to
            changes = await transaction.tag_changes(repository, tag, limit)
            digest = _find(changes, name, tag, to)
            manifest = await transaction.find_manifest(repository, digest)
            if manifest is None:
                if removed is None or removed.digest != digest:
                    return digest
                manifest = await self._removed.keep(made, removed)
            place = (repository, name)
            await self._immutable.check_move(transaction, caller, place, tag, digest)
            state = await transaction.tag(repository, tag)
            await made.move_tag(tag, manifest, digest)
            return RestoredTag(None if state is None else state.digest, digest)

        guarded = self._quotas.guarded(name, change)
        while isinstance(done := await self._metadata.change(guarded), Digest):
            removed = await self._removed.prepare(caller, name, done, now)
        return done


def _find(changes: list[TagChange], name: RepositoryName, tag: Tag, to: Digest | int) -> Digest:
    if isinstance(to, Digest):
        if any(to in (change.old_digest, change.new_digest) for change in changes):
            return to
        raise UnknownManifest(
            f"the history of {tag} in {name} has no {to}", {"name": name, "digest": to}
        )
    if len(changes) < to or to < 1:
        raise InvalidRequest(
            f"the history of {tag} in {name} has {len(changes)} changes to undo, not {to}",
            {"name": name, "tag": tag},
        )
    digest = changes[to - 1].old_digest
    if digest is None:
        raise InvalidRequest(
            f"there was no tag {tag} in {name} before that change", {"name": name, "tag": tag}
        )
    return digest


def _no_repository(name: RepositoryName) -> UnknownName:
    return UnknownName(f"there is no repository {name}", {"name": name})
