"""Requests that no client library sends: odd framing, odd targets, floods."""

from pathlib import Path

import pytest

from tests.wire.harness.contents import IMAGE, LAYER
from tests.wire.harness.exchange import Reply, Transport
from tests.wire.harness.raw import RawConnection
from tests.wire.harness.rules import play, rule
from tests.wire.harness.server import Registry
from tests.wire.harness.steps import base, push_manifest

BAD_FRAMING = {
    "two lengths": ("Content-Length: 1", "Content-Length: 2"),
    "a list of lengths": ("Content-Length: 1, 2",),
    "a negative length": ("Content-Length: -1",),
    "a length with a sign": ("Content-Length: +1",),
    "a length that is no number": ("Content-Length: one",),
    "a length of many digits": (f"Content-Length: {'9' * 400}",),
    "an unknown coding": ("Transfer-Encoding: gzip",),
    "chunked twice": ("Transfer-Encoding: chunked, chunked",),
    "a space before the colon": ("Content-Length : 1",),
    "a header without a name": (": value",),
    "a line that is no header": ("this is no header",),
    "a control character": ("X-Header: a\x00b",),
}


@pytest.mark.parametrize("framing", BAD_FRAMING)
def test_bad_framing_is_refused_and_the_connection_ends(
    server: Registry, names: dict[str, str], framing: str
) -> None:
    with RawConnection(server.authority) as raw:
        raw.request(
            f"PUT /v2/{names['name']}/manifests/v1 HTTP/1.1", *BAD_FRAMING[framing], body=b"{}"
        )
        reply = raw.read_reply()
        assert reply is None or 400 <= reply.status < 500, reply.told()
        assert raw.is_closed()


def test_a_length_beside_chunks_never_lets_a_second_request_in(
    server: Registry, names: dict[str, str]
) -> None:
    """RFC 9112 section 6.3: request smuggling."""
    smuggled = f"GET /v2/{names['name']}/smuggled HTTP/1.1\r\nHost: x\r\n\r\n"
    with RawConnection(server.authority) as raw:
        raw.request(
            f"PUT /v2/{names['name']}/manifests/v1 HTTP/1.1",
            "Content-Length: 3",
            "Transfer-Encoding: chunked",
            body=f"2\r\n{{}}\r\n0\r\n\r\n{smuggled}".encode(),
        )
        first = raw.read_reply()
        assert first is None or 400 <= first.status < 500
        assert raw.read_reply() is None


@pytest.mark.parametrize(
    "line",
    [
        "GARBAGE",
        "BREW /v2/ HTTP/1.1",
        "GET /v2/",
        "GET /v2/ HTTP/9.9",
        "G@T /v2/ HTTP/1.1",
        "GET /v2/\x00 HTTP/1.1",
        "GET /v2/\xe4 HTTP/1.1",
        "GET v2 HTTP/1.1",
        f"GET /{'a' * 200_000} HTTP/1.1",
    ],
    ids=lambda line: line[:20].encode("unicode_escape").decode(),
)
def test_a_request_line_that_cannot_be_read_is_a_4xx(server: Registry, line: str) -> None:
    with RawConnection(server.authority) as raw:
        raw.request(line)
        reply = raw.read_reply()
        assert reply is None or 400 <= reply.status < 500, reply.told()


@pytest.mark.parametrize(
    "headers",
    [
        [f"X-{number}: {'x' * 1000}" for number in range(500)],
        [f"X-{number}: x" for number in range(20_000)],
        [f"X-Long: {'x' * 600_000}"],
    ],
    ids=["500 KB", "20,000 lines", "one line"],
)
def test_a_flood_of_headers_is_refused(server: Registry, headers: list[str]) -> None:
    with RawConnection(server.authority) as raw:
        raw.request("GET /v2/ HTTP/1.1", *headers)
        reply = raw.read_reply()
        if reply is not None:
            assert 400 <= reply.status < 500, reply.told()
            assert reply.header("Connection") == "close"
        assert raw.is_closed()


def test_a_header_that_never_ends_is_given_up(tmp_path: Path) -> None:
    registry = Registry(tmp_path, {"server": {"timeouts": {"idle": "2s"}}})
    registry.start()
    with RawConnection(registry.authority) as raw:
        raw.send(b"GET /v2/ HTTP/1.1\r\nHost: x\r\nX-Slow: ")
        assert raw.is_closed()
    assert registry.stop() == 0


