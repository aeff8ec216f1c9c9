"""Lists of mirrored repositories, and what may be done with them."""

import pytest

from entrepot.errors import Denied, UnknownName, Unsupported, UpstreamOutage
from entrepot.oci.accessory import fallback_tag
from entrepot.oci.name import RepositoryName
from entrepot.ports.access import ANONYMOUS, Action
from entrepot.services.mirror.pull import UnpushableMirrors
from tests.unit.services.mirror.images import image, index
from tests.unit.services.mirror.mirrors import NAME, Worker, workers
from tests.unit.services.mirror.upstreams import MemoryUpstream
from tests.unit.services.registry import HidingAccess, Registry, with_registry

ONE = image(b"one")


async def tags(worker: Worker, after: str = "", limit: int = 10) -> tuple[list[str], bool]:
    page = await worker.listing.tags(ANONYMOUS, NAME, after, limit)
    return page.names, page.more


async def referrers(worker: Worker, artifact_type: str | None = None) -> list[str]:
    return [
        found.digest
        async for found in worker.listing.referrers(ANONYMOUS, NAME, ONE.digest, artifact_type)
    ]


def test_tags_are_the_upstreams_or_what_is_here_when_it_is_away() -> None:
    async def work(registry: Registry) -> None:
        upstream = MemoryUpstream()
        for tag in ("a", "b", "c"):
            upstream.add_manifest(ONE, tag)
        async with workers(registry, upstream, 1) as (worker,):
            assert await tags(worker) == (["a", "b", "c"], False)
            assert await tags(worker, "a", 1) == (["b"], True)
            assert await tags(worker, "", 0) == ([], False) if await _seen(worker) else True
            upstream.faults.error = UpstreamOutage("away")
            assert await tags(worker) == (["b"], False)

    async def _seen(worker: Worker) -> bool:
        await worker.manifest("b")
        return True

    with_registry(work)


def test_nothing_of_an_upstream_that_is_away_is_an_unknown_repository() -> None:
    async def work(registry: Registry) -> None:
        upstream = MemoryUpstream()
        upstream.faults.error = UpstreamOutage("away")
        async with workers(registry, upstream, 1) as (worker,):
            with pytest.raises(UnknownName):
                await tags(worker)

    with_registry(work)


def test_referrers_are_the_upstreams_and_stay_when_it_is_away() -> None:
    async def work(registry: Registry) -> None:
        upstream = MemoryUpstream()
        signature, report = image(b"signature"), image(b"report")
        upstream.indexes[ONE.digest] = index(signature, report, artifact_type="x/y")
        wanted = sorted([signature.digest, report.digest])
        async with workers(registry, upstream) as both:
            assert await referrers(both[0]) == wanted
            assert await referrers(both[0], "x/y") == wanted
            assert await referrers(both[1], "x/z") == []
            assert upstream.faults.asked == {"referrers": 1}
            upstream.faults.error = UpstreamOutage("away")
            registry.clock.forward(1_000)
            assert await referrers(Worker(registry, upstream, 3)) == wanted

    with_registry(work)


def test_referrers_that_are_gone_are_gone_and_none_are_remembered() -> None:
    async def work(registry: Registry) -> None:
        upstream = MemoryUpstream()
        upstream.indexes[ONE.digest] = index(image(b"signature"))
        async with workers(registry, upstream, 1, ttl=0) as (worker,):
            assert len(await referrers(worker)) == 1
            upstream.indexes.clear()
            assert await referrers(worker) == []
        assert await registry.metadata.manifest_by_tag(NAME, fallback_tag(ONE.digest)) is None
        async with workers(registry, upstream, 1) as (worker,):
            upstream.faults.asked.clear()
            for _ in range(3):
                assert await referrers(worker) == []
        assert upstream.faults.asked == {"referrers": 1}

    with_registry(work)


def test_who_may_not_pull_gets_nothing_and_the_upstream_is_not_asked() -> None:
    async def work(registry: Registry) -> None:
        upstream = MemoryUpstream()
        upstream.add_manifest(ONE, "v1")
        digest = upstream.add_blob(b"one")
        async with workers(registry, upstream, 1) as (worker,):
            for asking in (worker.manifest("v1"), worker.read(digest), tags(worker)):
                with pytest.raises(Denied):
                    await asking
            with pytest.raises(Denied):
                await referrers(worker)
        assert not upstream.faults.asked

    with_registry(work, HidingAccess({NAME}))


def test_nobody_pushes_into_what_is_mirrored() -> None:
    async def work(registry: Registry) -> None:
        async with workers(registry, MemoryUpstream(), 1) as (worker,):
            access = UnpushableMirrors(registry.access, worker.origins)
            with pytest.raises(Unsupported, match="mirrors another registry"):
                await access.require(ANONYMOUS, Action.PUSH, NAME)
            assert not await access.may(ANONYMOUS, Action.PUSH, NAME)
            await access.require(ANONYMOUS, Action.PULL, NAME)
            await access.require(ANONYMOUS, Action.PUSH, RepositoryName("mine"))
            assert await access.may(ANONYMOUS, Action.PUSH, RepositoryName("mine"))

    with_registry(work)
