"""The client for other registries against another Entrepot: open, with users, with tokens."""

import http.client
import json
import random
import ssl
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from entrepot.drivers.remote import RemoteRegistry, RemoteWriter
from entrepot.errors import UnknownUpstreamContent, UpstreamDenied
from entrepot.oci import media_type as types
from entrepot.oci.digest import Digest
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Tag
from entrepot.ports.upstream import UpstreamAddress
from tests.unit.operations.tls.pairs import Pair
from tests.waiting import PATIENCE
from tests.wire.harness.guarded import htpasswd, password_of
from tests.wire.harness.server import Registry

pytestmark = pytest.mark.anyio

NAME, OTHER = RepositoryName("team/app"), RepositoryName("team/other")
LAYER = random.Random(7).randbytes(3_000_000)
CONFIG = b"{}"
SIGNATURE = "application/vnd.example.signature"
RULE = {
    "who": ["user:alice"],
    "may": ["pull", "push", "delete", "list"],
    "repositories": ["**"],
}


class SecureRegistry(Registry):
    """The same over TLS."""

    def _answers(self) -> bool:
        context = ssl._create_unverified_context()
        connection = http.client.HTTPSConnection(self.authority, timeout=PATIENCE, context=context)
        try:
            connection.request("GET", "/v2/")
            return connection.getresponse().status in {200, 401}
        except OSError:
            return False
        finally:
            connection.close()


@dataclass
class Peer:
    """A registry, and how it is reached."""

    address: UpstreamAddress
    asks_user: bool


def secure(folder: Path, changes: dict[str, Any]) -> Iterator[Peer]:
    pair = Pair.make(folder, "registry", hosts=("127.0.0.1",))
    tls = {"certificate": str(pair.certificate), "key": str(pair.key)}
    registry = SecureRegistry(folder, {"auth": htpasswd(folder), "http": {"tls": tls}, **changes})
    registry.start()
    yield Peer(
        UpstreamAddress(
            "registry.test",
            (f"https://{registry.authority}",),
            username="alice",
            password=password_of("alice"),
            ca=str(pair.certificate),
        ),
        asks_user=True,
    )
    assert registry.stop() == 0
    assert "Traceback" not in registry.log.read_text()


@pytest.fixture(scope="module", params=["plain", "a file of users", "the own token server"])
def peer(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Peer]:
    if request.param == "plain":
        server: Registry = request.getfixturevalue("server")
        yield Peer(UpstreamAddress("registry.test", (f"http://{server.authority}",)), False)
        return
    access = {"access": {"enabled": True, "rules": [RULE]}} if "token" in request.param else {}
    yield from secure(tmp_path_factory.mktemp("secure"), access)


@pytest.fixture
async def registry(peer: Peer) -> AsyncIterator[RemoteRegistry]:
    made = RemoteRegistry(peer.address)
    yield made
    await made.close()


async def pieces_of(content: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(content), 1_000_000):
        yield content[start : start + 1_000_000]


def image(subject: bytes | None = None) -> bytes:
    document: dict[str, Any] = {
        "schemaVersion": 2,
        "mediaType": types.OCI_MANIFEST,
        "config": {"mediaType": types.OCI_EMPTY, "digest": Digest.of(CONFIG), "size": 2},
        "layers": [{"mediaType": "a/b", "digest": Digest.of(LAYER), "size": len(LAYER)}],
    }
    if subject is not None:
        document["artifactType"] = SIGNATURE
        document["subject"] = {
            "mediaType": types.OCI_MANIFEST,
            "digest": Digest.of(subject),
            "size": len(subject),
        }
    return json.dumps(document).encode()


async def push(registry: RemoteRegistry, name: RepositoryName) -> None:
    writer = RemoteWriter(registry.exchange)
    for content in (LAYER, CONFIG):
        await writer.upload(name, Digest.of(content), len(content), pieces_of(content))
    for tag in ("v1", "v2", "v3"):
        digest = await writer.put_manifest(name, Tag(tag), image(), types.OCI_MANIFEST)
        assert digest == Digest.of(image())
    signature = image(subject=image())
    await writer.put_manifest(name, Digest.of(signature), signature, types.OCI_MANIFEST)


