"""Counts from nothing what triggers count, and sets right what differs.

Each page is one transaction: what is kept and what there is are of one moment, whatever else
changes the database meanwhile.
"""

import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from entrepot.drivers.sql.engines.sqlite.connection import connect
from entrepot.drivers.sql.engines.sqlite.failures import translate
from entrepot.drivers.sql.queries import load_queries
from entrepot.drivers.sql.recount_totals import recount_namespaces, recount_registry
from entrepot.ports.usage import CounterDifference, RecountPage

_QUERIES = load_queries()
_BUSY_WAIT_MILLISECONDS = 10_000
COUNTERS = (
    "tags",
    "manifests",
    "manifest_bytes",
    "blobs",
    "blob_bytes",
    "exclusive_bytes",
    "referenced_bytes",
)


class SqliteUsageRecount:
    """Implements `UsageRecount`, on a connection of its own. It waits where the database does.

    Args:
        path: the file, which must have been migrated.

    Raises:
        MetadataOutage: it cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        self._connection = connect(path, durable=True)
        self._connection.execute(f"PRAGMA busy_timeout = {_BUSY_WAIT_MILLISECONDS}")

    async def repositories(self, after: int, limit: int, *, repair: bool) -> RecountPage:
        """Recount repositories, by number."""
        differences: list[CounterDifference] = []
        with self._at_one_moment(repair):
            rows = self._run("recount_repositories", after=after, limit=limit).fetchall()
            end = rows[-1][0] if len(rows) == limit else None
            for number, name, namespace, *numbers in rows:
                kept, counted = numbers[: len(COUNTERS)], numbers[len(COUNTERS) :]
                found = _differences(name, namespace, kept, counted)
                differences += found
                if found and repair:
                    self._restore(number, name, dict(zip(COUNTERS, counted, strict=True)))
            strays = self._run(
                "stray_repository_usage", after=after, until=end if end is not None else 2**62
            ).fetchall()
            for (number,) in strays:
                differences.append(CounterDifference("repository", f"#{number}", "rows", 1, 0))
                if repair:
                    self._run("drop_repository_usage", repository=number)
        return RecountPage(differences, end)

    async def shared_blobs(self, after: int, limit: int, *, repair: bool) -> RecountPage:
        """Recount how many repositories of each namespace have a blob, by the blobs' numbers."""
        differences: list[CounterDifference] = []
        with self._at_one_moment(repair):
            page = self._run("page_of_blobs", after=after, limit=limit).fetchall()
            end = page[-1][0] if len(page) == limit else None
            span = {"after": after, "until": end if end is not None else 2**62}
            counted = Counter(self._run("links_by_namespace", **span).fetchall())
            rows = self._run("counted_links", **span).fetchall()
            kept = {(blob, namespace): number for blob, namespace, number in rows}
            for blob, namespace in sorted(counted.keys() | kept.keys()):
                pair = (blob, namespace)
                if counted[pair] == kept.get(pair, 0):
                    continue
                difference = CounterDifference(
                    "blob",
                    f"#{blob} in namespace #{namespace}",
                    "repositories",
                    kept.get(pair, 0),
                    counted[pair],
                )
                differences.append(difference)
                if repair:
                    self._restore_links(blob, namespace, counted[pair])
        return RecountPage(differences, end)

    async def totals(self, *, repair: bool) -> list[CounterDifference]:
        """Recount the namespaces and the registry from what the other two count."""
        with self._at_one_moment(repair):
            return [
                *recount_namespaces(self._connection, _QUERIES, repair=repair),
                *recount_registry(self._connection, _QUERIES, repair=repair),
            ]

    def close(self) -> None:
        """Let go of the database."""
        self._connection.close()

    def _restore(self, number: int, name: str, counted: dict[str, int]) -> None:
        namespace = name.partition("/")[0]
        self._run("restore_namespace", namespace=namespace)
        self._run("restore_repository_usage", repository=number, namespace=namespace, **counted)

    def _restore_links(self, blob: int, namespace: int, repositories: int) -> None:
        if repositories:
            self._run(
                "restore_namespace_blob",
                blob=blob,
                namespace=namespace,
                repositories=repositories,
            )
        else:
            self._run("drop_namespace_blob", blob=blob, namespace=namespace)

    @contextmanager
    def _at_one_moment(self, changing: bool) -> Iterator[None]:
        try:
            self._connection.execute("BEGIN IMMEDIATE" if changing else "BEGIN")
            try:
                yield
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            raise translate(error) from error

    def _run(self, query: str, **parameters: Any) -> sqlite3.Cursor:
        return self._connection.execute(_QUERIES[query], parameters)


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
