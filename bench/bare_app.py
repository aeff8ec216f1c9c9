"""A few lines of ASGI on the same uvicorn: what a Python answer costs at the least.

Run as `python -m bench.bare_app PORT`.
"""

import os
import sys
from collections.abc import Awaitable, Callable
from typing import Any

import uvicorn

TINY = b'{"tiny": true}'


async def app(
    scope: dict[str, Any], receive: object, send: Callable[[dict[str, Any]], Awaitable[None]]
) -> None:
    """Answer anything with a few bytes."""
    length = (b"content-length", b"%d" % len(TINY))
    await send({"type": "http.response.start", "status": 200, "headers": [length]})
    await send({"type": "http.response.body", "body": TINY})


if __name__ == "__main__":
    uvicorn.run(
        "bench.bare_app:app",
        port=int(sys.argv[1]),
        workers=os.cpu_count(),
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="off",
        log_level="error",
        access_log=False,
    )
