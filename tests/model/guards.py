"""The guards of the collector, and how each is taken out.

docs/decisions/0015-collecting-while-serving.md lists them with the same names. Nothing in the
program can switch one off: a test replaces functions and queries.
"""

import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from entrepot.drivers.filesystem import commit, durability, storage
from entrepot.drivers.filesystem.storage import FilesystemStorage
from entrepot.drivers.sql import metadata
from entrepot.drivers.sql.collection import SqliteCollectionQueue
from entrepot.drivers.sql.metadata import SqliteMetadata
from entrepot.drivers.sql.reader import QUERIES
from entrepot.errors import InvalidManifest
from entrepot.ports.collection import Batch, Kind, Removal, Why
from entrepot.services import images, push
from entrepot.services.collection import CollectionRules
from entrepot.services.promises import Promises
from tests.model import scheduler

TakeOut = Callable[[pytest.MonkeyPatch], None]


@dataclass(frozen=True)
class Guard:
    """One guard.

    Attributes:
        name: as the decision record has it.
        script: the story that dies without it.
        take_out: replaces it.
        kills: whether it takes a kill to need it.
        within: the task that makes a single step amid another's, and that other, where two
            preemptions are too few to need it.
    """

    name: str
    script: str
    take_out: TakeOut
    kills: bool = False
    within: tuple[str, str] | None = None


def change_query(name: str, old: str, new: str) -> TakeOut:
    """Replace a part of a query, which must be there once."""

    def take_out(patch: pytest.MonkeyPatch) -> None:
        assert QUERIES[name].count(old) == 1, QUERIES[name]
        patch.setitem(QUERIES, name, QUERIES[name].replace(old, new))

    return take_out


def no_tie(part: str) -> TakeOut:
    """Let one of the three things that hold a manifest not count."""
    return change_query(
        "manifest_ties",
        f"EXISTS (\n           SELECT 1 FROM {part}",
        f"0 AND EXISTS (\n           SELECT 1 FROM {part}",
    )


def no_tag_tie(patch: pytest.MonkeyPatch) -> None:
    """Let tags not count."""
    change_query("manifest_ties", "EXISTS (SELECT 1 FROM tags", "0 AND EXISTS (SELECT 1 FROM tags")(
        patch
    )


def no_grace(patch: pytest.MonkeyPatch) -> None:
    """Collect at once."""
    patch.setattr(CollectionRules, "due", lambda rules, now: now)


def no_slack(patch: pytest.MonkeyPatch) -> None:
    """Collect when the grace is over, though a promise may have been given a little later."""
    patch.setattr(CollectionRules, "due", lambda rules, now: now - int(rules.grace * 1_000_000))


def no_renewal(patch: pytest.MonkeyPatch) -> None:
    """Confirm without writing it down."""
    patch.setattr(metadata, "waits_since_before", lambda rows, before: False)


def moment_taken_before_waiting(patch: pytest.MonkeyPatch) -> None:
    """Count a promise from when it was asked for, not from when it is given."""
    real = Promises.stale_before

    def taken_now(promises: Promises) -> Callable[[], int]:
        moment = real(promises)
        return lambda: moment

    patch.setattr(Promises, "stale_before", property(taken_now))


def no_second_look_when_confirming(patch: pytest.MonkeyPatch) -> None:
    """Confirm what was there before the transaction."""
    real = SqliteMetadata._confirm

    async def confirm(
        database: SqliteMetadata,
        question: str,
        renewal: str,
        parameters: dict[str, Any],
        before: Callable[[], int],
    ) -> list[Any]:
        rows = await database._rows(question, parameters)
        await _turn("confirming")
        await real(database, question, renewal, parameters, before)
        return rows

    patch.setattr(SqliteMetadata, "_confirm", confirm)


def no_recheck_before_unlink(patch: pytest.MonkeyPatch) -> None:
    """Remove bytes without asking whether a blob lies there again."""

    async def delete(files: FilesystemStorage, location: Any, unless: Any) -> bool:
        async def never() -> bool:
            await unless()
            return False

        return await real(files, location, never)

    real = FilesystemStorage.delete
    patch.setattr(FilesystemStorage, "delete", delete)


def _open(folder: str) -> int:
    return os.open(folder, os.O_RDONLY | os.O_DIRECTORY)


def no_lock_of_who_commits(patch: pytest.MonkeyPatch) -> None:
    """Commit without holding the folder."""
    patch.setattr(durability, "hold_shared", _open)


def no_lock_of_who_removes(patch: pytest.MonkeyPatch) -> None:
    """Remove without holding the folder."""
    patch.setattr(storage, "hold_alone", _open)


def lock_only_until_the_rename(patch: pytest.MonkeyPatch) -> None:
    """Let go of the folder before the blob is known."""
    real = FilesystemStorage.commit

    @asynccontextmanager
    async def let_go(files: FilesystemStorage, *arguments: Any) -> AsyncIterator[Any]:
        async with real(files, *arguments) as location:
            kept = location
        yield kept

    patch.setattr(FilesystemStorage, "commit", let_go)
    assert commit is not None


