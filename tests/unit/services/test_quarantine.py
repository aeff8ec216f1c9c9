from pathlib import Path

import pytest

from entrepot.drivers.sql.quarantine import SqlQuarantine
from entrepot.errors import StorageOutage
from entrepot.oci.digest import Digest
from entrepot.oci.name import RepositoryName
from entrepot.ports.metadata import StoredBlob, Transaction
from entrepot.ports.quarantine import Reason
from entrepot.services.quarantine import Quarantining
from tests.unit.services.registry import Registry, with_registry

NAME = RepositoryName("app")
CONTENT = b"the bytes of a layer"
DIGEST = Digest.of(CONTENT)


def quarantining(registry: Registry) -> Quarantining:
    return Quarantining(
        SqlQuarantine(registry.metadata.database),
        registry.blobs,
        registry.inspector,
        registry.clock,
    )


def place(registry: Registry, content: bytes) -> Path:
    path = Path(registry.layout.path(registry.layout.location(DIGEST)))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


async def known(registry: Registry) -> StoredBlob:
    blob = StoredBlob(DIGEST, len(CONTENT), registry.layout.location(DIGEST))

    async def change(transaction: Transaction) -> None:
        number = await transaction.repository(NAME, 1)
        await transaction.keep_blob(blob, 1)
        await transaction.link_blob(number, DIGEST, 1)

    await registry.metadata.change(change)
    return blob


async def is_served(registry: Registry) -> bool:
    found = await registry.metadata.blob(NAME, DIGEST)
    assert found is not None
    return not found.quarantined


def test_a_file_that_is_missing_is_put_into_quarantine() -> None:
    async def work(registry: Registry) -> None:
        blob = await known(registry)
        assert await quarantining(registry).found_while_serving(blob)
        assert not await is_served(registry)

    with_registry(work)


def test_a_blob_that_was_pushed_again_since_it_was_missed_is_served_on() -> None:
    async def work(registry: Registry) -> None:
        blob = await known(registry)
        service = quarantining(registry)
        assert await service.look(blob) is Reason.MISSING
        # What a collector and a push do between the look and the mark.
        place(registry, CONTENT)
        assert not await service.put(blob, Reason.MISSING)
        assert await is_served(registry)

    with_registry(work)


def test_the_second_look_is_the_same_as_the_first_where_bytes_were_read() -> None:
    async def work(registry: Registry) -> None:
        blob = await known(registry)
        place(registry, CONTENT[::-1])
        looks: list[str] = []

        async def read_again() -> Reason | None:
            looks.append("again")
            return Reason.WRONG_BYTES

        assert await quarantining(registry).put(blob, Reason.WRONG_BYTES, read_again)
        assert looks == ["again"]
        assert not await is_served(registry)

    with_registry(work)


def test_a_good_blob_is_left_alone() -> None:
    async def work(registry: Registry) -> None:
        blob = await known(registry)
        place(registry, CONTENT)
        assert not await quarantining(registry).found_while_serving(blob)
        assert await is_served(registry)

    with_registry(work)


def test_a_disk_that_is_gone_condemns_nothing() -> None:
    async def work(registry: Registry) -> None:
        blob = await known(registry)
        registry.layout.uploads.rmdir()  # as where the mount point is empty
        with pytest.raises(StorageOutage):
            await quarantining(registry).put(blob, Reason.MISSING)
        assert not await quarantining(registry).found_while_serving(blob)
        assert await is_served(registry)

    with_registry(work)


def test_the_second_to_find_it_does_not_move_the_mark() -> None:
    async def work(registry: Registry) -> None:
        blob = await known(registry)
        assert await quarantining(registry).put(blob, Reason.MISSING)
        registry.clock.forward(5)
        assert not await quarantining(registry).put(blob, Reason.WRONG_BYTES)
        (row,) = await SqlQuarantine(registry.metadata.database).listed(0, 10)
        assert (row.since, row.reason) == (registry.clock.now() - 5_000_000, Reason.MISSING)

    with_registry(work)
