"""What the client makes of registries that fail, lie or lead it astray."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from entrepot.drivers.remote import RemoteRegistry, reply
from entrepot.errors import (
    EntrepotError,
    UnknownUpstreamContent,
    UpstreamBusy,
    UpstreamDenied,
    UpstreamFault,
    UpstreamOutage,
)
from entrepot.oci.digest import Digest
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Tag
from entrepot.ports.upstream import UpstreamAddress
from tests.ports import free_port
from tests.unit.drivers.remote.raw import Act, Heard, answer, saying, serving, silence

pytestmark = pytest.mark.anyio

NAME = RepositoryName("team/app")
TAG = Tag("v1")
BLOB = b"0123456789" * 100
DIGEST = Digest.of(BLOB)
MANIFEST = b'{"schemaVersion":2}'


@asynccontextmanager
async def reading(*urls: str, limit: int = 4096, **changes: Any) -> AsyncIterator[RemoteRegistry]:
    changes = {"username": "alice", "password": "sesame", "read_timeout": 60.0, **changes}
    registry = RemoteRegistry(UpstreamAddress("registry.test", urls, **changes), limit)
    try:
        yield registry
    finally:
        await registry.close()


async def all_of(
    registry: RemoteRegistry, start: int = 0, came: bytearray | None = None
) -> tuple[int, bytes]:
    """Read a blob; what has come before it breaks is in `came`."""
    came = bytearray() if came is None else came
    async with registry.blob(NAME, DIGEST, start) as blob:
        async for piece in blob.pieces():
            came += piece
        return blob.start, bytes(came)


MANIFESTS: dict[str, tuple[bytes, type[EntrepotError]]] = {
    "no such thing": (answer(404), UnknownUpstreamContent),
    "not for us": (answer(403), UpstreamDenied),
    "slow down": (answer(429, Retry_After="17"), UpstreamBusy),
    "failure": (answer(500), UpstreamOutage),
    "gateway": (answer(503, b"<html>"), UpstreamOutage),
    "unknown status": (answer(299), UpstreamFault),
    "no HTTP": (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", UpstreamFault),
    "endless header": (b"HTTP/1.1 200 OK\r\nX: " + b"a" * 100_000, UpstreamFault),
    "compressed": (answer(200, MANIFEST, Content_Encoding="gzip"), UpstreamFault),
    "too large": (answer(200, b"x" * 5000), UpstreamFault),
    "wrong digest": (
        answer(200, MANIFEST, Docker_Content_Digest=Digest.of(b"other")),
        UpstreamFault,
    ),
    "redirect to nowhere": (answer(302), UpstreamFault),
    "redirect to a file": (answer(302, Location="file:///etc/passwd"), UpstreamFault),
    "redirect with a user": (answer(302, Location="http://a:b@127.0.0.1/"), UpstreamFault),
    "redirect to no address": (answer(302, Location="http://[::1"), UpstreamFault),
    "redirect for ever": (answer(307, Location="/v2/"), UpstreamFault),
    "unknown scheme": (answer(401, WWW_Authenticate="Negotiate"), UpstreamFault),
    "no challenge": (answer(401), UpstreamFault),
}


@pytest.mark.parametrize("row", MANIFESTS)
async def test_each_wrong_answer_is_one_error(row: str) -> None:
    given, kind = MANIFESTS[row]
    async with serving(saying(given)) as heard, reading(heard.url) as registry:
        with pytest.raises(kind) as raised:
            await registry.manifest(NAME, TAG)
    assert type(raised.value) is kind
    assert "127.0.0.1" in str(raised.value)
    assert "sesame" not in str(raised.value)
    assert len(heard.requests) <= 6
    if isinstance(raised.value, UpstreamBusy):
        assert raised.value.retry_after == 17


async def test_a_manifest_by_digest_has_that_digest() -> None:
    given = answer(200, MANIFEST, Docker_Content_Digest=Digest.of(b"wanted"))
    async with serving(saying(given)) as heard, reading(heard.url) as registry:
        with pytest.raises(UpstreamFault, match="other bytes"):
            await registry.manifest(NAME, Digest.of(b"wanted"))


async def test_a_signed_manifest_of_schema_1_comes_by_its_tag() -> None:
    signed = "application/vnd.docker.distribution.manifest.v1+prettyjws"
    # Its digest leaves out the signatures, so it is another than that of the bytes.
    given = answer(200, MANIFEST, Content_Type=signed, Docker_Content_Digest=Digest.of(b"unsigned"))
    async with serving(saying(given)) as heard, reading(heard.url) as registry:
        manifest = await registry.manifest(NAME, TAG)
    assert (manifest.media_type, manifest.digest) == (signed, Digest.of(MANIFEST))
    assert signed in heard.header(0, "Accept")


async def test_head_without_a_digest_tells_none() -> None:
    given = answer(200, length=99, Content_Type="a/b")
    async with serving(saying(given)) as heard, reading(heard.url) as registry:
        told = await registry.head_manifest(NAME, TAG)
    assert (told.digest, told.size, told.media_type) == (None, 99, "a/b")


RANGE = f"bytes 10-{len(BLOB) - 1}/{len(BLOB)}"
BLOBS: dict[str, tuple[bytes, type[EntrepotError]]] = {
    "stops early": (answer(206, BLOB[10:-5], length=990, Content_Range=RANGE), UpstreamOutage),
    "range too short": (answer(206, BLOB[10:-5], Content_Range=RANGE), UpstreamOutage),
    "range too long": (answer(206, BLOB + BLOB, Content_Range=RANGE), UpstreamFault),
    "another range": (answer(206, BLOB[20:], Content_Range="bytes 20-999/1000"), UpstreamFault),
    "a part of it": (answer(206, BLOB[10:20], Content_Range="bytes 10-19/1000"), UpstreamFault),
    "no range told": (answer(206, BLOB[10:]), UpstreamFault),
    "compressed": (answer(200, BLOB, Content_Encoding="br"), UpstreamFault),
}


@pytest.mark.parametrize("row", BLOBS)
async def test_each_wrong_blob_is_one_error(row: str) -> None:
    given, kind = BLOBS[row]
    async with serving(saying(given, then_close=True)) as heard, reading(heard.url) as registry:
        with pytest.raises(kind) as raised:
            await all_of(registry, 10)
    assert type(raised.value) is kind
    assert "127.0.0.1" in str(raised.value)


@pytest.mark.parametrize("cut", [1, 400, 999])
async def test_a_blob_that_breaks_off_goes_on_from_where_it_was(cut: int) -> None:
    rest = f"bytes {cut}-{len(BLOB) - 1}/{len(BLOB)}"
    first = answer(200, BLOB[:cut], length=len(BLOB))
    second = answer(206, BLOB[cut:], Content_Range=rest)
    async with (
        serving(saying(first, second, then_close=True)) as heard,
        reading(heard.url) as registry,
    ):
        came = bytearray()
        with pytest.raises(UpstreamOutage):
            await all_of(registry, 0, came)
        assert came == BLOB[:cut]
        assert await all_of(registry, cut) == (cut, BLOB[cut:])
    assert heard.header(1, "Range") == f"bytes={cut}-"


async def test_a_registry_without_ranges_sends_everything() -> None:
    async with serving(saying(answer(200, BLOB))) as heard, reading(heard.url) as registry:
        assert await all_of(registry, 10) == (0, BLOB)


async def test_a_range_that_is_refused_is_given_up() -> None:
    async with (
        serving(saying(answer(416), answer(200, BLOB))) as heard,
        reading(heard.url) as registry,
    ):
        assert await all_of(registry, len(BLOB)) == (0, BLOB)
    assert heard.header(1, "Range") == ""


async def test_silence_is_an_outage_after_the_time_that_is_set() -> None:
    async with (
        serving(silence) as heard,
        reading(heard.url, read_timeout=0.1, connect_timeout=0.1) as registry,
    ):
        with pytest.raises(UpstreamOutage, match="too slow"):
            await registry.manifest(NAME, TAG)


async def test_a_blob_that_stalls_is_an_outage() -> None:
    async def stall(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter, heard: Heard
    ) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer(200, BLOB[:10], length=len(BLOB)))
        await reader.read()

    async with serving(stall) as heard, reading(heard.url, read_timeout=0.2) as registry:
        with pytest.raises(UpstreamOutage, match="too slow"):
            await all_of(registry)


async def test_who_is_not_there_is_told_by_name_and_reason() -> None:
    async with reading(f"http://127.0.0.1:{free_port()}") as registry:
        with pytest.raises(UpstreamOutage, match=r"127\.0\.0\.1:\d+ cannot be reached: .*refused"):
            await registry.ping()
    async with reading("https://registry.invalid") as registry:
        with pytest.raises(UpstreamOutage, match="name cannot be resolved"):
            await registry.ping()


async def test_the_next_address_is_asked_and_then_asked_first() -> None:
    gone = f"http://127.0.0.1:{free_port()}"
    failing = saying(answer(503))
    async with (
        serving(failing) as first,
        serving(saying(answer(200, MANIFEST))) as second,
        reading(gone, first.url, second.url, username="", password="") as registry,
    ):
        for _ in range(3):
            assert (await registry.manifest(NAME, TAG)).payload == MANIFEST
    assert len(first.requests) == 1
    assert len(second.requests) == 3


async def test_a_refusal_is_not_asked_of_the_next_address() -> None:
    async with (
        serving(saying(answer(404))) as first,
        serving(saying(answer(200, MANIFEST))) as second,
        reading(first.url, second.url) as registry,
    ):
        with pytest.raises(UnknownUpstreamContent):
            await registry.manifest(NAME, TAG)
    assert not second.requests


def ask_basic() -> bytes:
    return answer(401, WWW_Authenticate='Basic realm="x"')


async def test_a_password_goes_to_the_registry_itself_alone() -> None:
    async with (
        serving(saying(answer(503))) as first,
        serving(saying(ask_basic())) as second,
        reading(first.url, second.url) as registry,
    ):
        with pytest.raises(UpstreamDenied, match="there are none for it"):
            await registry.manifest(NAME, TAG)
    assert all(not second.header(place, "Authorization") for place in range(len(second.requests)))


async def test_a_loop_of_401_ends_after_one_more_attempt() -> None:
    async with serving(saying(ask_basic())) as heard, reading(heard.url) as registry:
        for attempts in (2, 3):
            with pytest.raises(UpstreamDenied):
                await registry.manifest(NAME, TAG)
            assert len(heard.requests) == attempts


@pytest.mark.parametrize(
    "realm",
    [
        "http://elsewhere.test/token",
        "https://elsewhere.test/token",
        "token",
        "http://a:b@127.0.0.1",
    ],
)
async def test_over_http_no_other_host_is_asked_for_a_token(realm: str) -> None:
    challenge = answer(401, WWW_Authenticate=f'Bearer realm="{realm}",service="x"')
    async with serving(saying(challenge)) as heard, reading(heard.url) as registry:
        with pytest.raises(UpstreamFault):
            await registry.manifest(NAME, TAG)
    assert len(heard.requests) == 1


async def test_a_registry_that_stops_asking_for_credentials_is_read_again() -> None:
    act = saying(ask_basic(), answer(200, MANIFEST))
    async with serving(act) as heard, reading(heard.url, username="", password="") as registry:
        with pytest.raises(UpstreamDenied, match="there are none for it"):
            await registry.manifest(NAME, TAG)
        assert (await registry.manifest(NAME, TAG)).payload == MANIFEST


async def test_a_token_server_that_has_moved_is_found_again() -> None:
    def at(path: str) -> Callable[[Heard], bytes]:
        return lambda heard: answer(401, WWW_Authenticate=f'Bearer realm="{heard.url}/{path}"')

    token = answer(200, b'{"token":"t"}')
    act = saying(at("old"), answer(502), at("new"), token, answer(200, MANIFEST))
    async with serving(act) as heard, reading(heard.url) as registry:
        with pytest.raises(UpstreamOutage):
            await registry.manifest(NAME, TAG)
        assert (await registry.manifest(NAME, TAG)).payload == MANIFEST
    assert heard.requests[3].startswith("GET /new?")


async def test_a_blob_that_drips_is_an_outage(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reply, "_LEAST_SECONDS", 0.2)

    async def drip(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter, heard: Heard
    ) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer(200, length=10**9))
        while True:
            writer.write(b".")
            await writer.drain()
            await asyncio.sleep(0.01)

    async with serving(drip) as heard, reading(heard.url, read_timeout=0.2) as registry:
        with pytest.raises(UpstreamOutage, match="sends too slowly"):
            await all_of(registry)


TOKENS: dict[str, tuple[bytes, type[EntrepotError]]] = {
    "no JSON": (answer(200, b"<html>"), UpstreamFault),
    "no object": (answer(200, b"[]"), UpstreamFault),
    "no token": (answer(200, b'{"token":""}'), UpstreamFault),
    "a line in it": (answer(200, b'{"token":"a\\r\\nX: y"}'), UpstreamFault),
    "too large": (answer(200, b'{"token":"' + b"a" * 70_000 + b'"}'), UpstreamFault),
    "failure": (answer(502), UpstreamOutage),
    "limit": (answer(429, Retry_After="5"), UpstreamBusy),
    "refused": (answer(401), UpstreamDenied),
    "lost": (b"", UpstreamOutage),
}


@pytest.mark.parametrize("row", TOKENS)
async def test_each_wrong_token_is_one_error(row: str) -> None:
    given, kind = TOKENS[row]

    def challenge(heard: Heard) -> bytes:
        return answer(401, WWW_Authenticate=f'Bearer realm="{heard.url}/token",service="x"')

    act: Act = saying(challenge, given, then_close=row == "lost")
    async with serving(act) as heard, reading(heard.url) as registry:
        with pytest.raises(kind) as raised:
            await registry.manifest(NAME, TAG)
    assert type(raised.value) is kind
    assert "sesame" not in str(raised.value)


async def test_a_list_has_its_pages_on_its_own_host() -> None:
    page = b'{"tags":["a"]}'
    link = '<http://elsewhere.test/v2/team/app/tags/list>; rel="next"'
    async with serving(saying(answer(200, page, Link=link))) as heard, reading(heard.url) as it:
        with pytest.raises(UpstreamFault, match="another host"):
            await it.tags(NAME, "", 10)


@pytest.mark.parametrize("page", [b"[]", b"{", b'{"tags":{}}', b'{"tags":[1]}'])
async def test_a_list_that_is_none_is_a_fault(page: bytes) -> None:
    async with serving(saying(answer(200, page))) as heard, reading(heard.url) as registry:
        with pytest.raises(UpstreamFault):
            await registry.tags(NAME, "", 10)


async def test_a_list_without_end_is_given_up() -> None:
    link = '</v2/team/app/tags/list?token=again>; rel="next"'
    given = answer(200, b'{"tags":["a","b"]}', Link=link)
    async with serving(saying(given)) as heard, reading(heard.url) as registry:
        with pytest.raises(UpstreamFault, match="no list that can be read from 'z'"):
            await registry.tags(NAME, "z", 10)
    assert len(heard.requests) <= 101