def look_in_an_earlier_transaction(patch: pytest.MonkeyPatch) -> None:
    """Read whether a blob is needed first, and take the link a moment later."""

    async def collect_links(
        queue: SqliteCollectionQueue, before: int, limit: int, busy: frozenset[str]
    ) -> Batch:
        rows = await queue._database.rows("due_links", before=before, limit=limit)
        await _turn("looked")

        async def work(connection: Any) -> Batch:
            removed = []
            for repository, blob, name, digest, size, needed in rows:
                link = {"repository": repository, "blob": blob}
                query = "delete_link_candidate" if needed else "delete_link"
                connection.execute(QUERIES[query], link)
                removed.append(Removal(Kind.LINK, name, digest, size, Why.UNNEEDED))
            return Batch(len(rows), tuple(removed))

        return await queue._database.work(work) if rows else Batch(0)

    patch.setattr(SqliteCollectionQueue, "collect_links", collect_links)


def no_check_of_references(patch: pytest.MonkeyPatch) -> None:
    """Take a manifest without looking, in the same transaction, for what it needs."""

    async def check_references(*arguments: Any) -> list[InvalidManifest]:
        return []

    patch.setattr(push, "check_references", check_references)


def no_check_of_what_comes_back(patch: pytest.MonkeyPatch) -> None:
    """Bring a manifest back without looking for what it needs."""

    async def missing_references(*arguments: Any) -> list[str]:
        return []

    patch.setattr(images, "missing_references", missing_references)


def bytes_without_an_order(patch: pytest.MonkeyPatch) -> None:
    """Forget a blob without writing down that its bytes are to go."""
    query = (
        "INSERT INTO doomed_bytes (location, digest, size) SELECT :location, :digest, :size WHERE 0"
    )
    patch.setitem(QUERIES, "doom_bytes", query)


def order_struck_off_first(patch: pytest.MonkeyPatch) -> None:
    """Strike an order off when it is taken."""

    async def claim_bytes(queue: SqliteCollectionQueue, *arguments: Any) -> Any:
        claimed = await real(queue, *arguments)
        await queue.finish_bytes(arguments[0], [doomed.number for doomed in claimed])
        return claimed

    real = SqliteCollectionQueue.claim_bytes
    patch.setattr(SqliteCollectionQueue, "claim_bytes", claim_bytes)


async def _turn(what: str) -> None:
    if scheduler.CURRENT is not None:
        await scheduler.CURRENT.turn(what)


AGAIN = "a blob is pushed again"
BLIND = "a manifest comes for what nobody asked for"
ASKED = "a blob is asked for"
LEFTOVER = "a leftover is pushed while the sweep finds it"

GUARDS = [
    Guard(
        "references",
        "an image is deleted while its blob is asked for",
        change_query(
            "due_links",
            "EXISTS (\n           SELECT 1 FROM manifest_edges",
            "0 AND EXISTS (\n           SELECT 1 FROM manifest_edges",
        ),
    ),
    Guard("one transaction to look and to take", ASKED, look_in_an_earlier_transaction),
    Guard("grace", ASKED, no_grace),
    Guard("slack", "a blob is asked for early, and used late", no_slack),
    Guard("renewal by HEAD", ASKED, no_renewal),
    Guard("renewal by HEAD of a manifest", "an image without a tag gets an index", no_renewal),
    Guard(
        "moment taken when confirming",
        "an image is deleted while its blob is asked for",
        moment_taken_before_waiting,
        within=("prober", "deleter"),
    ),
    Guard("second look when confirming", ASKED, no_second_look_when_confirming),
    Guard(
        "renewal by an upload",
        AGAIN,
        change_query("renew_link_by_number", "SET since = NULL", "SET since = since"),
    ),
    Guard("a push's own check", BLIND, no_check_of_references),
    Guard(
        "a restored image's own check",
        "an image that was deleted long ago is restored",
        no_check_of_what_comes_back,
    ),
    Guard("recheck before the unlink", AGAIN, no_recheck_before_unlink),
    Guard("recheck of a leftover", LEFTOVER, no_recheck_before_unlink),
    Guard("lock of who commits", AGAIN, no_lock_of_who_commits),
    Guard("lock until the blob is known", AGAIN, lock_only_until_the_rename),
    Guard("lock of who removes", AGAIN, no_lock_of_who_removes),
    Guard("order to remove bytes", ASKED, bytes_without_an_order),
    Guard("order kept until done", ASKED, order_struck_off_first, kills=True),
    Guard("tags hold manifests", "an image without a tag gets one", no_tag_tie),
    Guard(
        "indexes hold manifests", "an image without a tag gets an index", no_tie("manifest_edges")
    ),
    Guard(
        "subjects hold referrers",
        "a referrer without a tag has a subject",
        no_tie("manifests AS subjects"),
    ),
]
