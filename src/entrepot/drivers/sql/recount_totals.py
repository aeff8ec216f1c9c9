"""Counts namespaces and the registry from nothing; called within a transaction."""

import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from entrepot.ports.usage import CounterDifference

Queries = Mapping[str, str]

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


def recount_namespaces(
    connection: sqlite3.Connection, queries: Queries, *, repair: bool
) -> Iterator[CounterDifference]:
    """Compare every namespace's counters with what its repositories and blobs come to.

    Holds eight numbers a namespace in memory.

    Args:
        connection: in a transaction.
        queries: of this driver, by name.
        repair: set wrong counters right.
    """
    counted = _sum_namespaces(connection, queries)
    after = 0
    while rows := _page(connection, queries["kept_namespaces"], after=after):
        after = rows[-1][0]
        for number, name, *kept in rows:
            wanted = counted[number]
            found = _compare("namespace", name, _NAMESPACE, kept, wanted)
            yield from found
            if wanted["names"] == 0:  # it has no repository any more
                yield CounterDifference("namespace", name, "rows", 1, 0)
                if repair:
                    connection.execute(queries["drop_namespace"], {"id": number})
            elif found and repair:
                values = {counter: wanted[counter] for counter in _NAMESPACE}
                connection.execute(queries["set_namespace"], {"id": number, **values})


def recount_registry(
    connection: sqlite3.Connection, queries: Queries, *, repair: bool
) -> Iterator[CounterDifference]:
    """Compare the registry's counters with what its repositories and blobs come to.

    Args:
        connection: in a transaction.
        queries: of this driver, by name.
        repair: set wrong counters right.
    """
    counted: Counter[str] = Counter()
    for row in _repositories(connection, queries):
        counted.update(dict(zip(_REGISTRY[:4], row[2:], strict=True)))
    before = None
    for blob, _, size in _held_blobs(connection, queries):
        if blob != before:
            counted.update(blobs=1, blob_bytes=size)
        before = blob
    after = 0
    while rows := _page(connection, queries["known_sizes"], after=after):
        after = rows[-1][0]
        counted.update(known_blobs=len(rows), known_bytes=sum(size for _, size in rows))
    row = connection.execute(queries["kept_registry"]).fetchone()
    found = _compare("registry", "", _REGISTRY, list(row or [0] * len(_REGISTRY)), counted)
    yield from found
    if found and repair:
        values = {counter: counted[counter] for counter in _REGISTRY}
        connection.execute(queries["set_registry"], values)


def _sum_namespaces(
    connection: sqlite3.Connection, queries: Queries
) -> defaultdict[int, Counter[str]]:
    counted: defaultdict[int, Counter[str]] = defaultdict(Counter)
    for _, namespace, *numbers in _repositories(connection, queries):
        sums = counted[namespace]
        sums["names"] += 1
        for counter, number in zip(_NAMESPACE[1:5], numbers, strict=True):
            sums[counter] += number
    # Rows come blob by blob: the one before is its namespace's own when no second one follows.
    before, alone, last_size, last = None, False, 0, 0
    for blob, namespace, size in _held_blobs(connection, queries):
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


def _repositories(connection: sqlite3.Connection, queries: Queries) -> Iterator[tuple[int, ...]]:
    after = 0
    while rows := _page(connection, queries["sums_of_repositories"], after=after):
        after = rows[-1][0]
        yield from rows


def _held_blobs(connection: sqlite3.Connection, queries: Queries) -> Iterator[tuple[int, int, int]]:
    blob, namespace = 0, 0
    while rows := _page(connection, queries["sizes_by_namespace"], blob=blob, namespace=namespace):
        blob, namespace = rows[-1][:2]
        yield from rows


def _page(connection: sqlite3.Connection, query: str, **parameters: Any) -> list[Any]:
    return connection.execute(query, {**parameters, "limit": _PAGE}).fetchall()


def _compare(
    scope: str, name: str, counters: tuple[str, ...], kept: list[int], counted: Counter[str]
) -> list[CounterDifference]:
    return [
        CounterDifference(scope, name, counter, old, counted[counter])
        for counter, old in zip(counters, kept, strict=True)
        if old != counted[counter]
    ]
