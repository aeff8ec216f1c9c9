"""What mirrors leave in the database is what a check and the counters expect."""

from dataclasses import replace

from entrepot.drivers.sql.check import SqlInspector, SqlMender
from entrepot.drivers.sql.engines.sqlite.database import SqliteDatabase
from entrepot.drivers.sql.quarantine import SqlQuarantine
from entrepot.drivers.sql.recount import SqlUsageRecount
from entrepot.services.check import Check, Fault, Finding, Stores, run_check
from tests.unit.services.mirror.images import image, index
from tests.unit.services.mirror.mirrors import HOST, NAME, OTHER, workers
from tests.unit.services.mirror.upstreams import MemoryUpstream
from tests.unit.services.registry import Registry, with_registry

ONE, TWO = image(b"one", b"shared"), image(b"two", b"shared")


async def checked(registry: Registry, stores: Stores) -> list[Finding]:
    found: list[Finding] = []
    await run_check(Check(stores, found.append, verify=True))
    return found


def test_a_check_finds_nothing_wrong_in_a_mirror_that_has_only_parts() -> None:
    async def work(registry: Registry) -> None:
        upstream = MemoryUpstream()
        upstream.add_manifest(ONE, "one")
        upstream.add_manifest(TWO, "two")
        upstream.add_manifest(index(ONE, TWO), "both")
        shared = upstream.add_blob(b"shared")
        async with workers(registry, upstream) as both:
            for name in (NAME, OTHER):
                await both[0].manifest("both", name)
                await both[0].manifest("one", name)
                assert await both[1].read(shared, name) == b"shared"
            upstream.add_manifest(TWO, "one")
            registry.clock.forward(1_000)
            await both[1].manifest("two")
        asked = SqliteDatabase(registry.layout.root.parent / "metadata.db", read_only=True)
        stores = Stores(
            rows=SqlInspector(asked),
            mender=SqlMender(registry.metadata.database),
            blobs=registry.inspector,
            keeper=registry.blobs,
            sessions=registry.sessions,
            recount=SqlUsageRecount(registry.metadata.database),
            quarantine=SqlQuarantine(registry.metadata.database),
            clock=registry.clock,
            mirrors=lambda name: name.startswith(f"{HOST}/"),
        )
        assert await checked(registry, stores) == []
        unaware = await checked(registry, replace(stores, mirrors=lambda name: False))
        assert {finding.kind for finding in unaware} == {Fault.MISSING_BLOB, Fault.MISSING_CHILD}
        asked.close()

    with_registry(work)
