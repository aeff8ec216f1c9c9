"""Takes the messages of a request's body, several asked for at once where that is safe.

Each answer of the server to `receive()` costs two switches between threads. docker sends a layer
in chunks of 32 KiB, and asking for one after the other spends most of its time on switching;
several calls that wait together share the switches (docs/decisions/0003-sending-blobs.md).
"""

from collections import deque
from collections.abc import Awaitable, MutableMapping
from typing import Any, Self

from entrepot.api.request import Receive

Message = MutableMapping[str, Any]

_AHEAD_BYTES = 512 * 1024


class Messages:
    """The messages of one body, in their order.

    ASGI does not promise an order among calls that wait together. Granian keeps it with HTTP/1.1
    in its single-threaded mode; anywhere else `ahead` must be 1. Were it ever broken, the digest
    would refuse the upload.

    Args:
        receive: the server's.
        ahead: how many calls may wait at once.
        first: how many are made before anything is known: two for a body without a length, whose
            end is a message of its own.
    """

    __slots__ = ("_ahead", "_receive", "_waiting", "_wanted")

    def __init__(self, receive: Receive, ahead: int, first: int = 1) -> None:
        self._receive = receive
        self._ahead = ahead
        self._wanted = min(ahead, first)
        self._waiting: deque[Awaitable[Message]] = deque()

    async def next(self) -> Message:
        """Give the next message."""
        while len(self._waiting) < self._wanted:
            self._waiting.append(self._receive())
        message = await self._waiting.popleft()
        if self._ahead > 1:
            size = len(message.get("body", b""))
            # Twice as many each time: most bodies are over after few messages.
            most = min(self._ahead, 2 * self._wanted, _AHEAD_BYTES // size) if size else 1
            self._wanted = max(1, most)
        return message

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *outcome: object) -> None:
        """Take back the calls that nobody waits for any more."""
        while self._waiting:
            self._waiting.popleft().cancel()  # type: ignore[attr-defined]  # Granian's futures
