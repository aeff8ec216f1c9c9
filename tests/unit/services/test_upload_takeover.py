"""A writer that stalls past its lease never writes over its successor."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from entrepot.errors import (
    ClientGone,
    EntrepotError,
    InvalidDigest,
    StorageFull,
    UnknownUpload,
    UploadBusy,
)
from entrepot.oci.digest import Digest
from entrepot.oci.name import RepositoryName
from entrepot.ports.access import Caller
from entrepot.ports.metadata import Transaction
from entrepot.ports.uploads import UploadSession
from entrepot.services.upload import Body, Chunk, Upload
from tests.unit.services.registry import CAROL, Registry, with_registry

APP = RepositoryName("team/app")
LEASE = 30.0
MIB = 1024 * 1024
OLD, NEW = b"o" * 1000, b"n" * 700
BATCH = b"b" * (2 * MIB)


class Worker:
    """One worker's uploads, spoken to in short words."""

    def __init__(self, registry: Registry) -> None:
        self.upload = Upload(
            registry.metadata,
            registry.sessions,
            registry.blobs,
            registry.access,
            registry.clock,
            LEASE,
        )

    async def begin(self, content: bytes = b"") -> str:
        session = await self.upload.begin(CAROL, APP)
        if content:
            await self.append(session.id, pieces(content))
        return session.id

    async def append(self, upload_id: str, body: Body, start: int | None = None) -> UploadSession:
        return await self.upload.append(CAROL, APP, upload_id, Chunk(body, start))

    async def finish(self, upload_id: str, content: bytes, body: Body) -> None:
        await self.upload.finish(CAROL, APP, upload_id, Digest.of(content), Chunk(body))


async def pieces(*contents: bytes) -> AsyncIterator[bytes]:
    for content in contents:
        yield content


async def stalling(
    before: tuple[bytes, ...], meanwhile: Callable[[], Awaitable[object]], after: tuple[bytes, ...]
) -> AsyncIterator[bytes]:
    """A body in whose middle something else happens."""
    for content in before:
        yield content
    await meanwhile()
    for content in after:
        yield content


async def stored(registry: Registry, content: bytes) -> bytes | None:
    """Read the blob that has this digest through the repository."""
    blob = await registry.metadata.blob(APP, Digest.of(content))
    if blob is None:
        return None
    opened = await registry.blobs.open(blob.location, blob.size)
    try:
        return b"".join([piece async for piece in opened.read(0, blob.size)])
    finally:
        opened.close()


def takeover(registry: Registry, upload_id: str, content: bytes) -> Callable[[], Awaitable[None]]:
    """Let the lease run out and another worker go on with the upload."""

    async def take_over() -> None:
        registry.clock.forward(LEASE + 1)
        await Worker(registry).append(upload_id, pieces(content))

    return take_over


BODIES = [
    pytest.param((), (), id="nothing is sent at all"),
    pytest.param((), (OLD,), id="it stalls before its first byte"),
    pytest.param((OLD,), (), id="it stalls before its end"),
    pytest.param((OLD,), (OLD,), id="it stalls in the middle"),
    pytest.param((BATCH,), (BATCH, OLD), id="it stalls with batches written"),
]


@pytest.mark.parametrize(("before", "after"), BODIES)
def test_a_patch_that_lost_its_claim_is_refused_and_leaves_the_successors_bytes(
    before: tuple[bytes, ...], after: tuple[bytes, ...]
) -> None:
    async def work(registry: Registry) -> None:
        worker = Worker(registry)
        upload_id = await worker.begin(b"shared")
        body = stalling(before, takeover(registry, upload_id, NEW), after)
        with pytest.raises(UploadBusy):
            await worker.append(upload_id, body)
        session = await worker.upload.status(CAROL, APP, upload_id)
        assert session.state.received == len(b"shared" + NEW)
        await worker.finish(upload_id, b"shared" + NEW, pieces())
        assert await stored(registry, b"shared" + NEW) == b"shared" + NEW

    with_registry(work)


@pytest.mark.parametrize(("before", "after"), BODIES)
def test_a_put_that_lost_its_claim_commits_nothing(
    before: tuple[bytes, ...], after: tuple[bytes, ...]
) -> None:
    whole = b"shared" + b"".join(before + after)

    async def work(registry: Registry) -> None:
        worker = Worker(registry)
        upload_id = await worker.begin(b"shared")
        body = stalling(before, takeover(registry, upload_id, NEW), after)
        with pytest.raises(UploadBusy):
            await worker.finish(upload_id, whole, body)
        assert await registry.metadata.blob(APP, Digest.of(whole)) is None
        await worker.finish(upload_id, b"shared" + NEW, pieces())
        assert await stored(registry, b"shared" + NEW) == b"shared" + NEW

    with_registry(work)


