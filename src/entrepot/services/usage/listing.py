"""Lists of what lies where, as people ask for them (docs/usage.md has each word)."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from heapq import nlargest
from operator import attrgetter

from entrepot.ports.uploads import UploadSessions
from entrepot.ports.usage import UsageReader, UsageRow

_PAGE = 250
_TAGS_A_PAGE = 100
_END_OF_TIME = 2**62


class Scope(StrEnum):
    """What usage is told of."""

    REPOSITORY = "repository"
    NAMESPACE = "namespace"
    TAG = "tag"


class Order(StrEnum):
    """By what a list can be sorted; all but names put the most first."""

    NAME = "name"
    BYTES = "bytes"
    LOGICAL = "logical"
    SHARED = "shared"
    EXCLUSIVE = "exclusive"
    RECLAIMABLE = "reclaimable"
    TAGS = "tags"


@dataclass(frozen=True, slots=True)
class Total:
    """What the registry has: numbers of things first, then bytes.

    Attributes:
        repositories: those that have a manifest.
        tags: number of them.
        manifests: number of them.
        blobs: those that a repository has, each once.
        bytes: these blobs and the manifests.
        reclaimable: what waits to be collected, uploads under way included.
        uploads: of these, what unfinished uploads have.
    """

    repositories: int
    tags: int
    manifests: int
    blobs: int
    bytes: int
    reclaimable: int
    uploads: int


async def list_usage(reader: UsageReader, scope: Scope) -> AsyncIterator[list[UsageRow]]:
    """List usage by name; tags as `repository:tag`.

    Args:
        reader: knows it.
        scope: of repositories, of namespaces, or of every tag of every repository.

    Yields:
        A page.

    Raises:
        MetadataOutage: the database failed.
    """
    if scope is Scope.NAMESPACE:
        async for page in _pages(reader.namespaces, _PAGE):
            yield page
        return
    async for page in _pages(reader.repositories, _PAGE):
        if scope is Scope.REPOSITORY:
            yield page
            continue
        for repository in page:
            async for tags in _pages(partial(reader.tags, repository.id), _TAGS_A_PAGE):
                yield [tag._replace(name=f"{repository.name}:{tag.name}") for tag in tags]


async def arrange(
    pages: AsyncIterator[list[UsageRow]], order: Order, top: int | None
) -> list[UsageRow]:
    """Sort a list, and cut it.

    Args:
        pages: by name.
        order: by what; of equals, the first by name comes first.
        top: how many at most; only so many are held in memory. None for all.
    """
    size = attrgetter(order)
    found: list[UsageRow] = []
    async for page in pages:
        found += page
        if order is Order.NAME and top is not None and len(found) >= top:
            break
        if order is not Order.NAME and top is not None:
            found = nlargest(top, found, key=size)
    if order is not Order.NAME and top is None:
        found.sort(key=size, reverse=True)
    return found[:top]


async def count_total(reader: UsageReader, sessions: UploadSessions) -> Total:
    """Tell what the registry has.

    Raises:
        MetadataOutage: a database failed.
    """
    registry = await reader.registry()
    waiting = await reader.reclaimable()
    uploads, after = 0, ""
    # Before the end of time every session is idle, so these pages are all of them.
    while page := await sessions.idle_since(_END_OF_TIME, after, _PAGE):
        uploads += sum(session.state.received for session in page)
        after = page[-1].id
    return Total(
        registry.repositories,
        registry.tags,
        registry.manifests,
        registry.blobs,
        registry.blob_bytes + registry.manifest_bytes,
        waiting.total + uploads,
        uploads,
    )


async def _pages(
    fetch: Callable[[str, int], Awaitable[list[UsageRow]]], limit: int
) -> AsyncIterator[list[UsageRow]]:
    after = ""
    while page := await fetch(after, limit):
        yield page
        after = page[-1].name
