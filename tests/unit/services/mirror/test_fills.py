"""Downloads: each blob once, for everybody, whatever breaks."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import aclosing

import pytest

from entrepot.errors import (
    EntrepotError,
    Overloaded,
    QuotaExceeded,
    UnknownBlob,
    UpstreamFault,
    UpstreamOutage,
)
from entrepot.oci.digest import Digest
from entrepot.oci.name import RepositoryName
from entrepot.ports.access import ANONYMOUS
from entrepot.ports.blobs import Claim
from entrepot.ports.metadata import Change, Result, Transaction
from entrepot.ports.uploads import UploadSession
from entrepot.services.mirror.fills import MOST_FLIGHTS
from entrepot.services.mirror.links import MIRROR
from entrepot.services.quotas import NoQuotas
from entrepot.services.upload import Chunk, Upload
from tests.unit.services.mirror.images import image
from tests.unit.services.mirror.mirrors import (
    NAME,
    OTHER,
    Worker,
    leftovers,
    nothing_is_left,
    workers,
)
from tests.unit.services.mirror.upstreams import MemoryUpstream
from tests.unit.services.registry import Registry, with_registry

CONTENT = random.Random(1).randbytes(3_000_000)
SMALL = b"some bytes"


@pytest.mark.parametrize("content", [b"", b"x", SMALL, CONTENT[:70_000], CONTENT])
@pytest.mark.parametrize("tells_size", [True, False])
def test_many_clients_of_all_workers_get_what_one_downloads(
    content: bytes, tells_size: bool
) -> None:
    async def work(registry: Registry) -> None:
        upstream = MemoryUpstream()
        upstream.faults.tells_size = tells_size
        digest = upstream.add_blob(content)
        async with workers(registry, upstream) as both:
            got = await asyncio.gather(*(both[n % 2].read(digest) for n in range(32)))
            assert set(got) == {content}
            assert upstream.faults.starts == [0]
            assert upstream.faults.sent == len(content)
            assert await both[0].read(digest) == content
            assert upstream.faults.asked["blob"] == 1
        assert leftovers(registry) == set()

    with_registry(work)


def test_bytes_are_given_while_others_are_still_to_come() -> None:
    async def work(registry: Registry) -> None:
        upstream = MemoryUpstream()
        digest = upstream.add_blob(CONTENT)
        upstream.faults.hold_at = 1_234_567
        async with workers(registry, upstream) as both:
            for worker in both:
                got = b""
                async with aclosing(worker.pieces(digest)) as pieces:  # type: ignore[type-var]
                    async for piece in pieces:
                        got += piece
                        if len(got) == upstream.faults.hold_at:
                            break
                assert got == CONTENT[:1_234_567]
            upstream.faults.go.set()
            assert await both[1].read(digest) == CONTENT
        assert upstream.faults.starts == [0]

    with_registry(work)


def test_a_download_goes_on_when_all_clients_have_left() -> None:
    async def work(registry: Registry) -> None:
        upstream = MemoryUpstream()
        digest = upstream.add_blob(CONTENT)
        upstream.faults.hold_at = 500_000
        async with workers(registry, upstream, 1) as (worker,):
            reading = asyncio.ensure_future(worker.read(digest))
            await upstream.faults.holding.wait()
            reading.cancel()
            await asyncio.wait([reading])
            upstream.faults.go.set()
            flight = worker.fills.begin(worker.origins.of(NAME), NAME, digest, None)  # type: ignore[arg-type]
            assert (await flight.ended()).size == len(CONTENT)
        assert upstream.faults.starts == [0]
        assert (await registry.metadata.blob(NAME, digest)) is not None

    with_registry(work)


@pytest.mark.parametrize("cuts", [[0], [1], [1_500_000], [100, 2_999_999], [700_000] * 3])
@pytest.mark.parametrize("ranges", [True, False])
def test_followers_notice_nothing_of_a_broken_connection(cuts: list[int], ranges: bool) -> None:
    async def work(registry: Registry) -> None:
        upstream = MemoryUpstream()
        upstream.faults.cuts, upstream.faults.ranges = list(cuts), ranges
        digest = upstream.add_blob(CONTENT)
        async with workers(registry, upstream) as both:
            got = await asyncio.gather(*(worker.read(digest) for worker in both))
        assert got == [CONTENT, CONTENT]
        assert upstream.faults.starts == [0, *cuts]
        if ranges:
            assert upstream.faults.sent == len(CONTENT)

    with_registry(work)


@pytest.mark.parametrize("size", [9, 200_000, 3_000_000])
@pytest.mark.parametrize("change", ["flip", "short", "long"])
def test_wrong_bytes_are_never_completed_nor_kept(size: int, change: str) -> None:
    async def work(registry: Registry) -> None:
        upstream = MemoryUpstream()
        good = CONTENT[:size]
        bad = {"flip": b"?" + good[1:], "short": good[:-1], "long": good + b"!"}[change]
        manifest = image(good)
        upstream.add_manifest(manifest, "v1")
        digest = upstream.add_blob(bad, Digest.of(good))
        async with workers(registry, upstream) as both:
            await both[0].manifest("v1")
            outcomes = await asyncio.gather(
                *(worker.read(digest) for worker in both * 4), return_exceptions=True
            )
            assert {type(outcome) for outcome in outcomes} == {UpstreamFault}
            await nothing_is_left(registry, digest)
            upstream.add_blob(good)
            assert await both[1].read(digest) == good

    with_registry(work)


def test_what_the_upstream_does_not_have_is_remembered_for_a_while() -> None:
    async def work(registry: Registry) -> None:
        upstream, digest = MemoryUpstream(), Digest.of(b"nowhere")
        async with workers(registry, upstream, 1) as (worker,):
            for _ in range(3):
                with pytest.raises(UnknownBlob):
                    await worker.read(digest)
        assert upstream.faults.asked["blob"] == 1
        await nothing_is_left(registry, digest)

    with_registry(work)


def test_an_outage_that_lasts_breaks_the_connection_and_the_next_request_goes_on() -> None:
    async def work(registry: Registry) -> None:
        upstream = MemoryUpstream()
        upstream.faults.cuts = [1_000_000] * 7
        digest = upstream.add_blob(CONTENT)
        async with workers(registry, upstream) as both:
            outcomes = await asyncio.gather(
                *(worker.read(digest) for worker in both), return_exceptions=True
            )
            assert {type(outcome) for outcome in outcomes} == {UpstreamOutage}
            assert await registry.metadata.blob(NAME, digest) is None
            upstream.faults.starts.clear()
            upstream.faults.cuts.clear()
            assert await both[1].read(digest) == CONTENT
            assert upstream.faults.starts == [1_000_000]

    with_registry(work)


def test_another_worker_goes_on_when_the_one_that_downloads_stops() -> None:
    async def work(registry: Registry) -> None:
        upstream = MemoryUpstream()
        digest = upstream.add_blob(CONTENT)
        upstream.faults.hold_at = 1_500_000
        async with workers(registry, upstream) as (first, second):
            leading = asyncio.ensure_future(first.read(digest))
            await upstream.faults.holding.wait()
            following = asyncio.ensure_future(second.read(digest))
            await asyncio.sleep(0)
            upstream.faults.hold_at = None
            await first.close()
            assert await following == CONTENT
            with pytest.raises(EntrepotError):
                await leading
        assert upstream.faults.starts == [0, 1_500_000]

    with_registry(work)


def test_another_worker_goes_on_when_the_one_that_downloads_is_dead() -> None:
    async def work(registry: Registry) -> None:
        upstream = MemoryUpstream()
        digest = upstream.add_blob(CONTENT)
        key = f"up.example/team/app {digest}"
        # As a worker leaves it that was killed: claimed, with some bytes that its state knows.
        now = registry.clock.now()
        state = await registry.blobs.begin("u", "sha256")
        claim = Claim("dead", lambda: True)
        async with await registry.blobs.append(state, claim) as part:
            await part.write(CONTENT[:700_000])
            state = await part.flush()
            await part.write(CONTENT[700_000:900_000])
            await part.flush()
        await registry.fills.claim(key, "dead", now, now + 30_000_000, "u")
        await registry.fills.renew(key, "dead", now + 30_000_000, len(CONTENT))
        await registry.sessions.create(UploadSession(NAME, MIRROR.name, state, now))
        await registry.sessions.claim("u", "dead", now, now + 30_000_000)
        async with workers(registry, upstream) as both:
            reading = [asyncio.ensure_future(worker.read(digest)) for worker in both]
            pieces = both[0].pieces(digest)
            assert CONTENT.startswith(await anext(pieces))
            assert upstream.faults.starts == []
            registry.clock.forward(31)
            assert await asyncio.gather(*reading) == [CONTENT, CONTENT]
            await pieces.aclose()  # type: ignore[attr-defined]
        assert upstream.faults.starts == [700_000]

    with_registry(work)


def test_nothing_is_asked_for_when_only_the_commit_was_interrupted() -> None:
    async def work(registry: Registry) -> None:
        upstream = MemoryUpstream()
        digest = Digest.of(CONTENT)
        now = registry.clock.now()
        state = await registry.blobs.begin("u", "sha256")
        async with await registry.blobs.append(state, Claim("dead", lambda: True)) as part:
            await part.write(CONTENT)
            state = await part.flush()
        key = f"up.example/team/app {digest}"
        await registry.fills.claim(key, "dead", now, now + 30_000_000, "u")
        await registry.fills.renew(key, "dead", now + 30_000_000, len(CONTENT))
        await registry.fills.release(key, "dead")
        await registry.sessions.create(UploadSession(NAME, MIRROR.name, state, now))
        async with workers(registry, upstream, 1) as (worker,):
            assert await worker.read(digest) == CONTENT
        assert not upstream.faults.asked

    with_registry(work)


def test_bytes_that_a_crash_has_lost_come_again() -> None:
    async def work(registry: Registry) -> None:
        upstream = MemoryUpstream()
        upstream.faults.cuts = [1_000_000] * 7
        digest = upstream.add_blob(CONTENT)
        async with workers(registry, upstream, 1) as (worker,):
            with pytest.raises(UpstreamOutage):
                await worker.read(digest)
            upstream.faults.cuts.clear()
            for name in leftovers(registry):
                (registry.layout.uploads / name).unlink()
            assert await worker.read(digest) == CONTENT

    with_registry(work)


def test_a_blob_of_another_repository_is_linked_where_the_upstream_has_it_too() -> None:
    async def work(registry: Registry) -> None:
        upstream = MemoryUpstream()
        digest = upstream.add_blob(CONTENT)
        async with workers(registry, upstream) as (first, second):
            assert await first.read(digest, OTHER) == CONTENT
            assert await second.read(digest, NAME) == CONTENT
        assert upstream.faults.asked == {"blob": 1, "head_blob": 1}
        assert await registry.metadata.blob(NAME, digest) is not None

    with_registry(work)


def test_naming_a_blob_of_this_registry_gives_it_to_nobody() -> None:
    async def work(registry: Registry) -> None:
        upstream = MemoryUpstream()
        secret = Digest.of(b"a private layer")
        upstream.add_manifest(image(b"a private layer"), "v1")  # without having it
        here = Upload(
            registry.metadata, registry.sessions, registry.blobs, registry.access, registry.clock
        )
        for name in (RepositoryName("secret/app"), OTHER):
            await here.whole(ANONYMOUS, name, secret, Chunk(_pieces(b"a private layer")))
        async with workers(registry, upstream, 1) as (worker,):
            await worker.manifest("v1")
            with pytest.raises(UnknownBlob):
                await worker.read(secret)
        assert await registry.metadata.blob(NAME, secret) is None

    with_registry(work)


def test_what_was_pushed_here_is_no_source_for_an_upstream_that_claims_to_have_it() -> None:
    async def work(registry: Registry) -> None:
        upstream = MemoryUpstream()
        secret = upstream.add_blob(b"nonsense", Digest.of(b"a private layer"))
        here = Upload(
            registry.metadata, registry.sessions, registry.blobs, registry.access, registry.clock
        )
        name = RepositoryName("secret/app")
        await here.whole(ANONYMOUS, name, secret, Chunk(_pieces(b"a private layer")))
        async with workers(registry, upstream, 1) as (worker,):
            with pytest.raises(UpstreamFault):
                await worker.read(secret)
        assert await registry.metadata.blob(NAME, secret) is None

    with_registry(work)


async def _pieces(content: bytes) -> AsyncIterator[bytes]:
    yield content


def test_nobody_begins_any_number_of_downloads() -> None:
    async def work(registry: Registry) -> None:
        upstream = MemoryUpstream()
        upstream.faults.delays = True
        async with workers(registry, upstream, 1) as (worker,):
            origin = worker.origins.of(NAME)
            assert origin is not None
            for number in range(MOST_FLIGHTS):
                worker.fills.begin(origin, NAME, Digest.of(b"%d" % number), None)
            known = Digest.of(b"0")
            assert worker.fills.begin(origin, NAME, known, None).digest == known
            with pytest.raises(Overloaded):
                await worker.read(Digest.of(b"one more"))
            upstream.faults.go.set()

    with_registry(work)


def test_head_tells_a_size_without_a_download() -> None:
    async def work(registry: Registry) -> None:
        upstream = MemoryUpstream()
        digest = upstream.add_blob(SMALL)
        async with workers(registry, upstream, 1) as (worker,):
            told = await worker.pull.blob(ANONYMOUS, NAME, digest, confirming=True)
            assert told.size == len(SMALL)
            upstream.add_manifest(image(SMALL), "v1")
            await worker.manifest("v1")
            told = await worker.pull.blob(ANONYMOUS, NAME, digest, confirming=True)
            assert told.size == len(SMALL)
        assert upstream.faults.asked == {"head_blob": 1, "manifest": 1}

    with_registry(work)


class SmallQuotas(NoQuotas):
    """One repository may have nothing; the others may have everything."""

    def guarded(self, name: RepositoryName, change: Change[Result]) -> Change[Result]:
        if name != NAME:
            return change

        async def refuse(transaction: Transaction) -> Result:
            raise QuotaExceeded("too much")

        return refuse


def test_what_a_quota_refuses_is_passed_through_and_others_are_kept() -> None:
    async def work(registry: Registry) -> None:
        upstream = MemoryUpstream()
        digest = upstream.add_blob(CONTENT)
        worker = Worker(registry, upstream, quotas=SmallQuotas())
        assert await worker.read(digest) == CONTENT
        assert not worker.fills.has_room(NAME)
        assert worker.fills.has_room(OTHER)
        assert await worker.read(digest) == CONTENT
        await nothing_is_left(registry, digest)
        assert await worker.read(digest, OTHER) == CONTENT
        assert await registry.metadata.blob(OTHER, digest) is not None
        await worker.close()

    with_registry(work)


@pytest.mark.parametrize("size", [2_000_000, 3_500_000])
def test_a_client_that_was_told_another_size_is_not_served_to_its_end(size: int) -> None:
    async def work(registry: Registry) -> None:
        upstream = MemoryUpstream()
        digest = upstream.add_blob(CONTENT)
        upstream.faults.hold_at = 1_000_000
        upstream.faults.said_size = size
        upstream.faults.cuts = [1_000_000]
        async with workers(registry, upstream, 1) as (worker,):
            reading = asyncio.ensure_future(worker.read(digest))
            await upstream.faults.holding.wait()
            upstream.faults.said_size = None
            upstream.faults.go.set()
            with pytest.raises(UpstreamFault, match="another size"):
                await reading
            assert await worker.read(digest) == CONTENT

    with_registry(work)
