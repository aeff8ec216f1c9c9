"""What token servers answer, and how long their tokens are good.

Sources: https://distribution.github.io/distribution/spec/auth/token/ and …/oauth/.
"""

import asyncio
import json
import re
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from entrepot.errors import UpstreamFault

MOST_BYTES = 64 * 1024
"""Of a token server's answer."""

_DEFAULT_SECONDS = 60.0
_LONGEST_SECONDS = 12 * 3600.0
# Of the time that a token is good, the last tenth is not used, and at most this much.
_MOST_SLACK_SECONDS = 30.0
_SENDABLE = re.compile(r"[!-~]{1,16384}")
_MOST_TOKENS = 512
_MOST_TOKEN_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True, repr=False)
class Token:
    """A bearer token.

    Attributes:
        text: what is sent.
        seconds: for which it is good, from when it was asked for.
    """

    text: str
    seconds: float


class TokenKey(NamedTuple):
    """What a token is for."""

    realm: str
    service: str
    scopes: tuple[str, ...]


def parse_token(body: bytes, host: str, answered: float | None = None) -> Token:
    """Read the answer of a token server: `token`, or `access_token` of OAuth 2.

    Args:
        body: at most MOST_BYTES.
        host: of the token server, for messages.
        answered: its own time, in seconds since 1970: a token from its cache is older than that.

    Raises:
        UpstreamFault: there is no token in it.
    """
    try:
        document: Any = json.loads(body)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise UpstreamFault(f"the token server {host} did not answer with a JSON object")
    text = document.get("token") or document.get("access_token")
    if not isinstance(text, str) or not _SENDABLE.fullmatch(text):
        raise UpstreamFault(f"the token server {host} gave no token that can be sent")
    seconds = _number(document.get("expires_in"))
    age = _age(document.get("issued_at"), answered)
    return Token(text, min(max(0.0, seconds - age), _LONGEST_SECONDS))


def _number(value: Any) -> float:
    """Read `expires_in`; servers that do not tell it give tokens for a minute."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 1e9:
        return float(value)
    return _DEFAULT_SECONDS


def _age(issued_at: Any, answered: float | None) -> float:
    if answered is None or not isinstance(issued_at, str) or len(issued_at) > 64:
        return 0.0
    try:
        return max(0.0, answered - datetime.fromisoformat(issued_at).timestamp())
    except (ValueError, OverflowError):
        return 0.0


class TokenCache:
    """Keeps tokens until shortly before their end; whoever asks meanwhile waits for the same one.

    Args:
        clock: tells seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._kept: OrderedDict[TokenKey, tuple[float, str]] = OrderedDict()
        self._bytes = 0
        self._fetching: dict[TokenKey, asyncio.Task[str]] = {}

    async def get(self, key: TokenKey, fetch: Callable[[], Awaitable[Token]]) -> str:
        """Give a token that is good, and fetch it where there is none.

        A caller that is cancelled ends nothing: others may wait for the same token.
        """
        kept = self._kept.get(key)
        if kept is not None and self._clock() < kept[0]:
            self._kept.move_to_end(key)
            return kept[1]
        task = self._fetching.get(key)
        if task is None:
            task = asyncio.create_task(self._fetch(key, fetch))
            self._fetching[key] = task
            task.add_done_callback(lambda done: self._fetched(key, done))
        return await asyncio.shield(task)

    def forget(self, key: TokenKey, text: str) -> None:
        """Keep a token no longer, unless it was renewed meanwhile."""
        kept = self._kept.get(key)
        if kept is not None and kept[1] == text:
            self._drop(key)

    async def close(self) -> None:
        """End what is being fetched."""
        tasks = list(self._fetching.values())
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    async def _fetch(self, key: TokenKey, fetch: Callable[[], Awaitable[Token]]) -> str:
        begun = self._clock()
        token = await fetch()
        self._drop(key)
        slack = min(_MOST_SLACK_SECONDS, token.seconds / 10)
        self._kept[key] = (begun + token.seconds - slack, token.text)
        self._bytes += len(token.text)
        while len(self._kept) > _MOST_TOKENS or self._bytes > _MOST_TOKEN_BYTES:
            self._drop(next(iter(self._kept)))
        return token.text

    def _fetched(self, key: TokenKey, task: "asyncio.Task[str]") -> None:
        self._fetching.pop(key, None)
        if not task.cancelled():
            task.exception()  # whoever waits is told

    def _drop(self, key: TokenKey) -> None:
        kept = self._kept.pop(key, None)
        if kept is not None:
            self._bytes -= len(kept[1])
