"""What a client may do to a connection: each limit of the server, on bare sockets."""

import contextlib
import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from entrepot.server.protocol import HEADER_FIELDS, PIPELINED
from tests.waiting import PATIENCE, tries
from tests.wire.harness.contents import Content
from tests.wire.harness.exchange import Request
from tests.wire.harness.http1 import Http1
from tests.wire.harness.raw import RawConnection
from tests.wire.harness.server import Registry
from tests.wire.test_dead_worker import workers

HEADER_BYTES = 16 * 1024
GET = b"GET /v2/ HTTP/1.1\r\nHost: a\r\n\r\n"


def serving(folder: Path, connections: int) -> Iterator[Registry]:
    """One worker, little patience, so many connections a client."""
    changes = {
        "server": {
            "workers": 1,
            "timeouts": {"idle": "2s", "body": "2s"},
            "limits": {"header": f"{HEADER_BYTES}B", "clientconnections": connections},
        },
        "http": {"trustedproxies": []},
    }
    registry = Registry(folder, changes)
    registry.start()
    yield registry
    assert registry.stop() == 0
    assert "Traceback" not in registry.log.read_text()


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    yield from serving(tmp_path_factory.mktemp("strict"), 100)


@pytest.fixture
def narrow(tmp_path: Path) -> Iterator[Registry]:
    """Three connections a client: of one test alone, whose own may be noticed late."""
    yield from serving(tmp_path, 3)


@pytest.mark.parametrize(
    "lines",
    [
        ["Host: a", "Host: a"],
        ["Host: a", "Host: b"],
        [],
        ["Host: a b"],
        ["Host: a/b"],
        ["Host: a\tb"],
        ["Host: \xe4"],
        ["Host: a\x7f"],
        ["Host: a\n"],
    ],
)
def test_a_request_has_one_host(strict: Registry, lines: list[str]) -> None:
    with RawConnection(strict.authority) as raw:
        raw.send("\r\n".join(["GET /v2/ HTTP/1.1", *lines, "", ""]).encode("latin-1"))
        reply = raw.read_reply()
        assert reply is not None
        assert reply.status == 400
        assert reply.header("Connection") == "close"
        assert raw.is_closed()


def test_http_1_0_needs_no_host(strict: Registry) -> None:
    with RawConnection(strict.authority) as raw:
        raw.send(b"GET /v2/ HTTP/1.0\r\n\r\n")
        reply = raw.read_reply()
        assert reply is not None
        assert reply.status == 200
        assert raw.is_closed()


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"GET /v2/ HTTP/1.1\nHost: a\n\n",
        b"GET /v2/ HTTP/1.1\r\nHost: a\n\r\n",
        b"GET /v2/ HTTP/1.1\r\nHost: a\r\nX: b\n\n",
        b"GET /v2/ HTTP/1.1\r\nHost: a\r\nX: b\n c\r\n\r\n",
        b"PUT /v2/a/manifests/b HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"2\n{}\n0\n\n",
    ],
)
def test_lines_end_with_both_bytes(strict: Registry, request_bytes: bytes) -> None:
    with RawConnection(strict.authority) as raw:
        raw.send(request_bytes)
        reply = raw.read_reply()
        assert reply is not None
        assert reply.status == 400
        assert raw.is_closed()


