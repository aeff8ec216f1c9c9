"""A refusal reaches its client, and a failure leaves nothing behind."""

import time

import pytest

from tests.waiting import tries
from tests.wire.harness.contents import LAYER, Content
from tests.wire.harness.every_answer import check_every_answer
from tests.wire.harness.exchange import Request, Transport
from tests.wire.harness.http1 import Http1
from tests.wire.harness.raw import RawConnection
from tests.wire.harness.server import Registry

LARGE = Content(bytes(8_000_000))
REFUSED = {
    "an unknown session": ("PATCH", "/v2/<name>/blobs/uploads/none", 404),
    "a bad name": ("POST", f"/v2/BAD/blobs/uploads/?digest={LARGE.digest}", 400),
    "a bad digest": ("POST", "/v2/<name>/blobs/uploads/?digest=bad", 400),
    "a manifest that is too large": ("PUT", "/v2/<name>/manifests/v1", 413),
    "a method that there is not": ("POST", "/v2/<name>/tags/list", 405),
}


@pytest.mark.parametrize("why", REFUSED)
def test_a_refusal_reaches_a_client_that_is_still_sending(
    transport: Transport, names: dict[str, str], why: str
) -> None:
    method, target, status = REFUSED[why]
    request = Request(method, target.replace("<name>", names["name"]), (), LARGE.payload)
    for _ in range(3):
        reply = transport.send(request)
        assert reply.status == status, reply.told()
        check_every_answer(request, reply, reply.told())


@pytest.mark.parametrize(("count", "status"), [(999, 201), (1_001, 400), (50_000, 431)])
def test_parameters_are_never_passed_over_in_silence(
    transport_http1: Http1, names: dict[str, str], count: int, status: int
) -> None:
    """More of them than are read refuse the request; it is not taken without them."""
    blob = f"/v2/{names['name']}/blobs/uploads/?digest={LAYER.digest}"
    query = "".join(f"&x{number}=1" for number in range(count))
    reply = transport_http1.send(Request("POST", blob + query, (), LAYER.payload))
    assert reply.status == status, reply.told()


@pytest.mark.parametrize("chunked", [False, True])
def test_a_client_that_vanishes_within_a_single_post_leaves_no_file(
    server: Registry, names: dict[str, str], chunked: bool
) -> None:
    uploads = server.data / "entrepot" / "uploads"
    before = {path.name for path in uploads.iterdir()}
    framing = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {LARGE.size}"
    target = f"/v2/{names['name']}/blobs/uploads/?digest={LARGE.digest}"
    with RawConnection(server.authority) as raw:
        raw.request(f"POST {target} HTTP/1.1", framing, body=b"%x\r\n" % LARGE.size * chunked)
        raw.send(LARGE.payload[:5_000_000])
        for _ in tries("nothing is being written"):
            if not {path.name for path in uploads.iterdir()} <= before:
                break
            time.sleep(0.02)
    for _ in tries("the file stays"):
        if {path.name for path in uploads.iterdir()} <= before:
            break
        time.sleep(0.05)
    client = Http1(server.authority, chunked=False)
    blob = f"/v2/{names['name']}/blobs/{LARGE.digest}"
    assert client.send(Request("HEAD", blob)).status == 404
    client.close()
