"""The circuit breaker: an upstream that does not answer is not waited for each time."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from entrepot.errors import (
    UnknownUpstreamContent,
    UpstreamBusy,
    UpstreamDenied,
    UpstreamFault,
    UpstreamOutage,
)
from entrepot.oci.digest import Digest
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Tag
from entrepot.services.mirror.breaker import Breaker, GuardedUpstream
from tests.unit.services.mirror.images import image
from tests.unit.services.mirror.upstreams import MemoryUpstream
from tests.waiting import tries

NAME, V1 = RepositoryName("team/app"), Tag("v1")


class Told:
    """Implements `MirrorObserver`: knows what it was told of breakers."""

    def __init__(self) -> None:
        self.states: list[bool] = []

    def hit(self, host: str, size: int) -> None: ...
    def miss(self, host: str) -> None: ...
    def received(self, host: str, size: int) -> None: ...
    def stale(self, host: str) -> None: ...
    def breaker(self, host: str, *, is_open: bool) -> None:
        self.states.append(is_open)


def guarded(
    work: Callable[[MemoryUpstream, GuardedUpstream, Breaker, Told], Awaitable[None]],
    first_pause: float = 0.001,
    *,
    offline: bool = False,
) -> None:
    async def run() -> None:
        upstream, told = MemoryUpstream(), Told()
        upstream.add_manifest(image(b"x"), "v1")
        breaker = Breaker("up.example", upstream.ping, told, 3, first_pause)
        guarded = GuardedUpstream(upstream, breaker, "up.example", offline=offline)
        await work(upstream, guarded, breaker, told)
        await breaker.close()

    asyncio.run(run())


async def failing(guarded: GuardedUpstream, kind: type[Exception], times: int) -> None:
    for _ in range(times):
        with pytest.raises(kind):
            await guarded.head_manifest(NAME, V1)


def test_after_some_failures_nothing_is_asked_until_a_probe_succeeds() -> None:
    async def work(
        upstream: MemoryUpstream, guarded: GuardedUpstream, breaker: Breaker, told: Told
    ) -> None:
        upstream.faults.error = UpstreamOutage("away")
        await failing(guarded, UpstreamOutage, 9)
        assert upstream.faults.asked["head_manifest"] == 3
        with pytest.raises(UpstreamOutage, match=r"up\.example is not asked for now: away"):
            async with guarded.blob(NAME, Digest.of(b"x")):
                pass
        for _ in tries("nobody probes"):
            if upstream.faults.asked["ping"] >= 2:
                break
            await asyncio.sleep(0.001)
        assert breaker.is_open
        upstream.faults.error = None
        for _ in tries("the breaker stays open"):
            if not breaker.is_open:
                break
            await asyncio.sleep(0.001)
        await guarded.head_manifest(NAME, V1)
        assert told.states == [True, False]

    guarded(work)


def test_failures_that_are_not_in_a_row_count_for_nothing() -> None:
    async def work(
        upstream: MemoryUpstream, guarded: GuardedUpstream, breaker: Breaker, told: Told
    ) -> None:
        for _ in range(5):
            upstream.faults.error = UpstreamOutage("away")
            await failing(guarded, UpstreamOutage, 2)
            upstream.faults.error = None
            await guarded.head_manifest(NAME, V1)
        assert told.states == []

    guarded(work)


@pytest.mark.parametrize(
    "answer", [UpstreamDenied("no"), UpstreamFault("what?"), UnknownUpstreamContent("nothing")]
)
def test_an_answer_is_no_failure_whatever_it_says(answer: Exception) -> None:
    async def work(
        upstream: MemoryUpstream, guarded: GuardedUpstream, breaker: Breaker, told: Told
    ) -> None:
        upstream.faults.error = answer
        await failing(guarded, type(answer), 9)
        assert upstream.faults.asked["head_manifest"] == 9

    guarded(work)


def test_one_that_asks_us_to_slow_down_is_left_alone_at_once_for_as_long_as_it_says() -> None:
    async def work(
        upstream: MemoryUpstream, guarded: GuardedUpstream, breaker: Breaker, told: Told
    ) -> None:
        upstream.faults.error = UpstreamBusy("slowly", 50)
        await failing(guarded, UpstreamBusy, 5)
        assert upstream.faults.asked == {"head_manifest": 1}
        with pytest.raises(UpstreamBusy) as raised:
            await guarded.tags(NAME, "", 9)
        assert 0 < (raised.value.retry_after or 0) <= 50

    guarded(work)


def test_offline_nothing_is_ever_asked() -> None:
    async def work(
        upstream: MemoryUpstream, guarded: GuardedUpstream, breaker: Breaker, told: Told
    ) -> None:
        await failing(guarded, UpstreamOutage, 1)
        with pytest.raises(UpstreamOutage):
            async with guarded.blob(NAME, Digest.of(b"x")):
                pass
        assert not upstream.faults.asked

    guarded(work, offline=True)


def test_a_transfer_that_breaks_is_a_failure() -> None:
    async def work(
        upstream: MemoryUpstream, guarded: GuardedUpstream, breaker: Breaker, told: Told
    ) -> None:
        digest = upstream.add_blob(b"abc")
        for _ in range(3):
            # Each opens, which is an answer; so they are not in a row until the opening fails.
            upstream.faults.cuts = [1]
            with pytest.raises(UpstreamOutage):
                await read(guarded, digest)
        assert not breaker.is_open
        upstream.faults.error = UpstreamOutage("away")
        await failing(guarded, UpstreamOutage, 2)
        assert breaker.is_open

    async def read(guarded: GuardedUpstream, digest: Digest) -> None:
        async with guarded.blob(NAME, digest) as blob:
            async for _ in blob.pieces():
                pass

    guarded(work)