@pytest.mark.parametrize(
    "fields",
    [
        [f"X: {'x' * HEADER_BYTES}"],
        [f"X-{number}: {'x' * 1000}" for number in range(HEADER_BYTES // 1000 + 1)],
        [f"X-{number}: x" for number in range(HEADER_FIELDS)],
    ],
    ids=["one long field", "many bytes", "many fields"],
)
def test_a_header_is_bounded(strict: Registry, fields: list[str]) -> None:
    with RawConnection(strict.authority) as raw:
        raw.request("GET /v2/ HTTP/1.1", *fields)
        reply = raw.read_reply()
        assert reply is not None
        assert reply.status == 431
        assert reply.json()["errors"][0]["code"] == "UNSUPPORTED"
        assert raw.is_closed()


def test_a_header_just_within_the_bounds_is_read(strict: Registry) -> None:
    with RawConnection(strict.authority) as raw:
        raw.request("GET /v2/ HTTP/1.1", f"X: {'x' * (HEADER_BYTES - 200)}")
        reply = raw.read_reply()
    assert reply is not None
    assert reply.status == 200


def test_a_field_without_an_end_is_not_gathered(strict: Registry) -> None:
    """Its size is not known before its end, so what has come is counted."""
    before = resident(strict)
    with RawConnection(strict.authority) as raw:
        raw.send(b"GET /v2/ HTTP/1.1\r\nHost: a\r\nX: ")
        with contextlib.suppress(OSError):
            for _ in range(64):
                raw.socket.sendall(b"x" * 1_000_000)
        reply = raw.read_reply()
        assert reply is None or reply.status == 431
    assert resident(strict) - before < 32_000_000


def resident(registry: Registry) -> int:
    total = 0
    for worker in workers(registry.process):
        pages = int(Path(f"/proc/{worker}/statm").read_text("ascii").split()[1])
        total += pages * os.sysconf("SC_PAGE_SIZE")
    return total


@pytest.mark.parametrize(
    "begin", [b"", b"GET /v2/ HT", b"\r\n", GET], ids=["nothing", "a part", "a line", "a request"]
)
def test_a_client_that_falls_silent_is_let_go(strict: Registry, begin: bytes) -> None:
    with RawConnection(strict.authority) as raw:
        raw.send(begin)
        assert raw.is_closed()


def test_a_header_in_drips_is_given_up(strict: Registry) -> None:
    with RawConnection(strict.authority) as raw:
        raw.send(b"GET /v2/ HTTP/1.1\r\nHost: a\r\nX: ")
        raw.socket.settimeout(0.1)
        for _ in tries("drips keep the connection"):
            raw.send(b"x")
            try:
                if not raw.socket.recv(1000):
                    return
            except TimeoutError:
                continue
            except ConnectionError:
                return


def test_a_body_in_drips_is_given_up(strict: Registry) -> None:
    with RawConnection(strict.authority) as raw:
        raw.request(
            f"POST /v2/a/blobs/uploads/?digest=sha256:{'0' * 64} HTTP/1.1",
            "Content-Length: 1000000",
        )
        raw.socket.settimeout(0.1)
        for _ in tries("drips keep the upload"):
            raw.send(b"x")
            try:
                answer = raw.socket.recv(1000)
            except TimeoutError:
                continue
            assert b" 408 " in answer.partition(b"\r\n")[0]
            return


def test_a_reader_that_reads_nothing_is_let_go_and_a_slow_one_is_not(strict: Registry) -> None:
    blob = Content(os.urandom(1 << 20) * 32)
    push(strict, blob)
    with RawConnection(strict.authority) as stopped, RawConnection(strict.authority) as slow:
        for raw in (stopped, slow):
            raw.request(f"GET /v2/app/blobs/{blob.digest} HTTP/1.1")
        got = len(slow.socket.recv(100_000))
        for _ in tries("a reader that has stopped keeps its connection"):
            got += len(slow.socket.recv(100_000))
            time.sleep(0.1)
            if is_reset(stopped.socket):
                break
        # In twice the time the other one was served all along.
        for _ in range(40):
            got += len(slow.socket.recv(100_000))
            time.sleep(0.1)
        while len(piece := slow.socket.recv(1_000_000)):
            got += len(piece)
            if got > blob.size:
                break
        assert got > blob.size


def is_reset(connection: socket.socket) -> bool:
    """Whether the peer has cut a connection off from which nothing is read."""
    return bool(connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)) or (
        connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO) == 7  # TCP_CLOSE
    )


def push(registry: Registry, blob: Content) -> None:
    with contextlib.closing(Http1(registry.authority, chunked=False)) as client:
        path = f"/v2/app/blobs/uploads/?digest={blob.digest}"
        assert client.send(Request("POST", path, (), blob.payload)).status == 201


