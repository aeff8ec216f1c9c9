"""Listing tags, repositories and referrers."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from dataclasses import dataclass

from entrepot.errors import Unauthenticated, UnknownName
from entrepot.oci.accessory import fallback_tag
from entrepot.oci.digest import Digest
from entrepot.oci.name import RepositoryName
from entrepot.ports.access import Access, Action, Caller, Kind
from entrepot.ports.metadata import MetadataReader, Referrer

# Behind every character that a repository's name may have.
_LAST = "~"

_REFERRERS_A_QUERY = 256
_REPOSITORIES_A_QUERY = 256


def next_visible(heads: Iterable[str], after: str) -> str | None:
    """Give where to look on in a list of names, in byte order, for those that begin with a head.

    Args:
        heads: the first components of all names that can be seen.
        after: the name behind which to look.

    Returns:
        A text with nothing between it and the next that can be seen, at or behind `after`; None
        where nothing that can be seen lies behind.
    """
    nearest: str | None = None
    for head in heads:
        below = f"{head}/"
        if after.startswith(below):
            return after  # in the middle of what can be seen
        first = head if after < head else below if after < below else None
        if first is not None and (nearest is None or first < nearest):
            nearest = first
    if nearest is None:
        return None
    return max(after, nearest[:-1] + chr(ord(nearest[-1]) - 1) + _LAST)


@dataclass(frozen=True, slots=True)
class Page:
    """A page of names, and whether there are more behind the last one."""

    names: list[str]
    more: bool


class Listing:
    """Lists what a caller may see.

    Args:
        metadata: what exists.
        access: who may see it.
    """

    def __init__(self, metadata: MetadataReader, access: Access) -> None:
        self._metadata = metadata
        self._access = access

    async def tags(self, caller: Caller, name: RepositoryName, after: str, limit: int) -> Page:
        """List a repository's tags in byte order.

        Args:
            caller: who asks.
            name: of which repository.
            after: the name behind which the page begins; it need not exist.
            limit: names at most; 0 gives an empty page without more behind it.

        Raises:
            Denied: the caller may not pull here.
            UnknownName: there is no such repository.
        """
        await self._access.require(caller, Action.PULL, name)
        tags = await self._metadata.tags(name, after, limit + 1) if limit else []
        if not tags and not await self._metadata.repository_exists(name):
            raise UnknownName(f"there is no repository {name}", {"name": name})
        return Page(tags[:limit], len(tags) > limit > 0)

    async def repositories(self, caller: Caller, after: str, limit: int) -> Page:
        """List repositories that have a manifest and that the caller may see, in byte order.

        Args:
            caller: who asks.
            after: the name behind which the page begins; it need not exist.
            limit: names at most; 0 gives an empty page without more behind it.

        Raises:
            Unauthenticated: the caller can see nothing at all, and might with other credentials.
        """
        reach = await self._access.reach(caller, Action.LIST)
        _check_token(caller)
        if caller.kind is Kind.ANONYMOUS and reach is not None and not reach:
            raise Unauthenticated
        names: list[str] = []
        batch = limit + 1  # what most callers may see fills the page at once
        while limit and len(names) <= limit:
            if reach is not None:
                start = next_visible(reach, after)
                if start is None:
                    break
                after = start
            found = await self._metadata.repositories(after, batch)
            names += [name for name in found if await self._access.may(caller, Action.LIST, name)]
            if len(found) < batch:
                break
            after = found[-1]
            batch = _REPOSITORIES_A_QUERY
            await asyncio.sleep(0)  # others have their turn: there may be very many
        return Page(names[:limit], len(names) > limit > 0)

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
        await self._access.require(caller, Action.PULL, name)
        listed = self._listed(name, subject, artifact_type, after)
        ahead = await anext(listed, None)
        async for found in self._with_subject(name, subject, artifact_type, after):
            while ahead is not None and ahead.digest < found.digest:
                yield ahead
                ahead = await anext(listed, None)
            yield found
        while ahead is not None:
            yield ahead
            ahead = await anext(listed, None)

    async def _with_subject(
        self, name: RepositoryName, subject: Digest, artifact_type: str | None, after: str
    ) -> AsyncIterator[Referrer]:
        while True:
            page = await self._metadata.referrers(
                name, subject, artifact_type, after, _REFERRERS_A_QUERY
            )
            if not page:
                return
            for referrer in page:
                yield referrer
            after = page[-1].digest
            await asyncio.sleep(0)  # others have their turn: large pages take long to read

    async def _listed(
        self, name: RepositoryName, subject: Digest, artifact_type: str | None, after: str
    ) -> AsyncGenerator[Referrer, None]:
        """List what a client that found no referrers API keeps under a tag of the subject's.

        What such an index lists and the repository has is a referrer, unless it says itself that
        it is about another subject (spec.md, "Referrers Tag Schema").
        """
        place: str | None = after
        while place is not None:
            found, place = await self._metadata.listed_referrers(
                name, fallback_tag(subject), place, _REFERRERS_A_QUERY
            )
            for referrer in found:
                if artifact_type in (None, referrer.artifact_type):
                    yield referrer
            if place is not None:
                await asyncio.sleep(0)  # others have their turn: such a list can be very long


def _check_token(caller: Caller) -> None:
    """Refuse a token that was not asked for the list: an empty list would not be true."""
    asked_for = caller.scoped or caller.delegated
    if asked_for and not any(Action.LIST in grant.actions for grant in caller.limits or ()):
        raise Unauthenticated("the token is not for lists of repositories", "insufficient_scope")
