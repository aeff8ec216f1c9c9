"""Mounting, where the caller may not read everything."""

from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from entrepot.errors import Denied
from entrepot.oci.name import RepositoryName
from entrepot.ports.metadata import Transaction
from entrepot.services.mount import Mount
from tests.contract.pushing import give_blobs, some_blob
from tests.unit.services.registry import CAROL, HidingAccess, Registry, with_registry

BLOB = some_blob("shared")
TARGET = RepositoryName("team/target")
SOURCE = RepositoryName("team/source")


def mounting(registry: Registry, hidden: Iterable[str] = ()) -> Mount:
    return Mount(registry.metadata, HidingAccess(set(hidden)), registry.clock)


async def mount(
    registry: Registry, source: RepositoryName | None, hidden: Iterable[str] = ()
) -> bool:
    mounted = await mounting(registry, hidden).mount(CAROL, TARGET, BLOB.digest, source)
    there = await registry.metadata.blob(TARGET, BLOB.digest)
    assert (there == BLOB) is mounted
    return mounted


def test_a_blob_is_mounted_from_where_the_client_says() -> None:
    async def work(registry: Registry) -> None:
        await give_blobs(registry.metadata, SOURCE, BLOB)
        assert await mount(registry, SOURCE)
        assert await registry.metadata.blob(SOURCE, BLOB.digest) == BLOB

    with_registry(work)


def test_a_source_without_the_blob_mounts_nothing_though_others_have_it() -> None:
    async def work(registry: Registry) -> None:
        await give_blobs(registry.metadata, SOURCE, BLOB)
        assert not await mount(registry, RepositoryName("team/empty"))
        assert not await registry.metadata.repository_exists(TARGET)

    with_registry(work)


def test_what_the_repository_has_already_is_mounted_from_anywhere() -> None:
    async def work(registry: Registry) -> None:
        await give_blobs(registry.metadata, TARGET, BLOB)
        assert await mount(registry, RepositoryName("team/empty"))
        assert await mount(registry, None)

    with_registry(work)


def test_a_hidden_source_is_as_one_that_has_nothing() -> None:
    async def work(registry: Registry) -> None:
        await give_blobs(registry.metadata, SOURCE, BLOB)
        assert not await mount(registry, SOURCE, {SOURCE})
        assert not await mount(registry, None, {SOURCE})

    with_registry(work)


def test_who_may_not_push_is_told_so_whoever_has_the_blob() -> None:
    async def work(registry: Registry) -> None:
        await give_blobs(registry.metadata, SOURCE, BLOB)
        await give_blobs(registry.metadata, TARGET, BLOB)
        for source in (SOURCE, None):
            with pytest.raises(Denied):
                await mounting(registry, {TARGET}).mount(CAROL, TARGET, BLOB.digest, source)

    with_registry(work)


@settings(max_examples=20)  # each is a registry of its own
@given(st.integers(0, 150), st.data())
def test_without_a_source_any_readable_repository_will_do_however_many_are_hidden(
    count: int, data: st.DataObject
) -> None:
    readable = data.draw(st.none() | st.integers(0, count))

    async def work(registry: Registry) -> None:
        names = [RepositoryName(f"team/{number}") for number in range(count)]

        async def change(transaction: Transaction) -> None:
            await transaction.keep_blob(BLOB, 1)
            for name in names:
                number = await transaction.repository(name, 1)
                await transaction.link_blob(number, BLOB.digest, 1)

        await registry.metadata.change(change)
        hidden = {name for number, name in enumerate(names) if number != readable}
        assert await mount(registry, None, hidden) is (len(hidden) < count)

    with_registry(work)


def test_a_source_that_loses_the_blob_meanwhile_mounts_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def work(registry: Registry) -> None:
        await give_blobs(registry.metadata, SOURCE, BLOB)
        change = registry.metadata.change

        async def lose(transaction: Transaction) -> None:
            number = await transaction.find_repository(SOURCE)
            assert number is not None
            await transaction.unlink_blob(number, BLOB.digest)

        async def after_the_loss(work: object) -> object:
            await change(lose)
            return await change(work)  # type: ignore[arg-type]

        monkeypatch.setattr(registry.metadata, "change", after_the_loss)
        assert not await mount(registry, SOURCE)
        assert not await registry.metadata.repository_exists(TARGET)

    with_registry(work)
