"""Bodies that no client library sends: cut short, badly framed, slow, unwanted."""

import contextlib
import hashlib
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.waiting import tries
from tests.wire.harness.contents import IMAGE, LAYER, Content
from tests.wire.harness.every_answer import check_error_body
from tests.wire.harness.exchange import Reply, Request, Transport
from tests.wire.harness.http1 import Http1
from tests.wire.harness.raw import RawConnection
from tests.wire.harness.rules import path_of, play, rule
from tests.wire.harness.server import Registry
from tests.wire.harness.steps import base, push_manifest

MIB = 1024 * 1024
LARGE = Content(bytes(range(251)) * 25_000)
BODY_TIMEOUT = 3


@pytest.fixture(scope="module")
def impatient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    """A registry that gives a silent body up soon."""
    timeouts = {"body": f"{BODY_TIMEOUT}s"}
    registry = Registry(tmp_path_factory.mktemp("impatient"), {"server": {"timeouts": timeouts}})
    registry.start()
    yield registry
    assert registry.stop() == 0


@pytest.fixture
def begun(server: Registry, names: dict[str, str]) -> str:
    """The path of a new upload session."""
    return begin(server, names["name"])


def begin(server: Registry, name: str) -> str:
    reply = ask(server, Request("POST", f"/v2/{name}/blobs/uploads/"))
    assert reply.status == 202, reply.told()
    return path_of(reply.header("Location") or "")


def ask(server: Registry, request: Request) -> Reply:
    client = Http1(server.authority, chunked=False)
    try:
        return client.send(request)
    finally:
        client.close()


def received(server: Registry, session: str) -> int:
    """Bytes that the session has, as its Range tells."""
    reply = ask(server, Request("GET", session))
    assert reply.status == 204, reply.told()
    last = int((reply.header("Range") or "").removeprefix("0-"))
    return last + 1 if last else 0


def eventually(server: Registry, session: str, wanted: range) -> int:
    """Wait until the server has noticed that the client is gone."""
    for _ in tries(f"what the session has is not in {wanted}"):
        have = received(server, session)
        if have in wanted:
            return have
        time.sleep(0.1)
    raise AssertionError


def go_on(server: Registry, session: str, content: Content) -> None:
    """Finish an interrupted upload from where its session stands, as soon as it is free."""
    last = content.size - 1
    for _ in tries("the session is never free again"):
        have = received(server, session)
        headers = (("Content-Range", f"{have}-{last}"),) if have < content.size else ()
        request = Request(
            "PUT", f"{session}?digest={content.digest}", headers, content.payload[have:]
        )
        reply = ask(server, request)
        if reply.status == 201:
            return
        assert reply.status in {409, 416}, reply.told()
        time.sleep(0.2)


def cut_off(server: Registry, line: str, headers: tuple[str, ...], sent: bytes) -> None:
    """Begin a request with a body and vanish when some of it has been written."""
    file = uploaded(server, line)
    with RawConnection(server.authority) as raw:
        raw.request(line, *headers, body=sent)
        for _ in tries("nothing of it is being written"):
            if file.exists() and file.stat().st_size >= MIB:
                break
            time.sleep(0.02)


def uploaded(server: Registry, line: str) -> Path:
    """The file of the upload session that a request line names."""
    session = line.split()[1].partition("?")[0]
    return server.data / "entrepot" / "uploads" / session.rpartition("/")[2]


def chunked(content: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(content), content)


FRAMINGS = {
    "Content-Length": (
        (f"Content-Length: {LARGE.size}",),
        LARGE.payload[: 5 * MIB + 17],
    ),
    "chunked": (
        ("Transfer-Encoding: chunked",),
        chunked(LARGE.payload[: 5 * MIB + 17]),
    ),
    "half a chunk": (
        ("Transfer-Encoding: chunked",),
        b"%x\r\n" % LARGE.size + LARGE.payload[: 5 * MIB + 17],
    ),
    "a broken chunk": (
        ("Transfer-Encoding: chunked",),
        chunked(LARGE.payload[: 5 * MIB + 17]) + b"not hexadecimal\r\n",
    ),
}


@pytest.mark.parametrize("framing", FRAMINGS)
def test_a_client_that_vanishes_within_patch_can_go_on_from_the_range(
    server: Registry, begun: str, framing: str
) -> None:
    headers, sent = FRAMINGS[framing]
    cut_off(server, f"PATCH {begun} HTTP/1.1", headers, sent)
    eventually(server, begun, range(MIB, 5 * MIB + 18))
    go_on(server, begun, LARGE)
    blob = f"{begun.partition('/blobs/')[0]}/blobs/{LARGE.digest}"
    assert ask(server, Request("GET", blob)).body == LARGE.payload


