"""Pushing manifests (spec.md, "Pushing manifests")."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

from entrepot.errors import InvalidDigest, InvalidManifest
from entrepot.oci.digest import DEFAULT_ALGORITHM, Digest
from entrepot.oci.manifest import Manifest, parse_manifest
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Reference, Tag
from entrepot.oci.stored_manifest import parse_stored_manifest
from entrepot.ports.access import Access, Action, Caller
from entrepot.ports.clock import Clock
from entrepot.ports.metadata import Metadata, NewManifest, Transaction
from entrepot.services.changes import Changes
from entrepot.services.immutable import ImmutableTags
from entrepot.services.quotas import NoQuotas, Quotas
from entrepot.services.references import ManifestPolicy, check_references, check_urls

_READ_INLINE = 64 * 1024
"""Bytes of a manifest that are read on the event loop; larger ones are read in a thread."""


@dataclass(frozen=True, slots=True)
class PushedManifest:
    """What a push has done; oddities are why a manifest would not be taken from a client."""

    digest: Digest
    subject: Digest | None
    tags: tuple[Tag, ...]
    oddities: tuple[str, ...] = ()


class Push:
    """Takes manifests.

    Args:
        metadata: what exists.
        access: who may push.
        clock: tells the time.
        policy: what a manifest may refer to.
        quotas: how much may lie where.
        immutable: tags that stay.
    """

    def __init__(
        self,
        metadata: Metadata,
        access: Access,
        clock: Clock,
        policy: ManifestPolicy,
        quotas: Quotas | None = None,
        immutable: ImmutableTags | None = None,
    ) -> None:
        self._immutable = immutable or ImmutableTags()
        self._quotas: Quotas = quotas or NoQuotas()
        self._metadata = metadata
        self._access = access
        self._clock = clock
        self._policy = policy
        # One at a time: a manifest that is being read takes a dozen times its size.
        self._reader = ThreadPoolExecutor(1, "manifest")

    async def admit(self, caller: Caller, name: RepositoryName) -> None:
        """Return when the caller may push here: asked before the payload is read.

        Raises:
            Denied: the caller may not.
        """
        await self._access.require(caller, Action.PUSH, name)

    async def manifest(
        self,
        caller: Caller,
        name: RepositoryName,
        reference: Reference,
        payload: bytes,
        content_type: str,
        tags: tuple[Tag, ...] = (),
        *,
        served_before: bool = False,
    ) -> PushedManifest:
        """Keep a manifest and point tags at it, in one step.

        Args:
            caller: who pushes.
            name: into which repository.
            reference: the tag to move, or the digest that the payload must have.
            payload: the manifest's bytes.
            content_type: as it was sent.
            tags: further tags to move.
            served_before: another registry has served it, so it is taken as odd as it is.

        Raises:
            Denied: the caller may not push here.
            InvalidManifest: it cannot be read, or contradicts itself or what is stored.
            InvalidDigest: it does not have the digest that was given.
            UnknownReferences: it refers to what the repository does not have.
            ImmutableTag: a tag would move that stays.
            QuotaExceeded: there is no room for it, for a new tag or for a new repository.
        """
        await self._access.require(caller, Action.PUSH, name)
        read = partial(self._read, payload, reference, content_type, stored=served_before)
        if len(payload) <= _READ_INLINE:
            digest, manifest = read()
        else:
            digest, manifest = await asyncio.get_running_loop().run_in_executor(self._reader, read)
        moved = tags if isinstance(reference, Digest) else (reference, *tags)
        moved = tuple(dict.fromkeys(moved))
        now = self._clock.now()
        new = NewManifest(digest, payload, manifest, now)
        guarded = self._immutable.concerns(caller, name)

        async def change(transaction: Transaction) -> list[InvalidManifest]:
            changes = await Changes.into(transaction, caller, now, name)
            repository = changes.repository
            wrong = await check_references(transaction, repository, manifest, self._policy)
            if wrong and not served_before:
                raise wrong[0]
            number = await changes.push_manifest(new)
            for tag in moved:
                if guarded:
                    place = (repository, name)
                    await self._immutable.check_move(transaction, caller, place, tag, digest)
                await changes.move_tag(tag, number, digest)
            return wrong

        wrong = await self._metadata.change(self._quotas.guarded(name, change))
        subject = manifest.subject
        oddities = [manifest.oddity, *(error.message for error in wrong)]
        return PushedManifest(
            digest, subject.digest if subject else None, moved, tuple(filter(None, oddities))
        )

    def _read(
        self, payload: bytes, reference: Reference, content_type: str, *, stored: bool
    ) -> tuple[Digest, Manifest]:
        digest = _digest_of(payload, reference)
        parse = parse_stored_manifest if stored else parse_manifest
        manifest = parse(payload, content_type)
        check_urls(manifest, self._policy)
        return digest, manifest


def _digest_of(payload: bytes, reference: Reference) -> Digest:
    if not isinstance(reference, Digest):
        return Digest.of(payload, DEFAULT_ALGORITHM)
    digest = Digest.of(payload, reference.algorithm)
    if digest != reference:
        raise InvalidDigest(
            f"the manifest has the digest {digest}, not {reference}",
            {"digest": reference, "received": digest},
        )
    return digest
