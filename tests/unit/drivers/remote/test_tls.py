"""TLS towards other registries, and redirects that leave it."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from entrepot.drivers.remote import RemoteRegistry
from entrepot.errors import UpstreamFault, UpstreamOutage
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Tag
from entrepot.ports.upstream import UpstreamAddress
from tests.unit.drivers.remote.raw import Heard, answer, saying, serving
from tests.unit.operations.tls.pairs import Pair

pytestmark = pytest.mark.anyio

NAME, TAG = RepositoryName("team/app"), Tag("v1")
MANIFEST = b'{"schemaVersion":2}'
GIVEN = answer(200, MANIFEST)


@asynccontextmanager
async def reading(url: str, **changes: Any) -> AsyncIterator[RemoteRegistry]:
    registry = RemoteRegistry(UpstreamAddress("registry.test", (url,), **changes))
    try:
        yield registry
    finally:
        await registry.close()


def context_of(pair: Pair, client_ca: Pair | None = None) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair.certificate, pair.key)
    if client_ca is not None:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(client_ca.certificate)
    return context


@pytest.fixture
def pair(tmp_path: Path) -> Pair:
    return Pair.make(tmp_path, "server")


async def test_a_private_certificate_is_trusted_when_its_file_is_named(pair: Pair) -> None:
    async with serving(saying(GIVEN), context_of(pair)) as heard:
        async with reading(heard.url, ca=str(pair.certificate)) as registry:
            assert (await registry.manifest(NAME, TAG)).payload == MANIFEST
        async with reading(heard.url, skip_verify=True) as registry:
            assert (await registry.manifest(NAME, TAG)).payload == MANIFEST
        async with reading(heard.url) as registry:
            with pytest.raises(UpstreamOutage, match=r"certificate that is not trusted .*self"):
                await registry.manifest(NAME, TAG)


async def test_a_certificate_for_another_name_is_refused(tmp_path: Path) -> None:
    pair = Pair.make(tmp_path, "other", hosts=("other.example.com",))
    async with (
        serving(saying(GIVEN), context_of(pair)) as heard,
        reading(heard.url, ca=str(pair.certificate)) as registry,
    ):
        with pytest.raises(UpstreamOutage, match="not trusted"):
            await registry.manifest(NAME, TAG)


async def test_a_client_certificate_is_shown_where_it_is_asked_for(
    pair: Pair, tmp_path: Path
) -> None:
    client = Pair.make(tmp_path, "client")
    trusted = {"ca": str(pair.certificate)}
    shown = {"certificate": str(client.certificate), "key": str(client.key)}
    async with serving(saying(GIVEN), context_of(pair, client)) as heard:
        async with reading(heard.url, **trusted, **shown) as registry:
            assert (await registry.manifest(NAME, TAG)).payload == MANIFEST
        async with reading(heard.url, **trusted) as registry:
            with pytest.raises(UpstreamOutage):
                await registry.manifest(NAME, TAG)


async def test_a_file_that_is_missing_is_told_until_it_is_there(pair: Pair, tmp_path: Path) -> None:
    missing = tmp_path / "ca.pem"
    async with (
        serving(saying(GIVEN), context_of(pair)) as heard,
        reading(heard.url, ca=str(missing)) as registry,
    ):
        with pytest.raises(UpstreamOutage, match="CA file, client certificate or key"):
            await registry.manifest(NAME, TAG)
        missing.write_bytes(pair.certificate.read_bytes())
        assert (await registry.manifest(NAME, TAG)).payload == MANIFEST


async def test_plain_http_where_tls_is_spoken_is_told(pair: Pair) -> None:
    async def refuse(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter, heard: Heard
    ) -> None:
        await reader.read(1024)
        writer.write(answer(400))

    async with serving(refuse) as heard:
        url = heard.url.replace("http://", "https://")
        async with reading(url, ca=str(pair.certificate)) as registry:
            with pytest.raises(UpstreamOutage, match="TLS failed"):
                await registry.manifest(NAME, TAG)


async def test_no_redirect_leads_out_of_tls(pair: Pair) -> None:
    async with serving(saying(GIVEN)) as plain:
        leave = answer(307, Location=f"{plain.url}/v2/x")
        async with (
            serving(saying(leave), context_of(pair)) as heard,
            reading(heard.url, ca=str(pair.certificate)) as registry,
        ):
            with pytest.raises(UpstreamFault, match="from https to http"):
                await registry.manifest(NAME, TAG)
    assert not plain.requests


async def test_over_tls_a_token_server_elsewhere_has_to_speak_tls(pair: Pair) -> None:
    token = answer(200, b'{"token":"t"}')
    trusted = {"ca": str(pair.certificate), "username": "alice", "password": "sesame"}
    async with (
        serving(saying(token), context_of(pair)) as there,
        serving(saying(token)) as plain,
    ):
        for realm, is_asked in ((there, True), (plain, False)):
            challenge = answer(401, WWW_Authenticate=f'Bearer realm="{realm.url}/token"')
            async with (
                serving(saying(challenge, GIVEN), context_of(pair)) as heard,
                reading(heard.url, **trusted) as registry,
            ):
                if is_asked:
                    assert (await registry.manifest(NAME, TAG)).payload == MANIFEST
                    assert heard.header(1, "Authorization") == "Bearer t"
                    assert realm.header(0, "Authorization").startswith("Basic ")
                else:
                    with pytest.raises(UpstreamFault, match="not trusted with credentials"):
                        await registry.manifest(NAME, TAG)
                    assert not realm.requests


async def test_requests_go_through_the_proxy_that_the_environment_names(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with serving(saying(GIVEN)) as proxy, serving(saying(GIVEN)) as heard:
        monkeypatch.setenv("http_proxy", proxy.url)
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        async with reading("http://registry.invalid") as registry:
            assert (await registry.manifest(NAME, TAG)).payload == MANIFEST
        async with reading(heard.url) as registry:
            assert (await registry.manifest(NAME, TAG)).payload == MANIFEST
    assert [len(asked.requests) for asked in (proxy, heard)] == [1, 1]
    assert proxy.requests[0].startswith("GET http://registry.invalid/v2/team/app/manifests/v1 ")


async def test_a_proxy_that_is_not_there_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    async with serving(saying(answer(407))) as proxy:
        gone = Heard(url="http://127.0.0.1:1")
        for each, told in ((proxy, "the proxy refuses"), (gone, "the proxy does not answer")):
            monkeypatch.setenv("https_proxy", each.url)
            async with reading("https://registry.invalid") as registry:
                with pytest.raises(UpstreamOutage, match=told):
                    await registry.manifest(NAME, TAG)