@pytest.mark.parametrize("framing", FRAMINGS)
def test_a_client_that_vanishes_within_put_leaves_nothing_visible_and_can_begin_again(
    server: Registry, begun: str, framing: str
) -> None:
    headers, sent = FRAMINGS[framing]
    digest = f"sha256:{hashlib.sha256(LARGE.payload[: 5 * MIB + 17]).hexdigest()}"
    cut_off(server, f"PUT {begun}?digest={digest} HTTP/1.1", headers, sent)
    blobs = f"{begun.partition('/blobs/')[0]}/blobs/"
    assert ask(server, Request("HEAD", f"{blobs}{digest}")).status == 404
    assert ask(server, Request("HEAD", f"{blobs}{LARGE.digest}")).status == 404
    # A last chunk is sent again as a whole, so the session stands where it stood before.
    assert received(server, begun) == 0
    go_on(server, begun, LARGE)
    assert ask(server, Request("HEAD", f"{blobs}{LARGE.digest}")).status == 200


def test_a_manifest_that_is_cut_off_is_not_kept(server: Registry, names: dict[str, str]) -> None:
    client = Http1(server.authority, chunked=False)
    play(rule("", "push", base()), client, names)
    client.close()
    path = f"/v2/{names['name']}/manifests/v1"
    with RawConnection(server.authority) as raw:
        raw.request(
            f"PUT {path} HTTP/1.1",
            f"Content-Type: {IMAGE.media_type}",
            f"Content-Length: {IMAGE.size + 1}",
            body=IMAGE.payload,
        )
        raw.socket.shutdown(socket.SHUT_WR)
        reply = raw.read_reply()
        assert reply is None or reply.status in {400, 408}
    assert ask(server, Request("GET", path)).status == 404


def test_a_half_closed_connection_still_gets_its_answer(server: Registry) -> None:
    with RawConnection(server.authority) as raw:
        raw.request("GET /v2/ HTTP/1.1")
        raw.socket.shutdown(socket.SHUT_WR)
        reply = raw.read_reply()
        assert reply is None or reply.status == 200


@pytest.mark.parametrize(
    "bad",
    [
        b"zz\r\nabc\r\n0\r\n\r\n",
        b"-3\r\nabc\r\n0\r\n\r\n",
        b"3\r\nabcdef\r\n0\r\n\r\n",
        b"ffffffffffffffffff\r\nabc\r\n0\r\n\r\n",
        b"3;" + b"x" * 1_000_000 + b"\r\nabc\r\n0\r\n\r\n",
        b"\r\n\r\n",
    ],
    ids=["no number", "negative", "too short", "too large", "long extension", "empty"],
)
def test_bad_chunked_encoding_ends_the_connection_and_leaves_nothing(
    server: Registry, names: dict[str, str], bad: bytes
) -> None:
    digest = f"sha256:{hashlib.sha256(b'abc').hexdigest()}"
    path = f"/v2/{names['name']}/blobs"
    with RawConnection(server.authority) as raw:
        raw.request(
            f"POST {path}/uploads/?digest={digest} HTTP/1.1",
            "Transfer-Encoding: chunked",
            body=bad,
        )
        reply = raw.read_reply()
        assert reply is None or 400 <= reply.status < 500
        assert raw.is_closed()
    assert ask(server, Request("GET", f"{path}/{digest}")).status == 404


def test_100_continue_is_said_when_the_body_is_wanted(server: Registry, begun: str) -> None:
    with RawConnection(server.authority) as raw:
        raw.request(
            f"PUT {begun}?digest={LAYER.digest} HTTP/1.1",
            f"Content-Length: {LAYER.size}",
            "Expect: 100-continue",
        )
        interim = raw.read_reply()
        assert interim is not None
        assert interim.status == 100
        raw.send(LAYER.payload)
        final = raw.read_reply()
        assert final is not None
        assert final.status == 201


@pytest.mark.parametrize(
    ("line", "status"),
    [
        ("PUT /v2/<name>/manifests/-bad HTTP/1.1", 400),
        ("PUT /v2/<name>/blobs/uploads/none?digest=<digest> HTTP/1.1", 404),
        ("PATCH /v2/<name>/blobs/uploads/none HTTP/1.1", 404),
        ("POST /v2/BAD/blobs/uploads/?digest=<digest> HTTP/1.1", 400),
        ("PUT /v2/<name>/tags/list HTTP/1.1", 405),
    ],
)
def test_a_body_that_is_not_wanted_is_refused_before_100_continue(
    server: Registry, names: dict[str, str], line: str, status: int
) -> None:
    line = line.replace("<name>", names["name"]).replace("<digest>", LAYER.digest)
    with RawConnection(server.authority) as raw:
        raw.request(line, "Content-Length: 1000000", "Expect: 100-continue")
        reply = raw.read_reply()
        assert reply is not None
        assert reply.status == status, reply.told()


def test_a_manifest_that_says_it_is_too_large_is_refused_before_its_body(
    server: Registry, names: dict[str, str]
) -> None:
    with RawConnection(server.authority) as raw:
        raw.request(
            f"PUT /v2/{names['name']}/manifests/v1 HTTP/1.1",
            f"Content-Type: {IMAGE.media_type}",
            f"Content-Length: {4 * MIB + 1}",
        )
        reply = raw.read_reply()
        assert reply is not None
        assert reply.status == 413
        check_error_body(reply, reply.told())


