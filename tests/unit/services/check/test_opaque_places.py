"""A storage whose places are not named after digests is checked by what the rows say of them."""

from contextlib import closing

from entrepot.drivers.memory.storage import MemoryStorage
from entrepot.drivers.memory.store import MemoryInspector, MemoryStore
from entrepot.drivers.sql.check import SqlInspector, SqlMender
from entrepot.drivers.sql.engines.sqlite.database import SqliteDatabase
from entrepot.drivers.sql.quarantine import SqlQuarantine
from entrepot.drivers.sql.recount import SqlUsageRecount
from entrepot.ports.blobs import Location
from entrepot.services.check import Check, Fault, Finding, Stores, run_check
from tests.unit.services.check.harness import (
    CONTENTS,
    LAYER,
    SHARED,
    Damaged,
    digest_of,
    kinds,
    with_stock,
)


def place_of(content: str) -> Location:
    return Location(f"objects/{len(content)}-{content.replace(' ', '-')}")


def moved(stock: Damaged) -> MemoryStore:
    """Let every blob lie in memory, at a place that its digest does not tell."""
    store = MemoryStore()
    for content in dict.fromkeys(content for contents in CONTENTS.values() for content in contents):
        store.blobs[place_of(content)] = content.encode()
        stock.sql(
            f"UPDATE blobs SET location = '{place_of(content)}'"
            f" WHERE digest = '{digest_of(content)}'"
        )
    return store


async def checked(stock: Damaged, store: MemoryStore, *, repair: bool = False) -> list[Finding]:
    registry = stock.registry
    found: list[Finding] = []
    with closing(SqliteDatabase(stock.database, read_only=True)) as asked:
        stores = Stores(
            rows=SqlInspector(asked),
            mender=SqlMender(registry.metadata.database),
            blobs=MemoryInspector(store),
            keeper=MemoryStorage(store),
            sessions=registry.sessions,
            recount=SqlUsageRecount(registry.metadata.database),
            quarantine=SqlQuarantine(registry.metadata.database),
            clock=registry.clock,
        )
        await run_check(Check(stores, found.append, verify=True, repair=repair))
    return found


def test_blobs_are_known_by_where_they_lie() -> None:
    async def work(stock: Damaged) -> None:
        assert await checked(stock, moved(stock)) == []

    with_stock(work)


def test_bytes_at_a_place_that_no_row_names_are_told_with_it() -> None:
    async def work(stock: Damaged) -> None:
        store = moved(stock)
        store.blobs[Location("objects/nobody")] = LAYER.encode()
        (finding,) = await checked(stock, store)
        assert (finding.kind, finding.reference) == (Fault.UNKNOWN_FILE, "objects/nobody")

    with_stock(work)


def test_a_blob_whose_row_is_lost_cannot_be_found_by_its_digest() -> None:
    async def work(stock: Damaged) -> None:
        store = moved(stock)
        blob = f"(SELECT id FROM blobs WHERE digest = '{digest_of(SHARED)}')"
        stock.sql(
            f"DELETE FROM repository_blobs WHERE blob_id = {blob}",
            f"DELETE FROM blobs WHERE digest = '{digest_of(SHARED)}'",
        )
        found = await checked(stock, store, repair=True)
        assert {Fault.MISSING_BLOB, Fault.UNKNOWN_FILE} <= kinds(found)
        assert Fault.LOST_ROW not in kinds(found)
        assert store.blobs[place_of(SHARED)] == SHARED.encode()

    with_stock(work)


def test_damage_is_found_and_put_into_quarantine() -> None:
    async def work(stock: Damaged) -> None:
        store = moved(stock)
        store.blobs[place_of(LAYER)] = LAYER.swapcase().encode()
        del store.blobs[place_of(SHARED)]
        found = await checked(stock, store, repair=True)
        assert {(finding.kind, finding.reference) for finding in found} == {
            (Fault.WRONG_BYTES, digest_of(LAYER)),
            (Fault.MISSING_FILE, digest_of(SHARED)),
        }
        assert kinds(await checked(stock, store)) == {Fault.QUARANTINED}

    with_stock(work)
