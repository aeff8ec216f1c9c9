"""Counts namespaces and the registry from nothing; called within a transaction."""

from collections import Counter, defaultdict
from collections.abc import AsyncIterator

from entrepot.drivers.sql.database import Row, Session
from entrepot.ports.usage import CounterDifference

_PAGE = 10_000
_NAMESPACE = (
    "names",
    "repositories",
    "tags",
    "manifests",
    "manifest_bytes",
    "blobs",
    "blob_bytes",
    "exclusive_bytes",
)
_REGISTRY = (
    "repositories",
    "tags",
    "manifests",
    "manifest_bytes",
    "blobs",
    "blob_bytes",
    "known_blobs",
    "known_bytes",
)


async def recount_namespaces(session: Session, *, repair: bool) -> list[CounterDifference]:
    """Compare every namespace's counters with what its repositories and blobs come to.

    Holds eight numbers a namespace in memory.

    Args:
        session: of a transaction, or a reading one where nothing is repaired.
        repair: set wrong counters right.
    """
    counted = await _sum_namespaces(session)
    differences: list[CounterDifference] = []
    after = 0
    while rows := await session.rows("kept_namespaces", after=after, limit=_PAGE):
        after = rows[-1][0]
        for number, name, *kept in rows:
            wanted = counted[number]
            found = _compare("namespace", name, _NAMESPACE, kept, wanted)
            differences += found
            if wanted["names"] == 0:  # it has no repository any more
                differences.append(CounterDifference("namespace", name, "rows", 1, 0))
                if repair:
                    await session.run("drop_namespace", id=number)
            elif found and repair:
                values = {counter: wanted[counter] for counter in _NAMESPACE}
                await session.run("set_namespace", id=number, **values)
    return differences


async def recount_registry(session: Session, *, repair: bool) -> list[CounterDifference]:
    """Compare the registry's counters with what its repositories and blobs come to.

    Args:
        session: of a transaction, or a reading one where nothing is repaired.
        repair: set wrong counters right.
    """
    counted: Counter[str] = Counter()
    async for row in _repositories(session):
        counted.update(dict(zip(_REGISTRY[:4], row[2:], strict=True)))
    before = None
    async for blob, _, size in _held_blobs(session):
        if blob != before:
            counted.update(blobs=1, blob_bytes=size)
        before = blob
    after = 0
    while rows := await session.rows("known_sizes", after=after, limit=_PAGE):
        after = rows[-1][0]
        counted.update(known_blobs=len(rows), known_bytes=sum(size for _, size in rows))
    kept = await session.rows("kept_registry")
    found = _compare(
        "registry", "", _REGISTRY, list(kept[0]) if kept else [0] * len(_REGISTRY), counted
    )
    if found and repair:
        values = {counter: counted[counter] for counter in _REGISTRY}
        await session.run("set_registry", **values)
    return found


async def _sum_namespaces(session: Session) -> defaultdict[int, Counter[str]]:
    counted: defaultdict[int, Counter[str]] = defaultdict(Counter)
    async for _, namespace, *numbers in _repositories(session):
        sums = counted[namespace]
        sums["names"] += 1
        for counter, number in zip(_NAMESPACE[1:5], numbers, strict=True):
            sums[counter] += number
    # Rows come blob by blob: the one before is its namespace's own when no second one follows.
    before, alone, last_size, last = None, False, 0, 0
    async for blob, namespace, size in _held_blobs(session):
        if blob != before:
            if alone:
                counted[last]["exclusive_bytes"] += last_size
            before, alone, last_size, last = blob, True, size, namespace
        else:
            alone = False
        counted[namespace]["blobs"] += 1
        counted[namespace]["blob_bytes"] += size
    if alone:
        counted[last]["exclusive_bytes"] += last_size
    return counted


async def _repositories(session: Session) -> AsyncIterator[Row]:
    after = 0
    while rows := await session.rows("sums_of_repositories", after=after, limit=_PAGE):
        after = rows[-1][0]
        for row in rows:
            yield row


async def _held_blobs(session: Session) -> AsyncIterator[Row]:
    blob, namespace = 0, 0
    while rows := await session.rows(
        "sizes_by_namespace", blob=blob, namespace=namespace, limit=_PAGE
    ):
        blob, namespace = rows[-1][:2]
        for row in rows:
            yield row


def _compare(
    scope: str, name: str, counters: tuple[str, ...], kept: list[int], counted: Counter[str]
) -> list[CounterDifference]:
    return [
        CounterDifference(scope, name, counter, old, counted[counter])
        for counter, old in zip(counters, kept, strict=True)
        if old != counted[counter]
    ]