def test_a_client_has_so_many_connections_and_no_more(narrow: Registry) -> None:
    with contextlib.ExitStack() as opened:
        for _ in tries("places are never given back"):
            kept = [opened.enter_context(RawConnection(narrow.authority)) for _ in range(3)]
            for raw in kept:
                raw.request("GET /v2/ HTTP/1.1")
            if all(raw.read_reply() for raw in kept):
                break
            opened.close()
            time.sleep(0.1)
        with RawConnection(narrow.authority) as one_more:
            assert one_more.is_closed()
        kept[0].socket.close()
        for _ in tries("a place is not given back"):
            with RawConnection(narrow.authority) as another:
                another.request("GET /v2/ HTTP/1.1")
                if another.read_reply() is not None:
                    break
            time.sleep(0.1)


def test_requests_may_wait_behind_each_other_and_are_answered_in_order(strict: Registry) -> None:
    paths = ["/v2/", "/", "/v2/nothing/tags/list", "/v2/"]
    with RawConnection(strict.authority) as raw:
        raw.send(b"".join(b"GET %b HTTP/1.1\r\nHost: a\r\n\r\n" % one.encode() for one in paths))
        replies = [raw.read_reply() for _ in paths]
    assert [reply.status for reply in replies if reply] == [200, 200, 404, 200]


def test_requests_that_pile_up_are_refused_behind_the_others(strict: Registry) -> None:
    with RawConnection(strict.authority) as raw:
        raw.send(GET * 5_000)
        statuses = []
        while (reply := raw.read_reply()) is not None:
            statuses.append(reply.status)
    assert statuses == [200] * (PIPELINED + 1) + [400]


def test_a_reader_that_leaves_is_noticed_behind_a_waiting_request(strict: Registry) -> None:
    """The request that is answered learns of it, not only the one that was read last."""
    blob = Content(os.urandom(1 << 20) * 32)
    push(strict, blob)
    with RawConnection(strict.authority) as raw:
        raw.request(f"GET /v2/app/blobs/{blob.digest} HTTP/1.1")
        raw.send(GET)
        assert raw.socket.recv(1000)
    for _ in tries("the log has no line of a reader that went away"):
        lines = [line for line in strict.log.read_text().splitlines() if str(blob.digest) in line]
        if any("GET " in line and f" {blob.size} " not in line for line in lines):
            break
        time.sleep(0.05)


@pytest.mark.parametrize("body", [b"", b"hello"])
def test_a_wish_to_change_the_protocol_is_passed_over(strict: Registry, body: bytes) -> None:
    blob = Content(body)
    with RawConnection(strict.authority) as raw:
        raw.request(
            f"POST /v2/app/blobs/uploads/?digest={blob.digest} HTTP/1.1",
            f"Content-Length: {len(body)}",
            "Connection: Upgrade, HTTP2-Settings",
            "Upgrade: h2c",
            "HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA",
            body=body + GET,
        )
        first, second = raw.read_reply(), raw.read_reply()
    assert first is not None
    assert first.status == 201
    assert second is not None
    assert second.status == 200


def test_http_2_is_refused_in_words_of_http_1_1(strict: Registry) -> None:
    with RawConnection(strict.authority) as raw:
        raw.send(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        reply = raw.read_reply()
        assert reply is not None
        assert reply.status == 400
        assert raw.is_closed()


def test_more_clients_than_there_is_room_for_wait_and_are_answered(tmp_path: Path) -> None:
    registry = Registry(tmp_path, {"server": {"workers": 1, "connections": 4}})
    registry.start()
    try:
        with contextlib.ExitStack() as opened:
            kept = [opened.enter_context(RawConnection(registry.authority)) for _ in range(4)]
            for raw in kept:
                raw.request("GET /v2/ HTTP/1.1")
                assert raw.read_reply() is not None
            waiting = opened.enter_context(RawConnection(registry.authority))
            waiting.request("GET /v2/ HTTP/1.1")
            waiting.socket.settimeout(0.5)
            with pytest.raises(TimeoutError):
                waiting.socket.recv(1)
            kept[0].socket.close()
            waiting.socket.settimeout(PATIENCE)
            assert waiting.read_reply() is not None
    finally:
        assert registry.stop() == 0
