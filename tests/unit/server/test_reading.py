"""Bytes that arrive in memory which all connections share."""

import asyncio
import hashlib
import random
import socket
import ssl
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from entrepot.server.connections import Connections
from entrepot.server.reading import LARGEST_READ, Reading
from tests.unit.operations.tls.pairs import Pair
from tests.unit.server.serving import serve
from tests.waiting import PATIENCE

CLIENTS = 8
HINT = 65536


async def digest(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Answer with the digest of the body."""
    hasher = hashlib.sha256()
    more = True
    while more:
        message = await receive()
        hasher.update(message["body"])
        more = message["more_body"]
    answer = hasher.hexdigest().encode()
    headers = [(b"content-length", b"%d" % len(answer))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": answer})


def push(port: int, number: int, secured: bool) -> None:
    """Send two bodies on one connection, in pieces of any length, and look at the answers."""
    chance = random.Random(number)
    connection = socket.create_connection(("127.0.0.1", port), PATIENCE)
    if secured:
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        connection = context.wrap_socket(connection)
    with connection, connection.makefile("rb") as answers:
        for _ in range(2):
            body = chance.randbytes(3 * LARGEST_READ + number)
            request = b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % len(body) + body
            while request:
                size = chance.choice((1, 1000, 70_000, 2_000_000))
                connection.sendall(request[:size])
                request = request[size:]
            while answers.readline() != b"\r\n":
                pass
            assert answers.read(64).decode() == hashlib.sha256(body).hexdigest()


@pytest.mark.parametrize("secured", [False, True], ids=["plain", "TLS"])
def test_bodies_that_arrive_at_once_keep_apart(tmp_path: Path, secured: bool) -> None:
    context = None
    if secured:
        pair = Pair.make(tmp_path)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pair.certificate, pair.key)

    async def test(port: int, connections: Connections) -> None:
        loop = asyncio.get_running_loop()
        with ThreadPoolExecutor(CLIENTS) as threads:
            await asyncio.gather(
                *(
                    loop.run_in_executor(threads, push, port, number, secured)
                    for number in range(CLIENTS)
                )
            )

    serve(digest, test, context)


def test_only_a_body_is_read_in_large_pieces_and_the_more_connections_the_smaller_they_are() -> (
    None
):
    at_application = asyncio.Event()
    sizes: list[int] = []

    async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
        at_application.set()
        await digest(scope, receive, send)

    async def test(port: int, connections: Connections) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n")
        await asyncio.wait_for(at_application.wait(), PATIENCE)
        (protocol,) = connections._open
        reading = Reading(protocol, connections.read_memory)  # type: ignore[arg-type]
        sizes.append(len(reading.get_buffer(HINT)))
        for others in (63, 4032):
            for _ in range(others):
                connections.admit("")
            sizes.append(len(reading.get_buffer(HINT)))
            for _ in range(others):
                connections.release("")
        writer.write(b"a")
        await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), PATIENCE)
        sizes.append(len(reading.get_buffer(HINT)))
        writer.close()

    serve(application, test)
    assert sizes == [LARGEST_READ, LARGEST_READ // 4, HINT, HINT]
