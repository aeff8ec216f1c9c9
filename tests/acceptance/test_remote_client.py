"""The client for other registries, against Docker Registry: what a mirror or a copy asks of it."""

import asyncio
import json
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from entrepot.drivers.remote import RemoteRegistry, RemoteWriter
from entrepot.errors import UnknownUpstreamContent, UpstreamOutage
from entrepot.oci import media_type as types
from entrepot.oci.digest import Digest
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Tag
from entrepot.ports.upstream import UpstreamAddress
from tests.acceptance.harness.namespace import Namespace
from tests.acceptance.harness.paths import DOCKER_REGISTRY, DOCKER_REGISTRY_3
from tests.acceptance.harness.registry import Registry

PORT = 5108
PEERS = [
    pytest.param(DOCKER_REGISTRY, id="2.8.2"),
    pytest.param(DOCKER_REGISTRY_3, id="3.1.2", marks=pytest.mark.go),
]
NAME, OTHER = RepositoryName("team/app"), RepositoryName("team/other")
LAYER = random.Random(3).randbytes(5_000_000)
CONFIG = b"{}"
IMAGE = json.dumps(
    {
        "schemaVersion": 2,
        "mediaType": types.OCI_MANIFEST,
        "config": {"mediaType": types.OCI_EMPTY, "digest": Digest.of(CONFIG), "size": 2},
        "layers": [{"mediaType": "a/b", "digest": Digest.of(LAYER), "size": len(LAYER)}],
    }
).encode()
TAGS = ["a", "b", "c", "d", "e"]

Work = Callable[[RemoteRegistry, RemoteWriter], Awaitable[None]]


@pytest.fixture(params=PEERS)
def peer(request: pytest.FixtureRequest, host: Namespace, tmp_path: Path) -> Iterator[Registry]:
    command = [request.param, "serve"]
    with Registry(host, tmp_path / "data", port=PORT, command=command) as running:
        yield running


def with_client(peer: Registry, work: Work) -> None:
    """Run something with a client that is on the registry's host."""

    async def run() -> None:
        registry = RemoteRegistry(UpstreamAddress("peer.test", (f"http://{peer.address}",)))
        try:
            await work(registry, RemoteWriter(registry.exchange))
        finally:
            await registry.close()

    with peer.namespace.entered():
        asyncio.run(run())


async def pieces_of(content: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(content), 1_000_000):
        yield content[start : start + 1_000_000]


async def push(writer: RemoteWriter) -> None:
    for content in (LAYER, CONFIG):
        await writer.upload(NAME, Digest.of(content), len(content), pieces_of(content))
    for tag in TAGS:
        digest = await writer.put_manifest(NAME, Tag(tag), IMAGE, types.OCI_MANIFEST)
        assert digest == Digest.of(IMAGE)


def test_what_is_pushed_is_pulled_whole_and_in_part(peer: Registry) -> None:
    async def work(registry: RemoteRegistry, writer: RemoteWriter) -> None:
        await registry.ping()
        await push(writer)
        told = await registry.head_manifest(NAME, Tag("a"))
        assert (told.digest, told.size) == (Digest.of(IMAGE), len(IMAGE))
        for reference in (Tag("a"), Digest.of(IMAGE)):
            manifest = await registry.manifest(NAME, reference)
            assert (manifest.payload, manifest.media_type) == (IMAGE, types.OCI_MANIFEST)
        for start in (0, 4_999_999):
            async with registry.blob(NAME, Digest.of(LAYER), start) as blob:
                assert (blob.start, blob.size) == (start, len(LAYER))
                assert b"".join([piece async for piece in blob.pieces()]) == LAYER[start:]
        assert (await registry.head_blob(NAME, Digest.of(LAYER))).size == len(LAYER)
        with pytest.raises(UnknownUpstreamContent):
            await registry.manifest(NAME, Tag("missing"))
        with pytest.raises(UnknownUpstreamContent):
            await registry.head_blob(NAME, Digest.of(b"missing"))

    with_client(peer, work)
    assert peer.wire.manifest("team/app", "a").body == IMAGE


def test_lists_are_read_page_by_page(peer: Registry) -> None:
    async def work(registry: RemoteRegistry, writer: RemoteWriter) -> None:
        await push(writer)
        for content in (LAYER, CONFIG):
            assert await writer.mount(OTHER, Digest.of(content), NAME)
        await writer.put_manifest(OTHER, Tag("a"), IMAGE, types.OCI_MANIFEST)
        listed: list[str] = []
        more = True
        while more:
            page, more = await registry.tags(NAME, listed[-1] if listed else "", 2)
            listed += page
        assert listed == TAGS
        assert await registry.repositories("", 1) == ([NAME], True)
        assert await registry.repositories(NAME, 1) == ([OTHER], False)
        # Neither version has the referrers API.
        index = await registry.referrers(NAME, Digest.of(IMAGE))
        assert json.loads(index.payload)["manifests"] == []

    with_client(peer, work)


def test_referrers_are_found_by_their_tag(peer: Registry) -> None:
    entry = {"mediaType": types.OCI_MANIFEST, "digest": Digest.of(IMAGE), "size": len(IMAGE)}
    index = {"schemaVersion": 2, "mediaType": types.OCI_INDEX, "manifests": [entry]}

    async def work(registry: RemoteRegistry, writer: RemoteWriter) -> None:
        await push(writer)
        tag = Tag(f"sha256-{Digest.of(IMAGE).hex}")
        await writer.put_manifest(NAME, tag, json.dumps(index).encode(), types.OCI_INDEX)
        found = await registry.referrers(NAME, Digest.of(IMAGE))
        assert json.loads(found.payload)["manifests"] == [entry]

    with_client(peer, work)


def test_blobs_are_mounted_or_uploaded_and_images_deleted(peer: Registry) -> None:
    async def work(registry: RemoteRegistry, writer: RemoteWriter) -> None:
        await push(writer)
        assert await writer.mount(OTHER, Digest.of(LAYER), NAME)
        assert not await writer.mount(OTHER, Digest.of(b"nothing"), NAME)
        assert (await registry.head_blob(OTHER, Digest.of(LAYER))).size == len(LAYER)
        for _ in range(2):
            await writer.delete_manifest(NAME, Digest.of(IMAGE))
        with pytest.raises(UnknownUpstreamContent):
            await registry.head_manifest(NAME, Digest.of(IMAGE))

    with_client(peer, work)


def test_a_registry_that_ends_is_an_outage_that_names_it(peer: Registry) -> None:
    async def work(registry: RemoteRegistry, writer: RemoteWriter) -> None:
        await registry.ping()
        await asyncio.to_thread(peer.stop)
        with pytest.raises(UpstreamOutage, match=f"{peer.address} cannot be reached: .*refused"):
            await registry.ping()

    with_client(peer, work)
