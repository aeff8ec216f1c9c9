"""What only HTTP/2 can do: streams side by side, streams that are reset, false lengths."""

import time
from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.waiting import tries
from tests.wire.harness.contents import IMAGE, LAYER, Content
from tests.wire.harness.exchange import Request
from tests.wire.harness.http2 import Http2, StreamBroken
from tests.wire.harness.rules import path_of, play, rule
from tests.wire.harness.server import Registry
from tests.wire.harness.steps import base, push_manifest

STREAMS = 30
LARGE = Content(bytes(range(241)) * 20_000)


@pytest.fixture
def client(server: Registry) -> Iterator[Http2]:
    with closing(Http2(server.authority)) as made:
        yield made


def begin(client: Http2, name: str) -> str:
    reply = client.send(Request("POST", f"/v2/{name}/blobs/uploads/"))
    return path_of(reply.header("Location") or "")


def test_many_streams_of_one_connection_are_answered_side_by_side(
    client: Http2, names: dict[str, str]
) -> None:
    play(rule("", "push", base(), push_manifest(IMAGE, "v1")), client, names)
    targets = [
        f"/v2/{names['name']}/manifests/v1",
        f"/v2/{names['name']}/blobs/{LAYER.digest}",
        f"/v2/{names['name']}/tags/list",
    ]
    requests = [Request("GET", targets[number % 3]) for number in range(STREAMS)]
    replies = client.send_together(requests)
    assert [reply.status for reply in replies] == [200] * STREAMS
    assert [reply.body for reply in replies[::3]] == [IMAGE.payload] * (STREAMS // 3)
    assert [reply.body for reply in replies[1::3]] == [LAYER.payload] * (STREAMS // 3)


def test_a_patch_whose_stream_is_reset_can_be_gone_on_with(
    client: Http2, names: dict[str, str]
) -> None:
    session = begin(client, names["name"])
    client.send_and_reset(Request("PATCH", session, (), LARGE.payload), after=3_000_000)
    target = f"{session}?digest={LARGE.digest}"
    for _ in tries("nothing of it was kept, or the session is never free again"):
        reply = client.send(Request("GET", session))
        have = int((reply.header("Range") or "").removeprefix("0-")) + 1
        assert have <= 3_000_000
        if have > 1:
            headers = (("Content-Range", f"{have}-{LARGE.size - 1}"),)
            done = client.send(Request("PUT", target, headers, LARGE.payload[have:]))
            if done.status == 201:
                break
            assert done.status in {409, 416}, done.told()
        time.sleep(0.1)
    blob = client.send(Request("GET", f"/v2/{names['name']}/blobs/{LARGE.digest}"))
    assert blob.body == LARGE.payload


@pytest.mark.parametrize("declared", [LAYER.size - 1, LAYER.size + 1, 0])
def test_a_body_that_has_not_its_declared_length_leaves_nothing(
    server: Registry, client: Http2, names: dict[str, str], declared: int
) -> None:
    target = f"/v2/{names['name']}/blobs/uploads/?digest={LAYER.digest}"
    headers = (("Content-Length", str(declared)),)
    try:
        reply = client.send(Request("POST", target, headers, LAYER.payload))
        assert 400 <= reply.status < 500, reply.told()
    except StreamBroken:
        pass
    with closing(Http2(server.authority)) as other:
        blob = f"/v2/{names['name']}/blobs/{LAYER.digest}"
        assert other.send(Request("HEAD", blob)).status == 404


def test_a_reader_that_resets_its_stream_leaves_the_connection_in_order(
    client: Http2, names: dict[str, str]
) -> None:
    target = f"/v2/{names['name']}/blobs/uploads/?digest={LARGE.digest}"
    assert client.send(Request("POST", target, (), LARGE.payload)).status == 201
    blob = Request("GET", f"/v2/{names['name']}/blobs/{LARGE.digest}")
    for _ in range(5):
        client.send_and_reset(blob, after=0)
    assert client.send(blob).body == LARGE.payload


@pytest.mark.parametrize(
    "headers",
    [
        tuple((f"X-{number}", "x" * 1_000) for number in range(200)),
        (("X-Long", "x" * 70_000),),
    ],
    ids=["many", "one long"],
)
def test_a_flood_of_headers_is_refused(
    server: Registry, client: Http2, headers: tuple[tuple[str, str], ...]
) -> None:
    try:
        reply = client.send(Request("GET", "/v2/", headers))
        assert 400 <= reply.status < 500, reply.told()
    except (StreamBroken, ConnectionError):
        pass
    with closing(Http2(server.authority)) as other:
        assert other.send(Request("GET", "/v2/")).status == 200
