"""Any bytes on a socket: refused or answered, never a 5xx, and others do not notice."""

from contextlib import closing

from hypothesis import given
from hypothesis import strategies as st

from tests.wire.harness.contents import LAYER
from tests.wire.harness.exchange import Request
from tests.wire.harness.http1 import Http1
from tests.wire.harness.raw import RawConnection
from tests.wire.harness.server import Registry

PUSH = (
    f"POST /v2/fuzz/blobs/uploads/?digest={LAYER.digest} HTTP/1.1\r\n"
    f"Host: x\r\nContent-Length: {LAYER.size}\r\n\r\n"
).encode() + LAYER.payload
PULL = b"GET /v2/fuzz/tags/list?n=1 HTTP/1.1\r\nHost: x\r\nAccept: */*\r\n\r\n"
CHUNKED = (
    b"PUT /v2/fuzz/manifests/v1 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"2\r\n{}\r\n0\r\n\r\n"
)
HTTP_2 = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\x00\x00\x00\x04\x00\x00\x00\x00\x00"


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A request with some of its bytes replaced, taken out or put in."""
    content = bytearray(draw(st.sampled_from((PUSH[:400], PULL, CHUNKED, HTTP_2))))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(content)))
        content[at : at + draw(st.integers(0, 4))] = draw(st.binary(max_size=6))
    return bytes(content)


@given(st.one_of(damaged(), st.binary(max_size=300)))
def test_any_bytes_are_refused_or_answered(server: Registry, content: bytes) -> None:
    with RawConnection(server.authority) as raw:
        raw.send(content)
        raw.socket.settimeout(0.1)  # what waits for more is not answered
        try:
            answer = raw.socket.recv(65_536)
        except (TimeoutError, ConnectionResetError):
            answer = b""
    assert not answer.startswith(b"HTTP/1.1 5"), answer
    assert b"Traceback" not in answer
    with closing(Http1(server.authority, chunked=False)) as client:
        assert client.send(Request("GET", "/v2/")).status == 200
