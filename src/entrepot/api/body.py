"""Reads the body of a request: bounded, and not for ever."""

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing, contextmanager

from entrepot.api.request import Message, Request
from entrepot.api.shares import Shares
from entrepot.errors import ClientGone, InvalidRequest, ManifestTooLarge, SizeMismatch

# A body must bring as many bytes, or end, in each `server.timeouts.body`: one byte now and then
# would hold a connection, and the claim on an upload, for ever.
PACE_BYTES = 16 * 1024


def declared_length(request: Request) -> int | None:
    """Read Content-Length; None where there is none.

    Raises:
        InvalidRequest: it is no number of bytes.
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
        patience: seconds in which PACE_BYTES must come, or the end.
        expected: bytes that the body must have, where something told it.

    Raises:
        ClientGone: the client went away, or was too slow.
        SizeMismatch: the body is longer or shorter than expected.
    """
    loop = asyncio.get_running_loop()
    record = request.record
    received = paced = 0
    # Asking would cost a turn of the event loop.
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
                f"the body has more than the {expected} bytes that were declared",
                {"declared": expected},
            )
        came = loop.time()
        yield content
        if received - paced >= PACE_BYTES:
            paced = received
            deadline = loop.time() + patience
        else:
            deadline += loop.time() - came  # which the client was kept waiting
    if expected is not None and received != expected:
        raise SizeMismatch(
            f"the body has {received} bytes, {expected} were declared",
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
            f"less than {PACE_BYTES >> 10} KiB came in {patience:g} s; the request was aborted",
            {"received": record.bytes_in},
        ) from None
    if message["type"] == "http.disconnect":
        record.aborted = True
        raise ClientGone("the client went away", {"received": record.bytes_in})
    return message


class SmallBodies:
    """Reads bodies that are held in memory, all of them together within a bound.

    Args:
        limit: bytes that one may have.
        timeout: seconds in which a whole one must come.
    """

    def __init__(self, limit: int, timeout: float) -> None:
        self._limit = limit
        self._timeout = timeout
        self._shares = Shares(limit, "you are pushing", "manifests", "being pushed")

    async def read(self, request: Request) -> bytes:
        """Read a whole body.

        Raises:
            ManifestTooLarge: it is over the limit; said before reading where it is declared.
            Overloaded: too many of them are being read, of this caller or of all.
            ClientGone: the client went away, or was too slow.
        """
        declared = declared_length(request)
        if declared is not None and declared > self._limit:
            raise self._too_large()
        pieces: list[bytes] = []
        size = 0
        with self._shares.hold(request) as held:
            try:
                # Closed at once when it is refused, so that nothing more of it is asked for.
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
        """Count a body that was read for as long as it is kept, which others may hold up."""
        with self._shares.hold(request, len(payload)):
            yield

    def _too_large(self) -> ManifestTooLarge:
        return ManifestTooLarge(
            f"a manifest may have {self._limit} bytes here", {"limit": self._limit}
        )