def test_an_endless_manifest_is_cut_at_the_limit(server: Registry, names: dict[str, str]) -> None:
    with RawConnection(server.authority) as raw:
        raw.request(
            f"PUT /v2/{names['name']}/manifests/v1 HTTP/1.1",
            f"Content-Type: {IMAGE.media_type}",
            "Transfer-Encoding: chunked",
        )
        for _ in range(70):
            raw.send(chunked(b" " * 65_536))
        reply = raw.read_reply()
        assert reply is not None
        assert reply.status == 413


@pytest.mark.parametrize("method", ["PATCH", "PUT"])
def test_a_body_that_falls_silent_is_given_up(
    impatient: Registry, names: dict[str, str], method: str
) -> None:
    begun = begin(impatient, names["name"])
    began = time.monotonic()
    with RawConnection(impatient.authority) as raw:
        raw.request(
            f"{method} {begun}?digest={LAYER.digest} HTTP/1.1",
            f"Content-Length: {LAYER.size}",
            body=LAYER.payload[:100],
        )
        reply = raw.read_reply()
        assert reply is None or 400 <= reply.status < 500
    # The connection itself would be closed minutes later: more than a test waits.
    assert time.monotonic() - began > BODY_TIMEOUT - 1
    # The session is free again, and holds what came or nothing: never a hole.
    eventually(impatient, begun, range(101))
    go_on(impatient, begun, LAYER)


def test_a_body_that_trickles_is_waited_for(server: Registry, begun: str) -> None:
    content = Content(b"0123456789")
    with RawConnection(server.authority) as raw:
        raw.request(
            f"PUT {begun}?digest={content.digest} HTTP/1.1", f"Content-Length: {content.size}"
        )
        for at in range(content.size):
            raw.send(content.payload[at : at + 1])
            time.sleep(0.05)
        reply = raw.read_reply()
        assert reply is not None
        assert reply.status == 201


def test_pipelined_requests_are_answered_in_their_order(
    server: Registry, names: dict[str, str]
) -> None:
    client = Http1(server.authority, chunked=False)
    play(rule("", "push", base(), push_manifest(IMAGE, "v1")), client, names)
    client.close()
    name = names["name"]
    with RawConnection(server.authority) as raw:
        host = f"Host: {server.authority}\r\n\r\n"
        raw.send(
            (
                f"GET /v2/{name}/manifests/v1 HTTP/1.1\r\n{host}"
                f"GET /v2/{name}/manifests/none HTTP/1.1\r\n{host}"
                f"GET /v2/{name}/blobs/{LAYER.digest} HTTP/1.1\r\n{host}"
                f"GET /v2/{name}/tags/list HTTP/1.1\r\n{host}"
            ).encode()
        )
        replies = [raw.read_reply() for _ in range(4)]
    told = [(reply.status, reply.body) if reply else None for reply in replies]
    assert told[0] == (200, IMAGE.payload)
    assert told[1] is not None
    assert told[1][0] == 404
    assert told[2] == (200, LAYER.payload)
    assert told[3] is not None
    assert b'"v1"' in told[3][1]


def test_pipelined_pushes_are_all_taken(server: Registry, names: dict[str, str]) -> None:
    name = names["name"]
    blobs = [Content(b"blob %d" % number) for number in range(5)]
    with RawConnection(server.authority) as raw:
        for blob in blobs:
            raw.request(
                f"POST /v2/{name}/blobs/uploads/?digest={blob.digest} HTTP/1.1",
                f"Content-Length: {blob.size}",
                body=blob.payload,
            )
        replies = [raw.read_reply() for _ in blobs]
    assert [reply.status if reply else None for reply in replies] == [201] * 5


def test_a_reader_that_goes_away_or_is_slow_does_not_disturb_others(
    server: Registry, names: dict[str, str], transport_http1: Transport
) -> None:
    request = Request(
        "POST",
        f"/v2/{names['name']}/blobs/uploads/?digest={LARGE.digest}",
        (),
        LARGE.payload,
    )
    assert transport_http1.send(request).status == 201
    path = f"/v2/{names['name']}/blobs/{LARGE.digest}"
    with contextlib.ExitStack() as connections:
        stalled = [connections.enter_context(RawConnection(server.authority)) for _ in range(20)]
        for raw in stalled:
            raw.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
            raw.request(f"GET {path} HTTP/1.1")
        for raw in stalled[::2]:
            raw.socket.close()
        # Nobody reads what the others have asked for until this one has its answer.
        assert transport_http1.send(Request("GET", path)).body == LARGE.payload
        for raw in stalled[1::2]:
            reply = raw.read_reply()
            assert reply is not None
            assert reply.body == LARGE.payload
