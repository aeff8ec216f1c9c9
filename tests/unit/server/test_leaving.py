"""A worker that leaves accepts nothing, asks clients to move away, and cuts nobody off."""

import asyncio
import multiprocessing
import os
import socket
from contextlib import closing
from typing import Any

import pytest

from entrepot.server.busy_peers import BusyPeers
from entrepot.server.leave import last_answers
from entrepot.server.listening import listen_on_tcp, turn_away


async def application(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"a", b"b")]})
    await send({"type": "http.response.body", "body": b"done"})


@pytest.mark.parametrize(
    ("version", "headers"),
    [("1.1", [(b"a", b"b"), (b"connection", b"close")]), ("2", [(b"a", b"b")])],
)
def test_answers_of_http_1_are_the_last_of_their_connection(
    version: str, headers: list[tuple[bytes, bytes]]
) -> None:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "http.disconnect"}

    async def ask() -> None:
        await last_answers(application)({"http_version": version}, receive, send)

    asyncio.run(ask())
    assert sent[0]["headers"] == headers
    assert sent[1] == {"type": "http.response.body", "body": b"done"}


@pytest.mark.parametrize("port", [4711, "4711"])
def test_peers_are_busy_while_their_requests_run(port: int | str) -> None:
    peer = ("10.0.0.1", 4711)
    seen: list[bool] = []

    async def outer(scope: Any, receive: Any, send: Any) -> None:
        seen.append(peer in busy)
        if scope["again"]:
            await busy.serve({"client": (peer[0], port), "again": False}, receive, send)
        seen.append(peer in busy)

    async def nothing(*_: Any) -> Any:
        """Neither sent nor received."""

    busy = BusyPeers(outer)
    assert peer not in busy
    asyncio.run(busy.serve({"client": (peer[0], port), "again": True}, nothing, nothing))
    assert seen == [True, True, True, True]
    assert peer not in busy


def _turned_away(port: int, ready: Any, go: Any) -> None:
    """In a process of its own: `turn_away` takes every listening socket of a process."""
    (listener,) = listen_on_tcp("127.0.0.1", port, 1)
    listener.listen(8)
    ready.send(os.getpid())
    go.recv()
    turn_away()
    listener.setblocking(False)
    try:
        listener.accept()
    except BlockingIOError:
        ready.send("nobody")
    else:
        ready.send("somebody")


def test_connections_that_wait_are_left_to_the_successor() -> None:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    (shared,) = listen_on_tcp("127.0.0.1", 0, 1)
    with closing(shared):
        port = shared.getsockname()[1]
        child = context.Process(target=_turned_away, args=(port, theirs, theirs))
        child.start()
        ours.recv()
        with socket.create_connection(("127.0.0.1", port)):
            ours.send("go")
            assert ours.recv() == "nobody"
        child.join()
