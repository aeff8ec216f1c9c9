"""A refusal in the middle of a body reaches its client, which is not left waiting either."""

import time
from collections.abc import Iterator
from contextlib import closing

import pytest

from entrepot.server.protocol import LINGER_SECONDS
from tests.wire.harness.contents import Content
from tests.wire.harness.exchange import Request
from tests.wire.harness.http1 import Http1
from tests.wire.harness.raw import RawConnection
from tests.wire.harness.rules import path_of
from tests.wire.harness.server import Registry

LIMIT = 300_000
PIECE = bytes(100_000)


@pytest.fixture(scope="module")
def limited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    changes = {"quotas": {"repositories": [{"match": ["**"], "bytes": LIMIT}]}}
    server = Registry(tmp_path_factory.mktemp("limited"), changes)
    server.start()
    yield server
    assert server.stop() == 0


def begin(server: Registry) -> str:
    with closing(Http1(server.authority, chunked=False)) as client:
        reply = client.send(Request("POST", "/v2/app/blobs/uploads/"))
    return path_of(reply.header("Location") or "")


def test_a_client_that_sends_on_without_looking_can_still_read_the_reason(
    limited: Registry,
) -> None:
    """As podman does: it writes as fast as it can, and reads when writing ends."""
    with RawConnection(limited.authority) as raw:
        raw.request(f"PATCH {begin(limited)} HTTP/1.1", "Transfer-Encoding: chunked")
        for _ in range(40):
            raw.send(b"%x\r\n%b\r\n" % (len(PIECE), PIECE))
            time.sleep(0.01)
        raw.send(b"0\r\n\r\n")
        reply = raw.read_reply()
    assert reply is not None
    assert reply.status == 403
    assert "the quota of repository app is 293 KiB" in reply.json()["errors"][0]["message"]


def test_a_client_that_sends_as_fast_as_it_can_is_never_cut_off(limited: Registry) -> None:
    """Whether the server would close was a matter of luck: so several times, and much of it."""
    piece = b"8000\r\n%b\r\n" % bytes(0x8000)
    for _ in range(6):
        with RawConnection(limited.authority) as raw:
            raw.request(f"PATCH {begin(limited)} HTTP/1.1", "Transfer-Encoding: chunked")
            for _ in range(1000):
                raw.send(piece)
            raw.send(b"0\r\n\r\n")
            reply = raw.read_reply()
        assert reply is not None
        assert reply.status == 403
        assert reply.json()["errors"][0]["code"] == "DENIED"


@pytest.mark.parametrize("chunked", [False, True])
def test_a_connection_serves_the_next_request_at_once(limited: Registry, chunked: bool) -> None:
    blob = Content(bytes(400_000))
    seconds = []
    with closing(Http1(limited.authority, chunked=chunked)) as client:
        for _ in range(5):
            began = time.monotonic()
            reply = client.send(Request("POST", "/v2/app/blobs/uploads/"))
            session = path_of(reply.header("Location") or "")
            assert client.send(Request("PATCH", session, (), blob.payload)).status == 403
            assert client.send(Request("GET", "/v2/")).status == 200
            seconds.append(time.monotonic() - began)
    # Were it waited for, each of them would take at least as long.
    assert min(seconds) < LINGER_SECONDS


def test_a_client_that_stops_in_the_middle_is_waited_for_a_few_seconds(
    limited: Registry,
) -> None:
    with RawConnection(limited.authority) as raw:
        raw.request(f"PATCH {begin(limited)} HTTP/1.1", "Transfer-Encoding: chunked")
        for _ in range(4):
            raw.send(b"%x\r\n%b\r\n" % (len(PIECE), PIECE))
        reply = raw.read_reply()
    assert reply is not None
    assert reply.status == 403
