"""Reads the body of a request, with limits on size and time."""

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing, contextmanager

from entrepot.api.request import Message, Request
from entrepot.api.shares import Shares
from entrepot.errors import ClientGone, InvalidRequest, ManifestTooLarge, SizeMismatch

# The least progress within `server.timeouts.body`: otherwise, one byte now and then would hold a
# connection, and the claim on an upload, forever.
PACE_BYTES = 16 * 1024


def declared_length(request: Request) -> int | None:
    """Read Content-Length; None if there is none.

    Raises:
        InvalidRequest: it is not a number of bytes.
    """
    text = request.header(b"content-length")
    if text is None or b"transfer-encoding" in request.headers:
        return None
    if not (text.isascii() and text.isdigit()) or len(text) > 18:
        raise InvalidRequest("Content-Length is not a number of bytes", {"length": text[:100]})
    return int(text)


async def stream_body(
    request: Request, patience: float, expected: int | None = None
) -> AsyncGenerator[bytes, None]:
    """Give a body's bytes as they arrive.

    Args:
        request: whose body.
        patience: seconds in which PACE_BYTES, or the end, must arrive.
        expected: bytes that the body must have, if declared.

    Raises:
        ClientGone: the client went away, or was too slow.
        SizeMismatch: the body is longer or shorter than expected.
    """
    loop = asyncio.get_running_loop()
    record = request.record
    received = paced = 0
    # Receiving would cost a turn of the event loop.
    more = not (expected == 0 and declared_length(request) == 0)
    deadline = loop.time() + patience
    while more:
        message = await _next_message(request, deadline, patience)
        more = message.get("more_body", False)
        content = message.get("body", b"")
        if not content:
            continue
        received += len(content)
        record.bytes_in = received
        if expected is not None and received > expected:
            raise SizeMismatch(
                f"the body has more than the declared {expected} bytes",
                {"declared": expected},
            )
        came = loop.time()
        yield content
        if received - paced >= PACE_BYTES:
            paced = received
            deadline = loop.time() + patience
        else:
            deadline += loop.time() - came  # the client was kept waiting for that long
    if expected is not None and received != expected:
        raise SizeMismatch(
            f"the body has {received} bytes, but {expected} were declared",
            {"declared": expected, "received": received},
        )


async def _next_message(request: Request, deadline: float, patience: float) -> Message:
    record = request.record
    try:
        async with asyncio.timeout_at(deadline):
            message = await request.receive()
    except TimeoutError:
        record.aborted = True
        raise ClientGone(
            f"less than {PACE_BYTES >> 10} KiB arrived in {patience:g} s; the request was aborted",
            {"received": record.bytes_in},
        ) from None
    if message["type"] == "http.disconnect":
        record.aborted = True
        raise ClientGone("the client went away", {"received": record.bytes_in})
    return message


class SmallBodies:
    """Reads whole bodies into memory, within a common limit.

    Args:
        limit: the most bytes of one body.
        timeout: seconds in which a whole body must arrive.
    """

    def __init__(self, limit: int, timeout: float) -> None:
        self._limit = limit
        self._timeout = timeout
        self._shares = Shares(limit, "you are pushing", "manifests", "being pushed")

    async def read(self, request: Request) -> bytes:
        """Read a whole body.

        Raises:
            ManifestTooLarge: it is over the limit; raised before reading if its size is declared.
            Overloaded: too many bodies are being read, for this caller or in total.
            ClientGone: the client went away, or was too slow.
        """
        declared = declared_length(request)
        if declared is not None and declared > self._limit:
            raise self._too_large()
        pieces: list[bytes] = []
        size = 0
        with self._shares.hold(request) as held:
            try:
                # Closed as soon as it is refused, so that no more of it is read.
                async with (
                    asyncio.timeout(self._timeout),
                    aclosing(stream_body(request, self._timeout, declared)) as body,
                ):
                    async for piece in body:
                        pieces.append(piece)
                        size += len(piece)
                        if size > self._limit:
                            raise self._too_large()
                        held.add(len(piece))
            except TimeoutError:
                request.record.aborted = True
                raise ClientGone(
                    f"the body did not arrive within {self._timeout:g} s", {"received": size}
                ) from None
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    @contextmanager
    def holding(self, request: Request, payload: bytes) -> Iterator[None]:
        """Count a body that was read for as long as it stays in memory."""
        with self._shares.hold(request, len(payload)):
            yield

    def _too_large(self) -> ManifestTooLarge:
        return ManifestTooLarge(
            f"this registry accepts manifests of up to {self._limit} bytes", {"limit": self._limit}
        )
