"""Reads the body of a request: bounded, and not for ever."""

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing, contextmanager

from entrepot.api.messages import Messages
from entrepot.api.request import Request
from entrepot.errors import ClientGone, InvalidRequest, ManifestTooLarge, Overloaded, SizeMismatch

_HELD_AT_MOST = 64 * 1024 * 1024


def declared_length(request: Request) -> int | None:
    """Read Content-Length; None where there is none.

    Raises:
        InvalidRequest: it is no number of bytes.
    """
    text = request.header(b"content-length")
    if text is None or b"transfer-encoding" in request.headers:
        return None
    if not (text.isascii() and text.isdigit()) or len(text) > 18:
        raise InvalidRequest("Content-Length is no number of bytes", {"length": text[:100]})
    return int(text)


async def stream_body(
    request: Request, patience: float, expected: int | None = None
) -> AsyncGenerator[bytes, None]:
    """Give a body's bytes as they arrive.

    Args:
        request: whose body.
        patience: seconds after which a silent client is given up.
        expected: bytes that the body must have, where something told it.

    Raises:
        ClientGone: the client went away, or was silent too long.
        SizeMismatch: the body is longer or shorter than expected.
    """
    record = request.record
    received = 0
    more = True
    if expected == 0 and declared_length(request) == 0:
        # The server knows that nothing comes: asking it would cost two switches between threads.
        request.unread = more = False
    first = 2 if expected is None else 1
    with Messages(request.receive, request.ahead, first) as messages:
        while more:
            try:
                async with asyncio.timeout(patience):
                    message = await messages.next()
            except TimeoutError:
                record.aborted = True
                raise ClientGone(
                    f"nothing came for {patience:g} s; the request is given up",
                    {"received": received},
                ) from None
            if message["type"] == "http.disconnect":
                record.aborted = True
                raise ClientGone("the client went away", {"received": received})
            content = message.get("body", b"")
            more = request.unread = message.get("more_body", False)
            if content:
                received += len(content)
                record.bytes_in = received
                if expected is not None and received > expected:
                    raise SizeMismatch(
                        f"the body has more than the {expected} bytes that were declared",
                        {"declared": expected},
                    )
                yield content
    if expected is not None and received != expected:
        raise SizeMismatch(
            f"the body has {received} bytes, {expected} were declared",
            {"declared": expected, "received": received},
        )


class SmallBodies:
    """Reads bodies that are held in memory, all of them together within a bound.

    Args:
        limit: bytes that one may have.
        timeout: seconds after which a silent client is given up.
    """

    def __init__(self, limit: int, timeout: float) -> None:
        self._limit = limit
        self._timeout = timeout
        self._held = 0

    async def read(self, request: Request) -> bytes:
        """Read a whole body.

        Raises:
            ManifestTooLarge: it is over the limit; said before reading where it is declared.
            Overloaded: too many of them are being read.
            ClientGone: the client went away, or was silent too long.
        """
        declared = declared_length(request)
        if declared is not None and declared > self._limit:
            raise self._too_large()
        pieces: list[bytes] = []
        size = 0
        try:
            # Closed at once when it is refused, so that nothing more of it is asked for.
            async with aclosing(stream_body(request, self._timeout, declared)) as body:
                async for piece in body:
                    pieces.append(piece)
                    size += len(piece)
                    self._held += len(piece)
                    if size > self._limit:
                        raise self._too_large()
                    if self._held > _HELD_AT_MOST:
                        raise Overloaded("too many manifests are being pushed at once; try again")
        finally:
            self._held -= size
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    @contextmanager
    def holding(self, payload: bytes) -> Iterator[None]:
        """Count a body that was read for as long as it is kept, which others may hold up."""
        self._held += len(payload)
        try:
            yield
        finally:
            self._held -= len(payload)

    def _too_large(self) -> ManifestTooLarge:
        return ManifestTooLarge(
            f"a manifest may have {self._limit} bytes here", {"limit": self._limit}
        )
