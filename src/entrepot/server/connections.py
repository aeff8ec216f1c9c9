"""What the connections of one worker share: limits, deadlines, the time of day."""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import formatdate
from typing import Any, Protocol

from uvicorn.config import Config
from uvicorn.server import ServerState

from entrepot.server.reading import LARGEST_READ

logger = logging.getLogger("entrepot.server")

_LOOK_SECONDS = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionLimits:
    """What clients may ask of one worker.

    Args:
        total: connections at once.
        per_address: of these, from one address.
        header: bytes of a request's header.
        idle: seconds in which a whole header must come.
        body: seconds in which the reader of an answer must take some of it.
    """

    total: int
    per_address: int
    header: int
    idle: float
    body: float


class Connection(Protocol):
    """What is asked of a connection."""

    address: str
    deadline: float

    def expire(self, now: float) -> None:
        """Answer that the deadline has passed."""
        ...

    def leave(self) -> None:
        """Close as soon as no request runs."""
        ...

    def abort(self) -> None:
        """Close at once."""
        ...


class Connections:
    """Counts connections and watches over their deadlines. Make it on the worker's event loop.

    Args:
        application: ASGI.
        limits: for each client, and for all together.

    Attributes:
        describe_client: gives what a new connection's scopes say of its client's certificate.
        on_room: called when a connection has ended.
        read_memory: where the bytes of each connection arrive, one after the other.
        count: of the connections that were admitted.
    """

    def __init__(self, application: Any, limits: ConnectionLimits) -> None:
        self.loop = asyncio.get_running_loop()
        self.limits = limits
        self.state = ServerState()
        self.config = Config(
            application,
            http="httptools",
            ws="none",
            lifespan="off",
            interface="asgi3",
            log_config=None,
            access_log=False,
            proxy_headers=False,
        )
        self.config.load()
        self.describe_client: Callable[[Any], dict[str, Any] | None] = lambda transport: None
        self.on_room: Callable[[], None] = lambda: None
        self.read_memory = memoryview(bytearray(LARGEST_READ))
        self._open: set[Connection] = set()
        self._addresses: Counter[str] = Counter()
        self._look: asyncio.TimerHandle | None = None
        self.count = 0
        self._draining = False
        self._watch()

    @property
    def full(self) -> bool:
        """Whether no connection may be added."""
        return self.count >= self.limits.total

    def admit(self, address: str) -> bool:
        """Take a connection in, unless its address has too many. `release` must follow.

        Args:
            address: of the client; an empty one is not counted by itself.
        """
        if address:
            if self._addresses[address] >= self.limits.per_address:
                return False
            self._addresses[address] += 1
        self.count += 1
        return True

    def release(self, address: str) -> None:
        """Let a connection go."""
        self.count -= 1
        if address:
            self._addresses[address] -= 1
            if not self._addresses[address]:
                del self._addresses[address]
        self.on_room()

    def add(self, connection: Connection) -> None:
        """Watch over a connection that was admitted."""
        self._open.add(connection)
        if self._draining:  # its handshake was under way
            self.loop.call_soon(connection.leave)

    def remove(self, connection: Connection) -> None:
        """Stop watching, and release it."""
        self._open.discard(connection)
        self.release(connection.address)

    def retire(self) -> None:
        """Let every connection that is open now end with what runs on it."""
        for connection in list(self._open):
            connection.leave()

    async def drain(self, seconds: float, cleaning: float) -> None:
        """Let all requests come to their end, then cut off what still runs.

        Args:
            seconds: to wait for their end.
            cleaning: seconds for what was cut off to give back what it holds.
        """
        self._draining = True
        self.retire()
        await self._wait(seconds)
        if self._open:
            logger.warning("cutting off %d requests that have not finished", len(self._open))
        for connection in list(self._open):
            connection.abort()
        await self._wait(cleaning)
        for task in self.state.tasks:
            task.cancel()
        await self._wait(cleaning)
        if self._look is not None:
            self._look.cancel()

    async def _wait(self, seconds: float) -> None:
        deadline = self.loop.time() + seconds
        while (self._open or self.state.tasks) and self.loop.time() < deadline:  # noqa: ASYNC110
            await asyncio.sleep(0.02)

    def _watch(self) -> None:
        self.state.default_headers = [(b"date", formatdate(time.time(), usegmt=True).encode())]
        now = self.loop.time()
        for connection in [one for one in self._open if one.deadline <= now]:
            connection.expire(now)
        self._look = self.loop.call_later(_LOOK_SECONDS, self._watch)
