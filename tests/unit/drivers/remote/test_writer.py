"""Pushing to registries that answer in unusual ways."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from entrepot.drivers.remote import RemoteRegistry, RemoteWriter
from entrepot.errors import UpstreamDenied, UpstreamFault, UpstreamOutage
from entrepot.oci.digest import Digest
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Tag
from entrepot.ports.upstream import UpstreamAddress
from tests.unit.drivers.remote.raw import Heard, answer, saying, serving

pytestmark = pytest.mark.anyio

NAME, OTHER, TAG = RepositoryName("team/app"), RepositoryName("team/other"), Tag("v1")
BLOB = b"0123456789"
DIGEST = Digest.of(BLOB)


@asynccontextmanager
async def writing(*urls: str) -> AsyncIterator[RemoteWriter]:
    registry = RemoteRegistry(UpstreamAddress("registry.test", urls, "alice", "sesame"))
    try:
        yield RemoteWriter(registry.exchange)
    finally:
        await registry.close()


async def pieces(*given: bytes) -> AsyncIterator[bytes]:
    for piece in given or (BLOB,):
        yield piece


def targets(heard: Heard) -> list[str]:
    return [request.split(" HTTP/", 1)[0] for request in heard.requests]


async def test_a_blob_is_one_patch_wherever_the_upload_is() -> None:
    begun = answer(202, Location="uploads/1?state=a%2Fb%3D", OCI_Chunk_Min_Length="5000000")
    moved = answer(202, Location="/elsewhere/1?state=c%2Fd%3D")
    act = saying(begun, moved, answer(201))
    async with serving(act) as heard, writing(heard.url) as writer:
        await writer.upload(NAME, DIGEST, len(BLOB), pieces(BLOB[:3], BLOB[3:]))
    assert targets(heard) == [
        "POST /v2/team/app/blobs/uploads/",
        "PATCH /v2/team/app/blobs/uploads/uploads/1?state=a%2Fb%3D",
        f"PUT /elsewhere/1?state=c%2Fd%3D&digest={DIGEST.replace(':', '%3A')}",
    ]
    assert heard.header(1, "Content-Length") == "10"
    assert heard.header(1, "Transfer-Encoding") == ""


async def test_an_upload_at_another_host_is_sent_without_credentials() -> None:
    async with serving(saying(answer(202), answer(201))) as store:
        ask = answer(401, WWW_Authenticate='Basic realm="x"')
        begun = answer(202, Location=f"{store.url}/upload")
        act = saying(ask, begun)
        async with serving(act) as heard, writing(heard.url) as writer:
            await writer.upload(NAME, DIGEST, len(BLOB), pieces())
        assert heard.header(1, "Authorization")
        assert targets(store)[0] == "PATCH /upload"
        assert not any(store.header(place, "Authorization") for place in range(2))


async def test_what_a_registry_stores_in_place_of_ours_is_a_fault() -> None:
    other = Digest.of(b"other")
    begun = answer(202, Location="/upload")
    stored = answer(201, Docker_Content_Digest=other)
    act = saying(begun, answer(202), stored)
    async with serving(act) as heard, writing(heard.url) as writer:
        with pytest.raises(UpstreamFault, match="has stored"):
            await writer.upload(NAME, DIGEST, len(BLOB), pieces())
    async with serving(saying(stored)) as heard, writing(heard.url) as writer:
        with pytest.raises(UpstreamFault, match="another manifest"):
            await writer.put_manifest(NAME, TAG, b"{}", "a/b")


@pytest.mark.parametrize("given", [(b"short",), (BLOB, b"more")])
async def test_a_source_of_another_size_is_no_upload(given: tuple[bytes, ...]) -> None:
    act = saying(answer(202, Location="/upload"), answer(202))
    async with serving(act) as heard, writing(heard.url) as writer:
        with pytest.raises(UpstreamOutage, match="does not have the 10 bytes"):
            await writer.upload(NAME, DIGEST, len(BLOB), pieces(*given))
    assert not any(target.startswith("PUT") for target in targets(heard))


@pytest.mark.parametrize("location", ["", "ftp://x/", "http://a:b@x.test/"])
async def test_an_upload_without_a_valid_place_is_a_fault(location: str) -> None:
    begun = answer(202, Location=location) if location else answer(202)
    async with serving(saying(begun)) as heard, writing(heard.url) as writer:
        with pytest.raises(UpstreamFault):
            await writer.upload(NAME, DIGEST, len(BLOB), pieces())


async def test_only_the_registry_itself_is_written_to() -> None:
    async with (
        serving(saying(answer(503))) as first,
        serving(saying(answer(201))) as second,
        writing(first.url, second.url) as writer,
    ):
        with pytest.raises(UpstreamOutage):
            await writer.put_manifest(NAME, TAG, b"{}", "a/b")
    assert not second.requests


async def test_a_mount_that_becomes_an_upload_is_ended() -> None:
    act = saying(answer(202, Location="/upload"), answer(500))
    async with serving(act) as heard, writing(heard.url) as writer:
        assert not await writer.mount(NAME, DIGEST, OTHER)
    assert targets(heard)[1] == "DELETE /upload"


async def test_a_registry_that_lets_nobody_delete_is_told() -> None:
    async with serving(saying(answer(403))) as heard, writing(heard.url) as writer:
        with pytest.raises(UpstreamDenied, match="to delete v1 from team/app"):
            await writer.delete_manifest(NAME, TAG)


async def test_an_upload_begins_though_the_connection_was_closed_meanwhile() -> None:
    connections = 0

    async def close_the_first(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter, heard: Heard
    ) -> None:
        nonlocal connections
        connections += 1
        if connections > 1:
            await saying(answer(201))(reader, writer, heard)
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer(404))
        await reader.readuntil(b"\r\n\r\n")  # and nothing is answered to this one

    async with serving(close_the_first) as heard, writing(heard.url) as writer:
        await writer.delete_manifest(NAME, TAG)
        assert await writer.mount(NAME, DIGEST, OTHER)
    assert connections == 2


async def test_an_empty_blob_is_uploaded() -> None:
    act = saying(answer(202, Location="/upload"), answer(202), answer(201))
    async with serving(act) as heard, writing(heard.url) as writer:
        await writer.upload(NAME, Digest.of(b""), 0, pieces(b""))
    assert heard.header(1, "Content-Length") == "0"