async def test_what_is_pushed_is_pulled(registry: RemoteRegistry) -> None:
    await registry.ping()
    await push(registry, NAME)
    digest = Digest.of(image())
    told = await registry.head_manifest(NAME, Tag("v1"))
    assert (told.digest, told.size, told.media_type) == (digest, len(image()), types.OCI_MANIFEST)
    assert (await registry.manifest(NAME, digest)).payload == image()
    for start in (0, 1, 2_999_999):
        async with registry.blob(NAME, Digest.of(LAYER), start) as blob:
            assert (blob.start, blob.size) == (start, len(LAYER))
            assert b"".join([piece async for piece in blob.pieces()]) == LAYER[start:]
    assert (await registry.head_blob(NAME, Digest.of(LAYER))).size == len(LAYER)
    assert await registry.tags(NAME, "", 2) == (["v1", "v2"], True)
    assert await registry.tags(NAME, "v2", 2) == (["v3"], False)
    assert NAME in (await registry.repositories("", 1000))[0]
    for kind in ("", SIGNATURE):
        index = json.loads((await registry.referrers(NAME, digest, kind)).payload)
        assert [each["artifactType"] for each in index["manifests"]] == [SIGNATURE]
    assert b'"manifests":[]' in (await registry.referrers(NAME, digest, "a/b")).payload


async def test_a_blob_is_mounted_or_uploaded(registry: RemoteRegistry) -> None:
    await push(registry, NAME)
    writer = RemoteWriter(registry.exchange)
    assert await writer.mount(OTHER, Digest.of(LAYER), NAME)
    assert not await writer.mount(OTHER, Digest.of(b"nothing"), NAME)
    assert (await registry.head_blob(OTHER, Digest.of(LAYER))).size == len(LAYER)


async def test_what_is_deleted_is_gone_and_deleting_it_again_is_nothing(
    registry: RemoteRegistry,
) -> None:
    await push(registry, NAME)
    writer = RemoteWriter(registry.exchange)
    for _ in range(2):
        await writer.delete_manifest(NAME, Tag("v3"))
    with pytest.raises(UnknownUpstreamContent):
        await registry.manifest(NAME, Tag("v3"))


async def test_an_upload_that_breaks_off_raises_what_its_source_raised(
    registry: RemoteRegistry,
) -> None:
    class SourceIsGone(Exception):
        pass

    async def breaking() -> AsyncIterator[bytes]:
        yield LAYER[:1000]
        raise SourceIsGone

    digest = Digest.of(LAYER[::-1])
    with pytest.raises(SourceIsGone):
        await RemoteWriter(registry.exchange).upload(NAME, digest, len(LAYER), breaking())
    with pytest.raises(UnknownUpstreamContent):
        await registry.head_blob(NAME, digest)


async def test_wrong_credentials_are_told_and_not_repeated(peer: Peer) -> None:
    if not peer.asks_user:
        return
    address = UpstreamAddress(
        peer.address.host, peer.address.urls, "alice", "a wrong one", ca=peer.address.ca
    )
    wrong = RemoteRegistry(address)
    try:
        with pytest.raises(UpstreamDenied) as refused:
            await wrong.ping()
        assert "a wrong one" not in str(refused.value)
    finally:
        await wrong.close()


async def test_each_peer_asks_for_credentials_in_its_own_way(
    peer: Peer, registry: RemoteRegistry, request: pytest.FixtureRequest
) -> None:
    await registry.ping()
    used = await registry.exchange.authorization.header(registry.exchange.addresses.first, ())
    expected = {"plain": "", "a file of users": "Basic", "the own token server": "Bearer"}
    assert used.partition(" ")[0] == expected[request.node.callspec.params["peer"]]
