"""The client with the habits of each registry that cannot be reached (docs/upstreams.md)."""

import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from entrepot import __version__
from entrepot.drivers.remote import RemoteRegistry
from entrepot.errors import UnknownUpstreamContent, UpstreamDenied
from entrepot.oci.reference import Tag
from entrepot.ports.upstream import RateLimit, UpstreamAddress
from tests.unit.drivers.remote.played import (
    IDENTITY,
    LAYER,
    LAYER_DIGEST,
    MANIFEST,
    MANIFEST_DIGEST,
    NAME,
    OTHER_REFERRER,
    PASSWORD,
    REFERRER,
    SIGNATURE,
    TAGS,
    USER,
    Habits,
    Played,
    playing,
)

pytestmark = pytest.mark.anyio

ROWS = {
    "Docker Hub": Habits(
        service="registry.docker.io",
        catalogue=401,
        headers={"ratelimit-limit": "100;w=21600", "ratelimit-remaining": "76;w=21600"},
    ),
    "GHCR": Habits(service="ghcr.io", expires_in=None, referrers=False, by_age=True, catalogue=404),
    "Quay": Habits(realm="/v2/auth", service="quay.io", redirect=302, pages="opaque"),
    "GitLab": Habits(
        realm="/jwt/auth",
        service="container_registry",
        expires_in=300,
        asks_user=True,
        referrers=False,
        catalogue=401,
    ),
    "Harbor": Habits(
        realm="/service/token", service="harbor-registry", redirect=0, filters=True, catalogue=401
    ),
    "ECR": Habits(
        scheme="basic", service="ecr.amazonaws.com", asks_user=True, pages="opaque", page_key="last"
    ),
    "GAR": Habits(
        realm="/v2/token", service="docker.pkg.test", redirect=302, elsewhere=False, pages="none"
    ),
    "ACR": Habits(
        realm="/oauth2/token",
        service="registry.azurecr.test",
        token_field="access_token",
        expires_in=None,
        takes_identity=True,
        asks_user=True,
        filters=True,
    ),
    "no users": Habits(scheme="none", redirect=0, pages="none"),
}


def address_of(played: Played, **changes: Any) -> UpstreamAddress:
    found = UpstreamAddress("registry.test", (played.url,))
    if played.habits.scheme != "none":
        found = replace(found, username=USER, password=PASSWORD)
    return replace(found, **changes)


@asynccontextmanager
async def reading(address: UpstreamAddress) -> AsyncIterator[RemoteRegistry]:
    registry = RemoteRegistry(address)
    try:
        yield registry
    finally:
        await registry.close()


@pytest.fixture(params=ROWS)
async def played(request: pytest.FixtureRequest) -> AsyncIterator[Played]:
    async with playing(ROWS[request.param]) as running:
        yield running


async def test_an_image_is_read(played: Played) -> None:
    async with reading(address_of(played)) as registry:
        await registry.ping()
        told = await registry.head_manifest(NAME, Tag("latest"))
        assert (told.digest, told.size) == (MANIFEST_DIGEST, len(MANIFEST))
        for reference in (Tag("latest"), MANIFEST_DIGEST):
            manifest = await registry.manifest(NAME, reference)
            assert (manifest.digest, manifest.payload) == (MANIFEST_DIGEST, MANIFEST)
        for start in (0, 1000):
            async with registry.blob(NAME, LAYER_DIGEST, start) as blob:
                assert (blob.start, blob.size) == (start, len(LAYER))
                assert b"".join([piece async for piece in blob.pieces()]) == LAYER[start:]
        assert (await registry.head_blob(NAME, LAYER_DIGEST)).size == len(LAYER)
        with pytest.raises(UnknownUpstreamContent):
            await registry.manifest(NAME, Tag("missing"))
    assert played.agents == {f"entrepot/{__version__}"}
    # One token for the version check, where it is asked for, and one for the repository.
    assert played.asked["GET token"] <= 2


async def test_a_store_elsewhere_never_sees_who_we_are(played: Played) -> None:
    async with (
        reading(address_of(played)) as registry,
        registry.blob(NAME, LAYER_DIGEST, 5) as blob,
    ):
        assert b"".join([piece async for piece in blob.pieces()]) == LAYER[5:]
    if played.habits.redirect and played.habits.elsewhere:
        assert "Authorization" not in played.store_headers
        assert played.store_headers["Range"] == "bytes=5-"
        assert played.store_headers["Accept-Encoding"] == "identity"


