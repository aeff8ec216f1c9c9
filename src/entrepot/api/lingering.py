"""Lets a client that is still sending read why it is refused.

Closing a connection while bytes arrive makes the client's kernel throw away what it has not read:
podman then says "broken pipe" in place of the reason. So the reason is sent but for its last byte,
and what the client had under way is read and dropped, until it hangs up or has sent all.
"""

import asyncio

from entrepot.api.request import Request
from entrepot.errors import EntrepotError

SECONDS = 5.0
BYTES = 256 * 1024 * 1024


def is_sending(request: Request) -> bool:
    """Whether the body of an HTTP/1.1 request was to be read, and has not come to its end.

    In HTTP/2 a stream ends by itself, and nothing is lost.
    """
    return request.unread and request.scope["http_version"] < "2"


async def drop_rest(request: Request) -> None:
    """Read what still comes of a body: for 5 s at most, and 256 MiB."""
    try:
        async with asyncio.timeout(SECONDS):
            await _drop(request)
    except (TimeoutError, EntrepotError):  # it is refused anyway
        return


async def _drop(request: Request) -> None:
    taken = 0
    if request.body is not None:  # it may have asked for messages ahead, which only it will get
        async for piece in request.body:
            taken += len(piece)
            if taken > BYTES:
                break
        await request.body.aclose()
        return
    while request.unread and taken < BYTES:
        message = await request.receive()
        request.unread = message.get("more_body", False)
        taken += len(message.get("body", b""))
