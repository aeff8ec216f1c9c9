"""Lets a client that is still sending read why it is refused.

Closing a connection while bytes arrive makes the client's kernel throw away what it has not read:
podman then says "broken pipe" in place of the reason. So the reason is sent but for its last byte,
and what the client had under way is read and dropped, until it hangs up or has sent all.
"""

import asyncio

from entrepot.api.request import Request

SECONDS = 5.0
BYTES = 256 * 1024 * 1024


def is_sending(request: Request) -> bool:
    """Whether the body of an HTTP/1.1 request was to be read, and has not come to its end.

    In HTTP/2 a stream ends by itself, and nothing is lost.
    """
    return request.unread and request.scope["http_version"] < "2"


async def drop_rest(request: Request) -> None:
    """Read what still comes of a body: for 5 s at most, and 256 MiB."""
    if request.body is not None:
        await request.body.aclose()
    taken = 0
    try:
        async with asyncio.timeout(SECONDS):
            while taken < BYTES:
                message = await request.receive()
                if message["type"] == "http.disconnect" or not message.get("more_body", False):
                    return
                taken += len(message.get("body", b""))
    except TimeoutError:
        return
