"""Counts from nothing what triggers count, and sets right what differs.

Each page is one transaction: what is kept and what there is are of one moment, whatever else
changes the database meanwhile.
"""

from collections import Counter
from collections.abc import Awaitable, Callable

from entrepot.drivers.sql.database import Database, Result, Session
from entrepot.drivers.sql.recount_totals import recount_namespaces, recount_registry
from entrepot.ports.usage import CounterDifference, RecountPage

_BEHIND_ALL = 2**62
COUNTERS = (
    "tags",
    "manifests",
    "manifest_bytes",
    "blobs",
    "blob_bytes",
    "exclusive_bytes",
    "referenced_bytes",
)


class SqlUsageRecount:
    """Implements `UsageRecount`.

    Args:
        database: has the counters, and what they count.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def repositories(self, after: int, limit: int, *, repair: bool) -> RecountPage:
        """Recount repositories, by number."""

        async def work(session: Session) -> RecountPage:
            differences: list[CounterDifference] = []
            rows = await session.rows("recount_repositories", after=after, limit=limit)
            end = rows[-1][0] if len(rows) == limit else None
            for number, name, namespace, *numbers in rows:
                kept, counted = numbers[: len(COUNTERS)], numbers[len(COUNTERS) :]
                found = _differences(name, namespace, kept, counted)
                differences += found
                if found and repair:
                    await _restore(session, number, name, dict(zip(COUNTERS, counted, strict=True)))
            strays = await session.column(
                "stray_repository_usage", after=after, until=_BEHIND_ALL if end is None else end
            )
            for number in strays:
                differences.append(CounterDifference("repository", f"#{number}", "rows", 1, 0))
                if repair:
                    await session.run("drop_repository_usage", repository=number)
            return RecountPage(differences, end)

        return await self._at_one_moment(work, repair)

    async def shared_blobs(self, after: int, limit: int, *, repair: bool) -> RecountPage:
        """Recount how many repositories of each namespace have a blob, by the blobs' numbers."""

        async def work(session: Session) -> RecountPage:
            page = await session.column("page_of_blobs", after=after, limit=limit)
            end = page[-1] if len(page) == limit else None
            span = {"after": after, "until": _BEHIND_ALL if end is None else end}
            counted = Counter(await session.rows("links_by_namespace", **span))
            rows = await session.rows("counted_links", **span)
            kept = {(blob, namespace): number for blob, namespace, number in rows}
            differences = [
                CounterDifference(
                    "blob",
                    f"#{blob} in namespace #{namespace}",
                    "repositories",
                    kept.get((blob, namespace), 0),
                    counted[blob, namespace],
                )
                for blob, namespace in _wrong_pairs(kept, counted)
            ]
            if repair:
                for blob, namespace in _wrong_pairs(kept, counted):
                    await _restore_links(session, blob, namespace, counted[blob, namespace])
            return RecountPage(differences, end)

        return await self._at_one_moment(work, repair)

    async def totals(self, *, repair: bool) -> list[CounterDifference]:
        """Recount the namespaces and the registry from what the other two count."""

        async def work(session: Session) -> list[CounterDifference]:
            return [
                *await recount_namespaces(session, repair=repair),
                *await recount_registry(session, repair=repair),
            ]

        return await self._at_one_moment(work, repair)

    async def _at_one_moment(
        self, work: Callable[[Session], Awaitable[Result]], changing: bool
    ) -> Result:
        if changing:
            return await self._database.transaction(work)
        async with self._database.reading() as session:
            return await work(session)


async def _restore(session: Session, number: int, name: str, counted: dict[str, int]) -> None:
    namespace = name.partition("/")[0]
    await session.run("restore_namespace", namespace=namespace)
    await session.run("restore_repository_usage", repository=number, namespace=namespace, **counted)


async def _restore_links(session: Session, blob: int, namespace: int, repositories: int) -> None:
    if repositories:
        await session.run(
            "restore_namespace_blob", blob=blob, namespace=namespace, repositories=repositories
        )
    else:
        await session.run("drop_namespace_blob", blob=blob, namespace=namespace)


def _wrong_pairs(
    kept: dict[tuple[int, int], int], counted: Counter[tuple[int, ...]]
) -> list[tuple[int, int]]:
    pairs = sorted({(blob, namespace) for blob, namespace in counted} | kept.keys())
    return [pair for pair in pairs if counted[pair] != kept.get(pair, 0)]


def _differences(
    name: str, namespace: str | None, kept: list[int | None], counted: list[int]
) -> list[CounterDifference]:
    found = [
        CounterDifference("repository", name, counter, old or 0, new)
        for counter, old, new in zip(COUNTERS, kept, counted, strict=True)
        if (old or 0) != new
    ]
    if namespace != name.partition("/")[0]:  # the row is lost, or its namespace's
        found.append(CounterDifference("repository", name, "rows", 0, 1))
    return found