def test_a_blob_that_the_successor_finished_is_not_touched_by_the_writer_it_took_over() -> None:
    async def work(registry: Registry) -> None:
        worker, successor = Worker(registry), Worker(registry)
        upload_id = await worker.begin(b"shared")

        async def finish() -> None:
            registry.clock.forward(LEASE + 1)
            await successor.finish(upload_id, b"shared" + NEW, pieces(NEW))

        with pytest.raises((UploadBusy, UnknownUpload)):
            await worker.append(upload_id, stalling((OLD,), finish, (OLD,)))
        assert await stored(registry, b"shared" + NEW) == b"shared" + NEW

    with_registry(work)


def test_a_put_of_nothing_does_not_make_a_blob_of_a_file_that_another_is_writing() -> None:
    async def work(registry: Registry) -> None:
        worker, successor = Worker(registry), Worker(registry)
        upload_id = await worker.begin(b"shared")
        refused: list[bool] = []

        async def try_to_finish() -> None:
            with pytest.raises(UploadBusy):
                await worker.finish(upload_id, b"shared", stalling((), nothing, ()))
            refused.append(True)

        async def nothing() -> None:
            registry.clock.forward(LEASE + 1)
            entered.set()
            await resumed.wait()

        entered, resumed = asyncio.Event(), asyncio.Event()
        first = asyncio.create_task(try_to_finish())
        await entered.wait()

        async def let_it_go_on() -> None:
            resumed.set()
            await first

        await successor.append(upload_id, stalling((BATCH,), let_it_go_on, (NEW,)))
        assert refused
        assert await registry.metadata.blob(APP, Digest.of(b"shared")) is None
        whole = b"shared" + BATCH + NEW
        await successor.finish(upload_id, whole, pieces())
        assert await stored(registry, whole) == whole

    with_registry(work)


def test_a_client_that_went_away_after_its_lease_takes_nothing_back() -> None:
    async def work(registry: Registry) -> None:
        worker = Worker(registry)
        upload_id = await worker.begin(b"shared")

        async def go() -> None:
            await takeover(registry, upload_id, NEW)()
            raise ClientGone("the client went away")

        with pytest.raises(EntrepotError):
            await worker.append(upload_id, stalling((OLD,), go, ()))
        session = await worker.upload.status(CAROL, APP, upload_id)
        assert session.state.received == len(b"shared" + NEW)

    with_registry(work)


def test_a_full_disk_met_after_the_lease_does_not_remove_the_successors_bytes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def work(registry: Registry) -> None:
        worker = Worker(registry)
        upload_id = await worker.begin(b"shared")
        append = registry.blobs.append

        async def late_and_full(*_: object) -> None:
            monkeypatch.setattr(registry.blobs, "append", append)
            await takeover(registry, upload_id, NEW)()
            raise StorageFull("there is no room")

        monkeypatch.setattr(registry.blobs, "append", late_and_full)
        with pytest.raises(UploadBusy):
            await worker.append(upload_id, pieces(OLD))
        await worker.finish(upload_id, b"shared" + NEW, pieces())
        assert await stored(registry, b"shared" + NEW) == b"shared" + NEW

    with_registry(work)


def test_bytes_whose_state_comes_too_late_to_be_kept_are_not_said_to_be_taken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def work(registry: Registry) -> None:
        worker = Worker(registry)
        upload_id = await worker.begin(b"shared")
        release = registry.sessions.release

        async def stopped_for_long(*arguments: Any) -> bool:
            monkeypatch.setattr(registry.sessions, "release", release)
            await takeover(registry, upload_id, NEW)()
            return await release(*arguments)

        monkeypatch.setattr(registry.sessions, "release", stopped_for_long)
        with pytest.raises(UploadBusy):
            await worker.append(upload_id, pieces(OLD))
        await worker.finish(upload_id, b"shared" + NEW, pieces())
        assert await stored(registry, b"shared" + NEW) == b"shared" + NEW

    with_registry(work)


