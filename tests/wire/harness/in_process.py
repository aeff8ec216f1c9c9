"""Calls the ASGI application directly, on an event loop of its own thread."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar
from urllib.parse import unquote_to_bytes

from tests.waiting import PATIENCE
from tests.wire.harness.exchange import Reply, Request

Result = TypeVar("Result")
Application = Callable[[Any, Any, Any], Coroutine[Any, Any, None]]


class LoopThread:
    """An event loop that runs in a thread, so that tests stay plain functions."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def start(self, work: Coroutine[Any, Any, Result]) -> "Future[Result]":
        """Run a coroutine; do not wait for it."""
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def run(self, work: Coroutine[Any, Any, Result], timeout: float = PATIENCE) -> Result:
        """Run a coroutine and wait for what it gives."""
        return self.start(work).result(timeout)

    def close(self) -> None:
        """Stop the loop and its thread."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


class InProcess:
    """One request at a time; each body arrives in three pieces, as from a socket."""

    name = "in process"
    authority = "registry.test:5000"

    def __init__(self, application: Application, loop: LoopThread) -> None:
        self.application = application
        self._loop = loop

    def send(self, request: Request, client: str = "127.0.0.1") -> Reply:
        """Send one request, as a peer with that address."""
        return self._loop.run(call(self.application, request, self.authority, client))

    def close(self) -> None:
        """Nothing is held between requests."""


class _Conversation:
    """Both ends of one ASGI call, with a check of what the application sends."""

    def __init__(self, request: Request, gone_after: int | None = None) -> None:
        self._pieces = pieces_of(request.body or b"")
        self._left = gone_after
        self._answered = asyncio.Event()
        self._method = request.method
        self.start: dict[str, Any] | None = None
        self.body = bytearray()

    async def receive(self) -> dict[str, Any]:
        if self._left == 0:
            return {"type": "http.disconnect"}
        if self._pieces:
            if self._left is not None:
                self._left -= 1
            piece = self._pieces.pop(0)
            await asyncio.sleep(0)
            return {"type": "http.request", "body": piece, "more_body": bool(self._pieces)}
        await self._answered.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: dict[str, Any]) -> None:
        assert not self._answered.is_set(), f"sent after the end of the answer: {message}"
        if message["type"] == "http.response.start":
            assert self.start is None, "two answers to one request"
            self.start = message
            return
        assert message["type"] == "http.response.body", message
        assert self.start is not None, "a body before its head"
        self.body += message.get("body", b"")
        if not message.get("more_body", False):
            self._answered.set()

    @property
    def is_answered(self) -> bool:
        return self._answered.is_set()

    def reply(self) -> Reply:
        assert self.start is not None, "the application returned without an answer"
        assert self._answered.is_set(), "the application returned in the middle of its answer"
        headers = []
        for name, value in self.start.get("headers", ()):
            assert name == name.lower(), f"ASGI wants lower-case header names, not {name!r}"
            headers.append((name.decode("ascii"), value.decode("latin-1")))
        lengths = [int(value) for name, value in headers if name == "content-length"]
        if self._method == "HEAD":
            assert not self.body, "HEAD answered with a body"
        elif lengths:
            assert lengths == [len(self.body)], "Content-Length is not the length of the body"
        return Reply(self.start["status"], tuple(headers), bytes(self.body))


async def call(application: Application, request: Request, authority: str, client: str) -> Reply:
    """Make one ASGI call and collect its answer."""
    conversation = _Conversation(request)
    scope = make_scope(request, authority, client)
    await application(scope, conversation.receive, conversation.send)
    return conversation.reply()


async def attack(
    application: Application, request: Request, authority: str, gone_after: int | None
) -> Reply | None:
    """Make one ASGI call whose client may vanish; None where nobody was left to answer."""
    conversation = _Conversation(request, gone_after)
    scope = make_scope(request, authority, "127.0.0.1")
    await application(scope, conversation.receive, conversation.send)
    if gone_after is not None and not conversation.is_answered:
        return None
    return conversation.reply()


def make_scope(
    request: Request, authority: str = "registry.test:5000", client: str = "127.0.0.1"
) -> dict[str, Any]:
    """Describe a request as an ASGI server does."""
    raw_path, _, query = request.target.partition("?")
    headers = request.wire_headers()
    if request.header("host") is None:
        headers.insert(0, ("host", authority))
    if request.body is not None and not request.declare_length:
        headers.append(("transfer-encoding", "chunked"))
    host, _, port = authority.partition(":")
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": "http",
        "path": unquote_to_bytes(raw_path).decode("utf-8", "replace"),
        "raw_path": raw_path.encode("latin-1"),
        "query_string": query.encode("latin-1"),
        "root_path": "",
        "headers": [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers],
        "client": (client, 50000),
        "server": (host, int(port)),
        "extensions": {},
        "state": {},
    }


def pieces_of(body: bytes) -> list[bytes]:
    """Cut a body in three, as sockets cut it where they like."""
    third = max(1, -(-len(body) // 3))
    return [body[at : at + third] for at in range(0, len(body), third)] or [b""]
