"""A circuit breaker for each upstream: one that does not answer is not waited for each time.

Closed, everything is asked. After some failures in a row it opens, and everything fails at once;
a probe in the background closes it when the upstream answers again. An upstream that asks us to
slow down is left alone for as long as it says.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

from entrepot.errors import (
    ClientError,
    UpstreamBusy,
    UpstreamDenied,
    UpstreamFault,
    UpstreamOutage,
)
from entrepot.oci.digest import Digest
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Reference
from entrepot.ports.upstream import (
    RateLimit,
    RemoteBlob,
    RemoteDescriptor,
    RemoteManifest,
    Upstream,
)
from entrepot.services.mirror.observer import MirrorObserver, NoObserver

logger = logging.getLogger("entrepot.mirror")

Answer = TypeVar("Answer")

_FAILURES = 3
_FIRST_PAUSE = 1.0
_LONGEST_PAUSE = 60.0
# Of an upstream that asks us to slow down and does not say for how long.
_BUSY_PAUSE = 5.0


class Breaker:
    """Knows whether an upstream answers.

    Args:
        host: of the upstream.
        probe: asks it something cheap; returns when it answers.
        observer: told when the breaker opens and closes.
        failures: in a row, after which it opens.
        first_pause: seconds before the first probe; doubled before each further one.
    """

    def __init__(
        self,
        host: str,
        probe: Callable[[], Awaitable[None]],
        observer: MirrorObserver | None = None,
        failures: int = _FAILURES,
        first_pause: float = _FIRST_PAUSE,
    ) -> None:
        self._host = host
        self._probe = probe
        self._observer = observer or NoObserver()
        self._most = failures
        self._first_pause = first_pause
        self._failures = 0
        self._reason: UpstreamOutage | None = None
        self._until = 0.0
        self._probing: asyncio.Task[None] | None = None

    @property
    def is_open(self) -> bool:
        """Whether the upstream is spared."""
        return self._reason is not None

    def check(self) -> None:
        """Return when the upstream may be asked.

        Raises:
            UpstreamBusy: it has asked us to wait for longer.
            UpstreamOutage: it does not answer.
        """
        reason = self._reason
        if reason is None:
            return
        if isinstance(reason, UpstreamBusy):
            raise UpstreamBusy(reason.message, max(1, round(self._until - time.monotonic())))
        raise UpstreamOutage(f"{self._host} is not asked for now: {reason.message}")

    def succeeded(self) -> None:
        """The upstream has answered."""
        self._failures = 0

    def failed(self, error: UpstreamOutage) -> None:
        """The upstream has failed; some failures are answers, too."""
        if isinstance(error, UpstreamDenied | UpstreamFault):
            self.succeeded()
            return
        self._failures += 1
        if self._reason is not None:
            return
        if isinstance(error, UpstreamBusy):
            pause = _BUSY_PAUSE if error.retry_after is None else float(error.retry_after)
            self._open(error, min(max(pause, self._first_pause), _LONGEST_PAUSE))
        elif self._failures >= self._most:
            self._open(error, self._first_pause)

    async def close(self) -> None:
        """Stop probing."""
        if self._probing is not None:
            self._probing.cancel()
            await asyncio.wait([self._probing])
            self._probing = None

    def _open(self, reason: UpstreamOutage, pause: float) -> None:
        logger.warning("%s is spared for a while: %s", self._host, reason.message)
        self._reason = reason
        self._until = time.monotonic() + pause
        self._observer.breaker(self._host, is_open=True)
        self._probing = asyncio.get_running_loop().create_task(
            self._probe_on(pause), name=f"probing {self._host}"
        )

    async def _probe_on(self, pause: float) -> None:
        while True:
            await asyncio.sleep(pause)
            try:
                await self._probe()
                break
            except (UpstreamDenied, UpstreamFault, ClientError):
                break  # it answers
            except UpstreamOutage as error:
                self._reason = error
            except Exception:
                logger.exception("probing %s failed", self._host)
            pause = min(2 * pause, _LONGEST_PAUSE)
            self._until = time.monotonic() + pause
        logger.info("%s answers again", self._host)
        self._reason, self._failures = None, 0
        self._observer.breaker(self._host, is_open=False)


class GuardedUpstream:
    """Implements `Upstream` with another one, behind a breaker.

    Args:
        upstream: is asked.
        breaker: of the same.
        offline: it is never asked.
        host: for messages.
    """

    def __init__(
        self, upstream: Upstream, breaker: Breaker, host: str = "", *, offline: bool = False
    ) -> None:
        self._upstream = upstream
        self._breaker = breaker
        self._host = host
        self._offline = offline

    async def manifest(self, name: RepositoryName, reference: Reference) -> RemoteManifest:
        """Fetch a manifest."""
        return await self._ask(lambda: self._upstream.manifest(name, reference))

    async def head_manifest(self, name: RepositoryName, reference: Reference) -> RemoteDescriptor:
        """Ask for a manifest without its payload."""
        return await self._ask(lambda: self._upstream.head_manifest(name, reference))

    @asynccontextmanager
    async def blob(
        self, name: RepositoryName, digest: Digest, start: int = 0
    ) -> AsyncIterator[RemoteBlob]:
        """Open a blob."""
        self._check()
        try:
            async with self._upstream.blob(name, digest, start) as blob:
                self._breaker.succeeded()
                yield blob
        except UpstreamOutage as error:
            self._breaker.failed(error)
            raise

    async def head_blob(self, name: RepositoryName, digest: Digest) -> RemoteDescriptor:
        """Ask for a blob without its bytes."""
        return await self._ask(lambda: self._upstream.head_blob(name, digest))

    async def tags(self, name: RepositoryName, after: str, limit: int) -> tuple[list[str], bool]:
        """List tags behind one, and tell whether there are more."""
        return await self._ask(lambda: self._upstream.tags(name, after, limit))

    async def repositories(self, after: str, limit: int) -> tuple[list[RepositoryName], bool]:
        """List repositories behind one, and tell whether there are more."""
        return await self._ask(lambda: self._upstream.repositories(after, limit))

    async def referrers(
        self, name: RepositoryName, digest: Digest, artifact_type: str = ""
    ) -> RemoteManifest:
        """Fetch the index of what refers to a manifest."""
        return await self._ask(lambda: self._upstream.referrers(name, digest, artifact_type))

    async def ping(self) -> None:
        """Return when it answers; asked though the breaker is open."""
        await self._upstream.ping()

    @property
    def rate_limit(self) -> RateLimit | None:
        """What it said last of its limit."""
        return self._upstream.rate_limit

    async def _ask(self, question: Callable[[], Awaitable[Answer]]) -> Answer:
        self._check()
        try:
            answer = await question()
        except UpstreamOutage as error:
            self._breaker.failed(error)
            raise
        except ClientError:
            self._breaker.succeeded()
            raise
        self._breaker.succeeded()
        return answer

    def _check(self) -> None:
        if self._offline:
            raise UpstreamOutage(f"{self._host} is not asked: its mirror is offline")
        self._breaker.check()
