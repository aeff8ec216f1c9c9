"""The contract of `TokenStore`: keys that all agree upon, refresh tokens that end."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from entrepot.ports.access import Kind
from entrepot.ports.tokens import Authority, RefreshToken, SigningKey, TokenStore
from tests.contract.token_stores import TOKEN_STORES, TokenDatabase

NOW = 1_790_000_000_000_000
KEY = SigningKey(1, "one", b"private", b"certificate", NOW)
TOKEN = RefreshToken(
    digest="a" * 64,
    account="alice",
    kind=Kind.USER,
    groups=frozenset({"b", "a"}),
    mark="1.2",
    service="entrepot",
    client="docker",
    created_at=NOW,
    used_at=NOW,
    expires_at=NOW + 100,
)


@pytest.fixture(params=TOKEN_STORES)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[TokenDatabase]:
    database = TOKEN_STORES[request.param](tmp_path)
    yield database
    database.close()


@pytest.fixture
def store(database: TokenDatabase) -> TokenStore:
    return database.open()


def test_the_first_authority_is_everybodys(database: TokenDatabase) -> None:
    async def work() -> None:
        stores = [database.open() for _ in range(4)]
        assert [await store.authority() for store in stores] == [None] * 4
        made = [Authority(b"key %d" % at, b"certificate %d" % at) for at in range(4)]
        kept = await asyncio.gather(
            *(store.keep_authority(one, NOW) for store, one in zip(stores, made, strict=True))
        )
        assert len(set(kept)) == 1
        assert kept[0] in made
        assert {await store.authority() for store in stores} == set(kept)

    asyncio.run(work())


def test_of_two_keys_with_one_number_the_first_is_kept(database: TokenDatabase) -> None:
    async def work() -> None:
        stores = [database.open() for _ in range(4)]
        keys = [replace(KEY, kid=f"by {at}") for at in range(4)]
        kept = await asyncio.gather(
            *(store.keep_signing_key(key, NOW) for store, key in zip(stores, keys, strict=True))
        )
        assert sorted(kept) == [False, False, False, True]
        for store in stores:
            assert await store.signing_keys() == [keys[kept.index(True)]]

    asyncio.run(work())


def test_keys_are_listed_by_number_and_forgotten_below_one(store: TokenStore) -> None:
    async def work() -> None:
        assert await store.signing_keys() == []
        keys = [replace(KEY, number=at, kid=str(at)) for at in (3, 1, 2)]
        for key in keys:
            assert await store.keep_signing_key(key, NOW)
        assert [key.number for key in await store.signing_keys()] == [1, 2, 3]
        assert await store.forget_signing_keys(3) == 2
        assert await store.signing_keys() == [keys[0]]
        assert await store.forget_signing_keys(3) == 0

    asyncio.run(work())


def test_all_keys_are_removed_with_their_authority(store: TokenStore) -> None:
    async def work() -> None:
        await store.keep_authority(Authority(b"old", b"old"), NOW)
        await store.keep_signing_key(KEY, NOW)
        await store.forget_all_keys()
        assert await store.authority() is None
        assert await store.signing_keys() == []
        new = Authority(b"new", b"new")
        assert await store.keep_authority(new, NOW) == new

    asyncio.run(work())


def test_a_refresh_token_comes_back_as_it_was_kept(store: TokenStore) -> None:
    async def work() -> None:
        assert await store.refresh_token(TOKEN.digest) is None
        await store.keep_refresh_token(TOKEN)
        robot = replace(TOKEN, digest="b" * 64, kind=Kind.ROBOT, groups=frozenset())
        await store.keep_refresh_token(robot)
        assert await store.refresh_token(TOKEN.digest) == TOKEN
        assert await store.refresh_token(robot.digest) == robot

    asyncio.run(work())


def test_an_accounts_are_listed_in_pages_and_taken_away(store: TokenStore) -> None:
    async def work() -> None:
        digests = [letter * 64 for letter in "cab"]
        for digest in digests:
            await store.keep_refresh_token(replace(TOKEN, digest=digest))
        other = replace(TOKEN, digest="d" * 64, account="bob")
        await store.keep_refresh_token(other)
        first = await store.refresh_tokens("alice", "", 2)
        assert [one.digest[0] for one in first] == ["a", "b"]
        rest = await store.refresh_tokens("alice", first[-1].digest, 2)
        assert [one.digest[0] for one in rest] == ["c"]
        assert await store.revoke_refresh_token("a" * 64)
        assert not await store.revoke_refresh_token("a" * 64)
        assert await store.revoke_refresh_tokens("alice") == 2
        assert await store.refresh_tokens("alice", "", 9) == []
        assert await store.refresh_tokens("bob", "", 9) == [other]

    asyncio.run(work())


def test_use_moves_the_end_and_never_brings_it_nearer(store: TokenStore) -> None:
    async def work() -> None:
        await store.keep_refresh_token(TOKEN)
        await store.note_use(TOKEN.digest, NOW + 5, NOW + 500)
        used = replace(TOKEN, used_at=NOW + 5, expires_at=NOW + 500)
        assert await store.refresh_token(TOKEN.digest) == used
        await store.note_use(TOKEN.digest, NOW + 6, NOW + 400)
        assert await store.refresh_token(TOKEN.digest) == replace(used, used_at=NOW + 6)
        await store.note_use("e" * 64, NOW, NOW)

    asyncio.run(work())


def test_those_that_have_ended_are_forgotten_some_at_a_time(store: TokenStore) -> None:
    async def work() -> None:
        for at, letter in enumerate("abcde"):
            token = replace(TOKEN, digest=letter * 64, expires_at=NOW + at)
            await store.keep_refresh_token(token)
        assert await store.forget_expired(NOW + 2, 2) == 2
        assert await store.forget_expired(NOW + 2, 2) == 1
        assert await store.forget_expired(NOW + 2, 2) == 0
        left = await store.refresh_tokens("alice", "", 9)
        assert [one.digest[0] for one in left] == ["d", "e"]

    asyncio.run(work())