@pytest.mark.parametrize("same_worker", [True, False])
async def test_all_tags_are_listed_page_by_page(played: Played, same_worker: bool) -> None:
    listed: list[str] = []
    more = True
    async with reading(address_of(played)) as one:
        while more:
            async with reading(address_of(played)) as another:
                registry = one if same_worker else another
                page, more = await registry.tags(NAME, listed[-1] if listed else "", 2)
            assert 0 < len(page) <= 2
            listed += page
    assert sorted(listed) == sorted(TAGS)


async def test_all_tags_are_listed_at_once(played: Played) -> None:
    async with reading(address_of(played)) as registry:
        listed, more = await registry.tags(NAME, "", 10_000)
    assert (sorted(listed), more) == (sorted(TAGS), False)


async def test_repositories_are_listed_where_the_registry_has_a_list(played: Played) -> None:
    async with reading(address_of(played)) as registry:
        if played.habits.catalogue == 200:
            assert await registry.repositories("", 100) == ([NAME], False)
            return
        with pytest.raises((UnknownUpstreamContent, UpstreamDenied)):
            await registry.repositories("", 100)


async def test_referrers_are_found_with_and_without_the_api(played: Played) -> None:
    async with reading(address_of(played)) as registry:
        index = await registry.referrers(NAME, MANIFEST_DIGEST)
        assert json.loads(index.payload)["manifests"] == [REFERRER, OTHER_REFERRER]
        signatures = await registry.referrers(NAME, MANIFEST_DIGEST, SIGNATURE)
        assert json.loads(signatures.payload)["manifests"] == [REFERRER]


async def test_the_limit_is_known_where_it_is_told(played: Played) -> None:
    async with reading(address_of(played)) as registry:
        await registry.head_manifest(NAME, Tag("latest"))
        told = "ratelimit-limit" in played.habits.headers
        assert registry.rate_limit == (RateLimit(100, 76, 21600) if told else None)


async def test_nobody_reads_what_is_public_and_is_told_where_nothing_is(played: Played) -> None:
    async with reading(address_of(played, username="", password="")) as registry:
        await registry.ping()
        if played.habits.asks_user:
            with pytest.raises(UpstreamDenied):
                await registry.manifest(NAME, Tag("latest"))
        else:
            assert (await registry.manifest(NAME, Tag("latest"))).payload == MANIFEST


async def test_a_wrong_password_is_told_once(played: Played) -> None:
    if played.habits.scheme == "none":
        return
    async with reading(address_of(played, password="wrong")) as registry:
        with pytest.raises(UpstreamDenied, match=r"credentials|password") as refused:
            await registry.manifest(NAME, Tag("latest"))
        with pytest.raises(UpstreamDenied):
            await registry.ping()
    assert "wrong" not in str(refused.value)
    assert played.asked["GET manifests"] <= 2


async def test_a_token_that_is_no_longer_good_is_renewed(played: Played) -> None:
    async with reading(address_of(played)) as registry:
        await registry.manifest(NAME, Tag("latest"))
        played.revoke()
        assert (await registry.manifest(NAME, Tag("latest"))).payload == MANIFEST


async def test_identity_tokens_are_exchanged_where_the_token_server_does_that(
    played: Played, tmp_path: Path
) -> None:
    config = tmp_path / "config.json"
    host = played.url.removeprefix("http://")
    user = base64.b64encode(b"00000000-0000-0000-0000-000000000000:").decode()
    auths = {host: {"auth": user, "identitytoken": IDENTITY}}
    config.write_text(json.dumps({"auths": auths}))
    address = address_of(played, username="", password="", docker_config=str(config))
    async with reading(address) as registry:
        if played.habits.takes_identity:
            assert (await registry.manifest(NAME, Tag("latest"))).payload == MANIFEST
            assert played.asked["POST token"] == 1
        elif played.habits.scheme != "none":
            with pytest.raises(UpstreamDenied):
                await registry.manifest(NAME, Tag("latest"))