TARGETS = {
    "an absolute form": ("GET http://elsewhere.example/v2/ HTTP/1.1", {200}),
    "dots": ("GET /v2/../../etc/passwd HTTP/1.1", {400, 404}),
    "dots in a name": ("GET /v2/a/../b/tags/list HTTP/1.1", {400, 404}),
    "encoded dots": ("GET /v2/%2e%2e/%2e%2e/etc/passwd HTTP/1.1", {400, 404}),
    "encoded slashes": ("GET /v2/a%2F..%2F..%2Fb/tags/list HTTP/1.1", {400, 404}),
    "dots as a session": ("GET /v2/a/blobs/uploads/..%2f..%2f..%2fx HTTP/1.1", {400, 404}),
    "a session that is a path": ("GET /v2/a/blobs/uploads/%2Fetc%2Fpasswd HTTP/1.1", {301}),
    "dots as a digest": ("GET /v2/a/blobs/sha256:../../x HTTP/1.1", {400, 404}),
    "dots as a tag": ("GET /v2/a/manifests/.. HTTP/1.1", {400, 404}),
    "two slashes": ("GET //v2/ HTTP/1.1", {301}),
    "two slashes inside": ("GET /v2//a/tags/list HTTP/1.1", {301}),
    "a NUL": ("GET /v2/a%00/tags/list HTTP/1.1", {400, 404}),
    "a NUL as a tag": ("GET /v2/a/manifests/%00 HTTP/1.1", {400, 404}),
    "a NUL as a session": ("GET /v2/a/blobs/uploads/%00 HTTP/1.1", {400, 404}),
    "bytes that are not text": ("GET /v2/%ff%fe/tags/list HTTP/1.1", {400, 404}),
    "a backslash": ("GET /v2/..\\..\\etc HTTP/1.1", {400, 404}),
    "bad percent signs": ("GET /v2/%zz/tags/list HTTP/1.1", {400, 404}),
    "a long path": (f"GET /v2/{'a/' * 8_000}tags/list HTTP/1.1", {400, 404, 414}),
    "a long query": (f"GET /v2/?{'a=b&' * 8_000} HTTP/1.1", {200, 414, 431}),
    "two spaces before it": ("GET  /v2/ HTTP/1.1", {200, 400}),
    "a star": ("OPTIONS * HTTP/1.1", {200, 204, 400, 404, 405}),
    "a tunnel": ("CONNECT example.com:443 HTTP/1.1", {400, 404, 405}),
}


@pytest.mark.parametrize("kind", TARGETS)
def test_an_odd_target_is_answered_as_what_it_is(server: Registry, kind: str) -> None:
    line, statuses = TARGETS[kind]
    with RawConnection(server.authority) as raw:
        raw.request(line)
        reply = raw.read_reply()
        assert reply is not None
        assert reply.status in statuses, reply.told()
        assert b"root:" not in reply.body


def test_http_1_0_is_answered_and_closed(server: Registry, names: dict[str, str]) -> None:
    with RawConnection(server.authority) as raw:
        raw.send(b"GET /v2/ HTTP/1.0\r\n\r\n")
        reply = raw.read_reply()
        assert reply is not None
        assert reply.status == 200
        assert raw.is_closed()


def test_http_1_0_keeps_its_connection_where_it_asks_for_that(server: Registry) -> None:
    with RawConnection(server.authority) as raw:
        for _ in range(3):
            raw.send(b"GET /v2/ HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n")
            reply = raw.read_reply()
            assert reply is not None
            assert reply.status == 200
            assert ("connection", "keep-alive") in reply.headers
        raw.send(b"GET /v2/ HTTP/1.0\r\n\r\n")
        assert raw.read_reply() is not None
        assert raw.is_closed()


def test_a_client_that_asks_for_it_is_left(server: Registry) -> None:
    with RawConnection(server.authority) as raw:
        raw.request("GET /v2/ HTTP/1.1", "Connection: close")
        reply = raw.read_reply()
        assert reply is not None
        assert reply.status == 200
        assert raw.is_closed()


@pytest.mark.parametrize(
    "headers",
    [
        ["Range: bytes=5-9", "Range: bytes=5-9"],
        ["Accept: a", "Accept: b"],
        ["If-None-Match: x", 'If-None-Match: "y"'],
        ["Range: bytes=" + ",".join(f"{at}-{at}" for at in range(2_000))],
        ["Range: \xe4\xf6\xfc"],
        ["If-None-Match: \xff"],
        ["If-Range: ???"],
        ["X-Forwarded-Proto: \xff", "X-Forwarded-Host: \xff"],
        ["Forwarded: for=;;;,,,host="],
        ["Authorization: Basic !!!"],
        ["Content-Type: \xff"],
        ["Accept-Encoding: gzip", "TE: trailers"],
        ["Cookie: a=b"],
        ["Upgrade: websocket", "Connection: Upgrade"],
    ],
    ids=lambda headers: headers[0][:30].encode("unicode_escape").decode(),
)
def test_odd_headers_do_not_disturb_a_pull(
    server: Registry, names: dict[str, str], transport_http1: Transport, headers: list[str]
) -> None:
    play(rule("", "push", base(), push_manifest(IMAGE, "v1")), transport_http1, names)
    assert pulled(server, f"/v2/{names['name']}/blobs/{LAYER.digest}", headers) in (
        LAYER.payload,
        LAYER.payload[5:10],
    )
    assert pulled(server, f"/v2/{names['name']}/manifests/v1", headers) == IMAGE.payload


def pulled(server: Registry, path: str, headers: list[str]) -> bytes:
    with RawConnection(server.authority) as raw:
        raw.request(f"GET {path} HTTP/1.1", *headers)
        reply: Reply | None = raw.read_reply()
        assert reply is not None
        assert reply.status in {200, 206}, reply.told()
        return reply.body
