"""Manifests of upstreams: fetched once, compared when they are old, served when nobody answers."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from entrepot.errors import (
    UnknownManifest,
    UpstreamBusy,
    UpstreamDenied,
    UpstreamFault,
    UpstreamOutage,
)
from entrepot.oci.digest import Digest
from entrepot.oci.reference import Tag
from entrepot.ports.upstream import RemoteManifest
from tests.unit.services.mirror.images import image, index, remote
from tests.unit.services.mirror.mirrors import NAME, Worker, workers
from tests.unit.services.mirror.upstreams import MemoryUpstream
from tests.unit.services.registry import Registry, with_registry

ONE, TWO = image(b"one"), image(b"two")
Work = Callable[[Registry, MemoryUpstream, list[Worker]], Awaitable[None]]


def mirrored(work: Work, number: int = 2, **how: float) -> None:
    """Run a function on workers of a mirror whose upstream has one image, tagged v1."""

    async def run(registry: Registry) -> None:
        upstream = MemoryUpstream()
        upstream.add_manifest(ONE, "v1")
        async with workers(registry, upstream, number, **how) as made:
            await work(registry, upstream, made)

    with_registry(run)


@pytest.mark.parametrize("reference", ["v1", str(ONE.digest)])
def test_many_clients_of_all_workers_cost_one_question(reference: str) -> None:
    async def work(registry: Registry, upstream: MemoryUpstream, both: list[Worker]) -> None:
        got = await asyncio.gather(*(both[n % 2].manifest(reference) for n in range(32)))
        assert {found.payload for found in got} == {ONE.payload}
        assert {found.warning for found in got} == {""}
        for worker in both:
            assert (await worker.manifest(reference)).digest == ONE.digest
        assert upstream.faults.asked == {"manifest": 1}

    mirrored(work)


def test_a_tag_is_compared_after_its_ttl_by_one_worker_for_all() -> None:
    async def work(registry: Registry, upstream: MemoryUpstream, both: list[Worker]) -> None:
        await both[0].manifest("v1")
        registry.clock.forward(299)
        await both[1].manifest("v1")
        assert upstream.faults.asked == {"manifest": 1}
        registry.clock.forward(2)
        third = Worker(registry, upstream, 3)
        await third.manifest("v1")
        assert upstream.faults.asked == {"manifest": 1, "head_manifest": 1}
        await third.close()

    mirrored(work)


def test_without_a_ttl_a_tag_is_compared_each_time_and_those_at_once_share_it() -> None:
    async def work(registry: Registry, upstream: MemoryUpstream, both: list[Worker]) -> None:
        await both[0].manifest("v1")
        await both[1].manifest("v1")
        assert upstream.faults.asked["head_manifest"] == 1
        await asyncio.gather(*(both[0].manifest("v1") for _ in range(9)))
        assert upstream.faults.asked["head_manifest"] == 2

    mirrored(work, ttl=0)


def test_a_tag_that_has_moved_moves_and_what_is_here_is_not_fetched() -> None:
    async def work(registry: Registry, upstream: MemoryUpstream, both: list[Worker]) -> None:
        await both[0].manifest("v1")
        upstream.add_manifest(TWO, "v1")
        assert (await both[0].manifest("v1")).payload == TWO.payload
        assert (await both[1].manifest(str(ONE.digest))).payload == ONE.payload
        upstream.tagged[Tag("v1")] = ONE.digest
        assert (await both[1].manifest("v1")).payload == ONE.payload
        assert upstream.faults.asked["manifest"] == 2

    mirrored(work, ttl=0)


def test_a_tag_that_is_gone_is_gone_here_and_its_manifest_stays() -> None:
    async def work(registry: Registry, upstream: MemoryUpstream, both: list[Worker]) -> None:
        await both[0].manifest("v1")
        upstream.tagged.clear()
        for worker in both:
            with pytest.raises(UnknownManifest):
                await worker.manifest("v1")
        assert await registry.metadata.manifest_by_tag(NAME, Tag("v1")) is None
        assert (await both[0].manifest(str(ONE.digest))).payload == ONE.payload

    mirrored(work, ttl=0)


def test_what_the_upstream_does_not_have_is_remembered_for_a_while() -> None:
    async def work(registry: Registry, upstream: MemoryUpstream, both: list[Worker]) -> None:
        for reference in ("nowhere", str(TWO.digest)):
            for _ in range(3):
                with pytest.raises(UnknownManifest):
                    await both[0].manifest(reference)
        assert upstream.faults.asked == {"manifest": 2}

    mirrored(work)


@pytest.mark.parametrize(
    "error", [UpstreamOutage("away"), UpstreamBusy("slowly", 9), UpstreamDenied("no")]
)
def test_what_is_here_is_served_with_a_warning_while_the_upstream_fails(
    error: UpstreamOutage,
) -> None:
    async def work(registry: Registry, upstream: MemoryUpstream, both: list[Worker]) -> None:
        await both[0].manifest("v1")
        upstream.faults.error = error
        for worker in both:
            for _ in range(3):
                found = await worker.manifest("v1")
                assert (found.payload, found.warning) == (ONE.payload, error.message)
            assert (await worker.manifest(str(ONE.digest))).warning == ""
            with pytest.raises(type(error)):
                await worker.manifest("v2")
        # Not each time, where it is known to fail.
        assert upstream.faults.asked["head_manifest"] <= 2

    mirrored(work, ttl=0)


def test_what_is_here_is_served_when_the_upstream_is_slow_and_the_answer_counts_later() -> None:
    async def work(registry: Registry, upstream: MemoryUpstream, both: list[Worker]) -> None:
        await both[0].manifest("v1")
        upstream.add_manifest(TWO, "v1")
        upstream.faults.delays = True
        found = await both[0].manifest("v1")
        assert found.payload == ONE.payload
        assert "has not answered" in found.warning
        upstream.faults.delays = False
        upstream.faults.go.set()
        patient = Worker(registry, upstream, 3, ttl=0)
        assert (await patient.manifest("v1")).payload == TWO.payload
        await patient.close()

    mirrored(work, ttl=0, slow=0.01)


def test_the_leaving_of_who_asked_first_ends_nothing() -> None:
    async def work(registry: Registry, upstream: MemoryUpstream, both: list[Worker]) -> None:
        upstream.faults.delays = True
        first = asyncio.ensure_future(both[0].manifest("v1"))
        second = asyncio.ensure_future(both[1].manifest("v1"))
        await asyncio.sleep(0.05)
        first.cancel()
        await asyncio.wait([first])
        upstream.faults.go.set()
        assert (await second).payload == ONE.payload
        assert upstream.faults.asked["manifest"] == 1

    mirrored(work)


def test_an_index_is_kept_without_its_children() -> None:
    async def work(registry: Registry, upstream: MemoryUpstream, both: list[Worker]) -> None:
        both_images = index(ONE, TWO)
        upstream.add_manifest(both_images, "all")
        assert (await both[0].manifest("all")).payload == both_images.payload
        assert await registry.metadata.manifest_by_digest(NAME, ONE.digest) is None
        assert (await both[1].manifest(str(ONE.digest))).payload == ONE.payload

    mirrored(work)


@pytest.mark.parametrize(
    "bad",
    [
        RemoteManifest(Digest.of(b"[]"), b"[]", "application/vnd.oci.image.manifest.v1+json"),
        remote({"schemaVersion": 1}, "application/vnd.docker.distribution.manifest.v1+json"),
    ],
)
def test_what_is_no_manifest_is_not_kept(bad: RemoteManifest) -> None:
    async def work(registry: Registry, upstream: MemoryUpstream, both: list[Worker]) -> None:
        upstream.add_manifest(bad, "bad")
        for worker in both:
            with pytest.raises(UpstreamFault):
                await worker.manifest("bad")
        assert not await registry.metadata.repository_exists(NAME)

    mirrored(work)
