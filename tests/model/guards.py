"""The guards of the collector, and how each is taken out.

docs/decisions/0015-collecting-while-serving.md lists them with the same names. Nothing in the
program can switch one off: a test replaces functions, and what a transaction is answered.
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
from entrepot.drivers.sql.collection import SqlCollectionQueue
from entrepot.drivers.sql.database import Session
from entrepot.drivers.sql.engines.sqlite.database import SqliteSession
from entrepot.drivers.sql.metadata import SqlMetadata
from entrepot.errors import InvalidManifest
from entrepot.oci.digest import Digest
from entrepot.oci.name import RepositoryName
from entrepot.ports.collection import Batch, Collected, CollectedKind, Why
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


def answer(name: str, column: int | None, value: object) -> TakeOut:
    """Let a query say something else within transactions, in one column of every row.

    Without a column it gives no rows at all.
    """

    def take_out(patch: pytest.MonkeyPatch) -> None:
        real = SqliteSession.rows

        async def rows(session: SqliteSession, query: str, /, **values: Any) -> list[Any]:
            found = await real(session, query, **values)
            if query != name:
                return found
            if column is None:
                return []
            return [(*row[:column], value, *row[column + 1 :]) for row in found]

        patch.setattr(SqliteSession, "rows", rows)

    return take_out


def leave_out(name: str) -> TakeOut:
    """Let transactions not run a statement."""

    def take_out(patch: pytest.MonkeyPatch) -> None:
        real = SqliteSession.run

        async def run(session: SqliteSession, query: str, /, **values: Any) -> int:
            return 0 if query == name else await real(session, query, **values)

        patch.setattr(SqliteSession, "run", run)

    return take_out


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
    real = SqlMetadata._confirm

    async def confirm(
        metadata: SqlMetadata,
        question: str,
        renewal: str,
        name: RepositoryName,
        digest: Digest,
        before: Callable[[], int],
    ) -> list[Any]:
        rows = await metadata.database.rows(question, name=name, digest=digest)
        await _turn("confirming")
        await real(metadata, question, renewal, name, digest, before)
        return rows

    patch.setattr(SqlMetadata, "_confirm", confirm)


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
        queue: SqlCollectionQueue, before: int, limit: int, busy: frozenset[str]
    ) -> Batch:
        rows = await queue._database.rows("due_links", before=before, limit=limit)
        await _turn("looked")

        async def work(session: Session) -> Batch:
            removed = []
            for repository, blob, name, digest, size, needed in rows:
                query = "delete_link_candidate" if needed else "delete_link"
                await session.run(query, repository=repository, blob=blob)
                removed.append(Collected(CollectedKind.LINK, name, digest, size, Why.UNNEEDED))
            return Batch(len(rows), tuple(removed))

        return await queue._database.transaction(work) if rows else Batch(0)

    patch.setattr(SqlCollectionQueue, "collect_links", collect_links)


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


def order_struck_off_first(patch: pytest.MonkeyPatch) -> None:
    """Strike an order off when it is taken."""

    async def claim_bytes(queue: SqlCollectionQueue, *arguments: Any) -> Any:
        claimed = await real(queue, *arguments)
        await queue.finish_bytes(arguments[0], [doomed.number for doomed in claimed])
        return claimed

    real = SqlCollectionQueue.claim_bytes
    patch.setattr(SqlCollectionQueue, "claim_bytes", claim_bytes)


async def _turn(what: str) -> None:
    if scheduler.CURRENT is not None:
        await scheduler.CURRENT.turn(what)


# Columns of `due_links`, and of `manifest_ties`.
NEEDED = 5
INDEXED, SUBJECT_IS_THERE = 4, 5

AGAIN = "a blob is pushed again"
BLIND = "a manifest comes for what nobody asked for"
ASKED = "a blob is asked for"
LEFTOVER = "a leftover is pushed while the sweep finds it"

GUARDS = [
    Guard(
        "references",
        "an image is deleted while its blob is asked for",
        answer("due_links", NEEDED, False),
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
        leave_out("renew_link_by_number"),
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
    Guard("order to remove bytes", ASKED, leave_out("doom_bytes")),
    Guard("order kept until done", ASKED, order_struck_off_first, kills=True),
    Guard(
        "tags hold manifests",
        "an image without a tag gets one",
        answer("tags_by_subject", None, None),
    ),
    Guard(
        "indexes hold manifests",
        "an image without a tag gets an index",
        answer("manifest_ties", INDEXED, False),
    ),
    Guard(
        "subjects hold referrers",
        "a referrer without a tag has a subject",
        answer("manifest_ties", SUBJECT_IS_THERE, False),
    ),
]