def test_a_slow_writer_that_nobody_took_over_may_go_on() -> None:
    async def work(registry: Registry) -> None:
        worker = Worker(registry)
        upload_id = await worker.begin()

        async def wait() -> None:
            registry.clock.forward(10 * LEASE)

        session = await worker.append(upload_id, stalling((OLD,), wait, (NEW,)))
        assert session.state.received == len(OLD + NEW)
        await worker.finish(upload_id, OLD + NEW, stalling((), wait, ()))
        assert await stored(registry, OLD + NEW) == OLD + NEW

    with_registry(work)


def test_a_live_claim_keeps_every_other_writer_out() -> None:
    async def work(registry: Registry) -> None:
        worker, other = Worker(registry), Worker(registry)
        upload_id = await worker.begin()

        async def others_try() -> None:
            registry.clock.forward(LEASE / 4)
            with pytest.raises(UploadBusy):
                await other.append(upload_id, pieces(NEW))
            with pytest.raises(UploadBusy):
                await other.finish(upload_id, NEW, pieces(NEW))
            with pytest.raises(UploadBusy):
                await other.upload.cancel(CAROL, APP, upload_id)

        async def body() -> AsyncIterator[bytes]:
            # Each wait is shorter than the lease, all of them together are longer.
            for _ in range(6):
                await others_try()
                yield OLD

        session = await worker.append(upload_id, body())
        assert session.state.received == 6 * len(OLD)

    with_registry(work)


def test_a_wrong_digest_ends_the_upload_and_leaves_no_bytes() -> None:
    async def work(registry: Registry) -> None:
        worker = Worker(registry)
        upload_id = await worker.begin(OLD)
        with pytest.raises(InvalidDigest):
            await worker.finish(upload_id, NEW, pieces(OLD))
        assert list(registry.layout.uploads.iterdir()) == []
        with pytest.raises(UnknownUpload):
            await worker.upload.status(CAROL, APP, upload_id)

    with_registry(work)


steps = st.lists(
    st.tuples(st.binary(min_size=1, max_size=40), st.integers(0, 45)), min_size=1, max_size=6
)


@settings(max_examples=25)  # each is a registry of its own
@given(steps, steps)
def test_whoever_is_told_that_bytes_were_taken_finds_exactly_those(
    first: list[tuple[bytes, int]], second: list[tuple[bytes, int]]
) -> None:
    """Two clients send to one upload, as slowly as they like; the answers tell what is in it."""

    async def work(registry: Registry) -> None:
        one, two = Worker(registry), Worker(registry)
        upload_id = await one.begin()
        taken = b""

        async def send(worker: Worker, parts: list[tuple[bytes, int]]) -> None:
            nonlocal taken
            content = b"".join(part for part, _ in parts)
            try:
                await worker.append(upload_id, slowly(parts))
            except UploadBusy:
                return
            taken += content

        async def slowly(parts: list[tuple[bytes, int]]) -> AsyncIterator[bytes]:
            for part, seconds in parts:
                registry.clock.forward(seconds)
                await asyncio.sleep(0)
                yield part

        await asyncio.gather(send(one, first), send(two, second))
        session = await one.upload.status(CAROL, APP, upload_id)
        assert session.state.received == len(taken)
        await one.finish(upload_id, taken, pieces())
        assert await stored(registry, taken) == taken

    with_registry(work)


def test_who_did_not_hear_that_an_upload_is_a_blob_may_finish_it_again() -> None:
    async def work(registry: Registry) -> None:
        upload_id = await Worker(registry).begin(b"content")
        await Worker(registry).finish(upload_id, b"content", pieces())
        await Worker(registry).finish(upload_id, b"content", pieces())
        with pytest.raises(UnknownUpload):
            await Worker(registry).finish(upload_id, b"another", pieces())
        with pytest.raises(UnknownUpload):
            await Worker(registry).append(upload_id, pieces(b"more"))

        async def delete(transaction: Transaction) -> None:
            repository = await transaction.repository(APP, 0)
            await transaction.unlink_blob(repository, Digest.of(b"content"))

        await registry.metadata.change(delete)
        with pytest.raises(UnknownUpload):
            await Worker(registry).finish(upload_id, b"content", pieces())

    with_registry(work)


def test_nobody_else_may_finish_it_again() -> None:
    async def work(registry: Registry) -> None:
        worker = Worker(registry)
        upload_id = await worker.begin(b"content")
        await worker.finish(upload_id, b"content", pieces())
        digest, chunk = Digest.of(b"content"), Chunk(pieces())
        for caller, name in ((Caller("mallory"), APP), (CAROL, RepositoryName("team/other"))):
            with pytest.raises(UnknownUpload):
                await worker.upload.finish(caller, name, upload_id, digest, chunk)

    with_registry(work)
