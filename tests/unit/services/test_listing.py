"""Pages of tags, repositories and referrers, as a caller may see them."""

import string
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from entrepot.errors import Denied, UnknownName
from entrepot.oci.digest import Digest
from entrepot.oci.name import RepositoryName
from entrepot.services.listing import Listing, Page
from tests.contract.pushing import APP, give_blobs, push, some_blob, some_image
from tests.unit.services.registry import CAROL, HidingAccess, Registry, with_registry

IMAGE = some_image()
repositories = st.sets(st.text(string.ascii_lowercase, min_size=1, max_size=2), max_size=12)


async def all_pages(ask: Callable[[str], Awaitable[Page]], limit: int) -> list[str]:
    """Walk through a list as a client does."""
    listed: list[str] = []
    after = ""
    while True:
        page = await ask(after)
        assert len(page.names) <= limit
        listed += page.names
        if not page.more:
            return listed
        assert len(page.names) == limit, "a page with more behind it is full"
        after = page.names[-1]


@settings(max_examples=25)  # each is a registry of its own
@given(repositories, st.data())
def test_a_caller_sees_all_but_the_hidden_repositories_in_order_in_any_pages(
    names: set[str], data: st.DataObject
) -> None:
    access = HidingAccess(data.draw(st.sets(st.sampled_from(sorted(names)))) if names else set())

    async def work(registry: Registry) -> None:
        for name in names:
            await push(registry.metadata, RepositoryName(name), IMAGE)
        listing = Listing(registry.metadata, access)
        visible = sorted(names - access.hidden)
        for limit in range(1, len(names) + 3):
            listed = await all_pages(partial(listing.repositories, CAROL, limit=limit), limit)
            assert listed == visible
        assert await listing.repositories(CAROL, "", 0) == Page([], False)
        behind = data.draw(st.text(string.ascii_lowercase, max_size=3))
        page = await listing.repositories(CAROL, behind, 100)
        assert page == Page([name for name in visible if name > behind], False)

    with_registry(work)


def test_hidden_repositories_at_the_end_are_not_promised_as_more() -> None:
    async def work(registry: Registry) -> None:
        for name in ("a", "b", "c", "d"):
            await push(registry.metadata, RepositoryName(name), IMAGE)
        listing = Listing(registry.metadata, HidingAccess({"c", "d"}))
        assert await listing.repositories(CAROL, "", 2) == Page(["a", "b"], False)
        assert await listing.repositories(CAROL, "", 1) == Page(["a"], True)
        assert await listing.repositories(CAROL, "b", 1) == Page([], False)

    with_registry(work)


def test_repositories_without_a_manifest_are_not_listed() -> None:
    async def work(registry: Registry) -> None:
        await give_blobs(registry.metadata, APP, some_blob("only a blob"))
        listing = Listing(registry.metadata, registry.access)
        assert await listing.repositories(CAROL, "", 10) == Page([], False)
        assert await listing.tags(CAROL, APP, "", 10) == Page([], False)

    with_registry(work)


def test_nothing_of_a_hidden_repository_is_listed() -> None:
    async def work(registry: Registry) -> None:
        await push(registry.metadata, APP, IMAGE, tag="latest")
        listing = Listing(registry.metadata, HidingAccess({APP}))
        with pytest.raises(Denied):
            await listing.tags(CAROL, APP, "", 10)
        async with closing_referrers(listing, IMAGE.digest) as found:
            with pytest.raises(Denied):
                await anext(found)

    with_registry(work)


def test_an_unknown_repository_is_told_from_an_empty_page() -> None:
    async def work(registry: Registry) -> None:
        await push(registry.metadata, APP, IMAGE, tag="latest")
        listing = Listing(registry.metadata, registry.access)
        unknown = RepositoryName("team/unknown")
        for limit in (0, 1, 10):
            with pytest.raises(UnknownName):
                await listing.tags(CAROL, unknown, "", limit)
            assert await listing.tags(CAROL, APP, "zzz", limit) == Page([], False)
        assert await listing.tags(CAROL, APP, "", 0) == Page([], False)

    with_registry(work)


tags = st.sets(
    st.text(string.ascii_letters + string.digits + "_", min_size=1, max_size=3), max_size=12
)


@settings(max_examples=25)
@given(tags)
def test_tags_come_in_byte_order_in_any_pages(names: set[str]) -> None:
    async def work(registry: Registry) -> None:
        await push(registry.metadata, APP, IMAGE)
        for name in names:
            await push(registry.metadata, APP, IMAGE, tag=name)
        listing = Listing(registry.metadata, registry.access)
        for limit in range(1, len(names) + 3):
            listed = await all_pages(partial(listing.tags, CAROL, APP, limit=limit), limit)
            assert listed == sorted(names)

    with_registry(work)


@asynccontextmanager
async def closing_referrers(
    listing: Listing, subject: Digest
) -> AsyncIterator[AsyncIterator[object]]:
    found = listing.referrers(CAROL, APP, subject, None)
    try:
        yield found
    finally:
        await found.aclose()  # type: ignore[attr-defined]  # a generator
