"""Bytes that are passed through from the upstream, for they cannot be kept or are a part."""

import asyncio

import pytest

from entrepot.errors import (
    StorageFull,
    UpstreamFault,
    UpstreamOutage,
)
from entrepot.ports.blobs import Claim, UploadPart, UploadState
from entrepot.services.mirror.pull import PARTS_AT_ONCE
from tests.unit.services.mirror.mirrors import NAME, Worker, nothing_is_left, workers
from tests.unit.services.mirror.test_fills import CONTENT
from tests.unit.services.mirror.upstreams import MemoryUpstream
from tests.unit.services.registry import Registry, with_registry


class FullStorage:
    """Takes some bytes, and has no room for more."""

    def __init__(self, registry: Registry, room: int) -> None:
        self._blobs = registry.blobs
        self._room = room

    def __getattr__(self, name: str) -> object:
        return getattr(self._blobs, name)

    async def append(self, state: UploadState, claim: Claim) -> UploadPart:
        part = await self._blobs.append(state, claim)
        write = part.write
        taken = 0

        async def limited(content: bytes) -> None:
            nonlocal taken
            taken += len(content)
            if taken > self._room:
                raise StorageFull("there is no room")
            await write(content)

        part.write = limited  # type: ignore[method-assign]
        return part


@pytest.mark.parametrize("room", [0, 1_300_000])
def test_what_has_no_room_is_passed_through(room: int) -> None:
    async def work(registry: Registry) -> None:
        upstream = MemoryUpstream()
        digest = upstream.add_blob(CONTENT)
        worker = Worker(registry, upstream, blobs=FullStorage(registry, room))  # type: ignore[arg-type]
        got = await asyncio.gather(*(worker.read(digest) for _ in range(3)))
        assert set(got) == {CONTENT}
        assert not worker.fills.has_room(NAME)
        assert await worker.read(digest, start=10, stop=2_000_000) == CONTENT[10:2_000_000]
        upstream.blobs[digest] = b"?" + CONTENT[1:]
        with pytest.raises(UpstreamFault):
            await worker.read(digest)
        await nothing_is_left(registry, digest)
        await worker.close()

    with_registry(work)


@pytest.mark.parametrize("ranges", [True, False])
@pytest.mark.parametrize("cuts", [[], [0], [400_000, 1_999_999, 2_500_000]])
def test_passing_through_goes_on_where_a_connection_broke(ranges: bool, cuts: list[int]) -> None:
    async def work(registry: Registry) -> None:
        upstream = MemoryUpstream()
        digest = upstream.add_blob(CONTENT)
        worker = Worker(registry, upstream, blobs=FullStorage(registry, 0))  # type: ignore[arg-type]
        assert await worker.read(digest) == CONTENT
        upstream.faults.ranges, upstream.faults.cuts = ranges, list(cuts)
        assert await worker.read(digest, start=300_000, stop=2_999_999) == CONTENT[300_000:-1]
        upstream.faults.cuts = [700_000] * 9
        with pytest.raises(UpstreamOutage):
            await worker.read(digest)
        await worker.close()

    with_registry(work)


def test_parts_are_passed_through_unless_they_are_here() -> None:
    async def work(registry: Registry) -> None:
        upstream = MemoryUpstream()
        digest = upstream.add_blob(CONTENT)
        upstream.faults.hold_at = 1_500_000
        async with workers(registry, upstream, 1) as (worker,):
            whole = asyncio.ensure_future(worker.read(digest))
            await upstream.faults.holding.wait()
            part = await worker.read(digest, start=2_000_000, stop=2_000_010)
            assert part == CONTENT[2_000_000:2_000_010]
            assert await worker.read(digest, start=0, stop=9) == CONTENT[:9]
            assert upstream.faults.starts == [0, 2_000_000]
            upstream.faults.go.set()
            assert await whole == CONTENT
            assert await worker.read(digest, start=7, stop=99) == CONTENT[7:99]
        assert upstream.faults.starts == [0, 2_000_000]

    with_registry(work)


def test_slow_readers_of_parts_keep_few_connections_and_others_wait_for_the_download() -> None:
    async def work(registry: Registry) -> None:
        upstream = MemoryUpstream()
        digest = upstream.add_blob(CONTENT)
        upstream.faults.hold_at = 100_000
        async with workers(registry, upstream, 1) as (worker,):
            slow = []
            for _ in range(PARTS_AT_ONCE):
                slow.append(worker.pieces(digest, start=1_000_000))
                assert CONTENT[1_000_000:].startswith(await anext(slow[-1]))
            waiting = asyncio.ensure_future(worker.read(digest, start=1_000_000, stop=1_000_009))
            await upstream.faults.holding.wait()
            assert len(upstream.faults.starts) == 1 + PARTS_AT_ONCE
            upstream.faults.go.set()
            assert await waiting == CONTENT[1_000_000:1_000_009]
            assert len(upstream.faults.starts) == 1 + PARTS_AT_ONCE
            for pieces in slow:
                await pieces.aclose()  # type: ignore[attr-defined]

    with_registry(work)
