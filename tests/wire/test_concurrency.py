"""Many at once: one writer a session, the last push of a tag wins, nothing is torn."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from typing import TypeVar

import pytest

from tests.wire.harness.contents import CONFIG, LAYER, Content, image
from tests.wire.harness.exchange import Reply, Request
from tests.wire.harness.http1 import Http1
from tests.wire.harness.raw import RawConnection
from tests.wire.harness.rules import path_of, play, rule
from tests.wire.harness.server import Registry
from tests.wire.harness.steps import base

CLIENTS = 6
FIRST = Content(b"1" * 300_000)
SECOND = Content(b"2" * 300_000)

Result = TypeVar("Result")


def ask(server: Registry, request: Request) -> Reply:
    with closing(Http1(server.authority, chunked=False)) as client:
        return client.send(request)


def together(work: Callable[[int], Result], count: int = CLIENTS) -> list[Result]:
    """Do the same in threads, at the same time."""
    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(work, range(count)))


def begin(server: Registry, name: str) -> str:
    reply = ask(server, Request("POST", f"/v2/{name}/blobs/uploads/"))
    return path_of(reply.header("Location") or "")


@contextmanager
def writer(server: Registry, session: str, content: Content) -> Iterator[RawConnection]:
    """A PATCH whose first bytes have arrived, and whose last have not."""
    with RawConnection(server.authority) as raw:
        raw.begin_body(f"PATCH {session} HTTP/1.1", f"Content-Length: {content.size}")
        raw.send(content.payload[:100_000])
        yield raw


@pytest.mark.parametrize(
    "request_of",
    [
        lambda session: Request("PATCH", session, (), SECOND.payload),
        lambda session: Request("PATCH", session, (("Content-Range", "0-2"),), b"abc"),
        lambda session: Request("PUT", f"{session}?digest={SECOND.digest}", (), SECOND.payload),
        lambda session: Request("PUT", f"{session}?digest={FIRST.digest}"),
        lambda session: Request("DELETE", session),
    ],
    ids=["PATCH", "PATCH with a range", "PUT with bytes", "PUT", "DELETE"],
)
def test_a_second_writer_of_a_session_is_refused_and_disturbs_nothing(
    server: Registry, names: dict[str, str], request_of: Callable[[str], Request]
) -> None:
    session = begin(server, names["name"])
    with writer(server, session, FIRST) as raw:
        for _ in range(3):
            second = ask(server, request_of(session))
            assert second.status in {409, 416}, second.told()
        raw.send(FIRST.payload[100_000:])
        reply = raw.read_reply()
        assert reply is not None
        assert reply.status == 202
        assert reply.header("Range") == f"0-{FIRST.size - 1}"
    done = ask(server, Request("PUT", f"{session}?digest={FIRST.digest}"))
    assert done.status == 201, done.told()


def test_a_session_that_is_being_written_to_can_be_asked_how_far_it_is(
    server: Registry, names: dict[str, str]
) -> None:
    session = begin(server, names["name"])
    with writer(server, session, FIRST):
        reply = ask(server, Request("GET", session))
    assert reply.status == 204
    assert (reply.header("Range") or "").startswith("0-")


def test_of_many_that_finish_one_session_one_succeeds(
    server: Registry, names: dict[str, str]
) -> None:
    session = begin(server, names["name"])
    target = f"{session}?digest={LAYER.digest}"
    statuses = together(lambda _: ask(server, Request("PUT", target, (), LAYER.payload)).status)
    assert statuses.count(201) == 1
    assert set(statuses) <= {201, 404, 409, 416}
    blob = ask(server, Request("GET", f"/v2/{names['name']}/blobs/{LAYER.digest}"))
    assert blob.body == LAYER.payload


def test_the_same_blob_pushed_by_many_at_once_is_taken_from_each(
    server: Registry, names: dict[str, str]
) -> None:
    def push(number: int) -> int:
        name = f"{names['name']}/{number % 2}"
        target = f"/v2/{name}/blobs/uploads/?digest={FIRST.digest}"
        return ask(server, Request("POST", target, (), FIRST.payload)).status

    assert together(push) == [201] * CLIENTS
    for number in range(2):
        target = f"/v2/{names['name']}/{number}/blobs/{FIRST.digest}"
        assert ask(server, Request("GET", target)).body == FIRST.payload


def test_many_pushes_of_one_tag_leave_one_of_them_and_keep_all_manifests(
    server: Registry, names: dict[str, str]
) -> None:
    with closing(Http1(server.authority, chunked=False)) as client:
        play(rule("", "push", base()), client, names)
    images = [image(annotations={"number": str(number)}) for number in range(CLIENTS)]
    path = f"/v2/{names['name']}/manifests"

    def push(number: int) -> None:
        content = images[number]
        headers = (("Content-Type", content.media_type),)
        with closing(Http1(server.authority, chunked=False)) as client:
            for _ in range(5):
                put = client.send(Request("PUT", f"{path}/latest", headers, content.payload))
                assert put.status == 201, put.told()
                found = client.send(Request("GET", f"{path}/latest"))
                assert found.body in [other.payload for other in images]

    together(push)
    latest = ask(server, Request("GET", f"{path}/latest"))
    assert latest.body in [content.payload for content in images]
    for content in images:
        assert ask(server, Request("GET", f"{path}/{content.digest}")).body == content.payload


def test_many_images_pushed_at_once_into_one_repository_are_all_whole(
    server: Registry, names: dict[str, str]
) -> None:
    name = names["name"]

    def push(number: int) -> str:
        layer = Content(b"layer %d" % number * 10_000, LAYER.media_type)
        content = image(layer, annotations={"number": str(number)})
        with closing(Http1(server.authority, chunked=number % 2 == 0)) as client:
            for blob in (CONFIG, layer):
                target = f"/v2/{name}/blobs/uploads/?digest={blob.digest}"
                assert client.send(Request("POST", target, (), blob.payload)).status == 201
            target = f"/v2/{name}/manifests/v{number}"
            headers = (("Content-Type", content.media_type),)
            put = client.send(Request("PUT", target, headers, content.payload))
            assert put.status == 201, put.told()
            found = client.send(Request("GET", f"/v2/{name}/blobs/{layer.digest}"))
            assert found.body == layer.payload
        return f"v{number}"

    tags = together(push)
    assert ask(server, Request("GET", f"/v2/{name}/tags/list")).json()["tags"] == sorted(tags)


def test_tags_that_are_pushed_and_deleted_at_once_are_there_or_not(
    server: Registry, names: dict[str, str]
) -> None:
    with closing(Http1(server.authority, chunked=False)) as client:
        play(rule("", "push", base()), client, names)
    content = image(annotations={"raced": "yes"})
    path = f"/v2/{names['name']}/manifests"
    headers = (("Content-Type", content.media_type),)

    def push_or_delete(number: int) -> set[int]:
        push = Request("PUT", f"{path}/raced", headers, content.payload)
        request = push if number % 2 else Request("DELETE", f"{path}/{content.digest}")
        with closing(Http1(server.authority, chunked=False)) as client:
            return {client.send(request).status for _ in range(5)}

    statuses = set().union(*together(push_or_delete))
    assert statuses <= {201, 202, 404}
    by_tag = ask(server, Request("GET", f"{path}/raced"))
    by_digest = ask(server, Request("GET", f"{path}/{content.digest}"))
    assert by_tag.status == by_digest.status
