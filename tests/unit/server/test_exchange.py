"""Answers as they are written: heads and bodies of any application, read as raw bytes."""

import asyncio
from typing import Any

import pytest

from entrepot.server.connections import Connections
from tests.unit.server.serving import serve
from tests.waiting import PATIENCE

Message = dict[str, Any]


def start(status: int, *headers: tuple[bytes, bytes]) -> Message:
    return {"type": "http.response.start", "status": status, "headers": list(headers)}


def piece(body: bytes, *, more: bool = False) -> Message:
    return {"type": "http.response.body", "body": body, "more_body": more}


def length(number: int) -> tuple[bytes, bytes]:
    return b"content-length", b"%d" % number


def answer(*messages: Message, method: bytes = b"GET", version: bytes = b"1.1") -> bytes:
    """Give what a client reads until the connection ends, which it asks to be closed."""

    async def application(scope: Any, receive: Any, send: Any) -> None:
        for message in messages:
            await send(message)

    read = b""

    async def test(port: int, connections: Connections) -> None:
        nonlocal read
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        closing = b"Connection: close\r\n" if version == b"1.1" else b""
        writer.write(b"%b / HTTP/%b\r\nHost: a\r\n%b\r\n" % (method, version, closing))
        read = await asyncio.wait_for(reader.read(), PATIENCE)
        writer.close()

    serve(application, test)
    return read


def parts(read: bytes) -> tuple[bytes, set[bytes], bytes]:
    head, _, body = read.partition(b"\r\n\r\n")
    line, *fields = head.split(b"\r\n")
    return line, {field for field in fields if not field.startswith(b"date: ")}, body


@pytest.mark.parametrize("size", [0, 5, 16 * 1024, 16 * 1024 + 1, 300_000])
def test_a_body_follows_its_head(size: int) -> None:
    line, fields, body = parts(answer(start(200, (b"x-a", b"1"), length(size)), piece(b"x" * size)))
    assert line == b"HTTP/1.1 200 OK"
    assert fields == {b"x-a: 1", b"content-length: %d" % size, b"connection: close"}
    assert body == b"x" * size


def test_a_body_in_pieces_is_one_body() -> None:
    pieces = [piece(b"a", more=True), piece(b"", more=True), piece(b"b" * 70_000, more=True)]
    _, _, body = parts(answer(start(200, length(70_001)), *pieces, piece(b"")))
    assert body == b"a" + b"b" * 70_000


@pytest.mark.parametrize("size", [0, 7])
def test_head_has_the_length_and_no_body(size: int) -> None:
    line, fields, body = parts(answer(start(200, length(9)), piece(b"x" * size), method=b"HEAD"))
    assert (line, body) == (b"HTTP/1.1 200 OK", b"")
    assert b"content-length: 9" in fields


@pytest.mark.parametrize(
    ("status", "line"),
    [(204, b"HTTP/1.1 204 No Content"), (304, b"HTTP/1.1 304 Not Modified")],
)
def test_some_answers_have_neither_body_nor_length(status: int, line: bytes) -> None:
    assert parts(answer(start(status), piece(b""))) == (line, {b"connection: close"}, b"")


@pytest.mark.parametrize("version", [b"1.1", b"1.0"])
def test_the_application_may_close_the_connection(version: bytes) -> None:
    head = start(200, length(1), (b"connection", b"Close"))
    _, fields, body = parts(answer(head, piece(b"x"), version=version))
    assert fields == {b"content-length: 1", b"connection: close"}
    assert body == b"x"


@pytest.mark.parametrize(
    "field",
    [
        (b"x-a", b"1\r\nset-cookie: stolen"),
        (b"x-a", b"1\nset-cookie: stolen"),
        (b"x-a", b"1\rset-cookie: stolen"),
        (b"x-a\r\nset-cookie", b"stolen"),
        (b"x-a", b"\0"),
    ],
)
def test_no_field_can_add_another_one(field: tuple[bytes, bytes]) -> None:
    assert b"stolen" not in answer(start(200, length(1), field), piece(b"x"))


@pytest.mark.parametrize(
    "messages",
    [
        [start(200, length(2)), piece(b"x")],
        [start(200, length(2)), piece(b"x", more=True), piece(b"")],
        [start(200, length(2)), piece(b"x", more=True)],
        [start(200, length(2))],
    ],
)
def test_a_body_that_is_too_short_ends_the_connection(messages: list[Message]) -> None:
    line, fields, body = parts(answer(*messages))
    assert (line, body) in {(b"HTTP/1.1 200 OK", b"x"), (b"HTTP/1.1 200 OK", b"")}
    assert b"content-length: 2" in fields


def test_a_body_that_is_too_long_is_cut_off() -> None:
    read = answer(start(200, length(2)), piece(b"ab", more=True), piece(b"SECRET"))
    assert parts(read)[2] == b"ab"
    assert b"SECRET" not in read


def test_an_answer_needs_a_length() -> None:
    assert parts(answer(start(200), piece(b"x")))[2] == b""
