"""Tokens: how they are read, and for how long they are used."""

import asyncio
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.drivers.remote.tokens import Token, TokenCache, TokenKey, parse_token
from entrepot.errors import UpstreamFault, UpstreamOutage

pytestmark = pytest.mark.anyio

KEY = TokenKey("https://auth.test/token", "registry.test", ("repository:a:pull",))
ISSUED = "2026-12-01T04:00:00Z"
SECONDS = 1_796_097_600.0


@pytest.mark.parametrize(
    ("answer", "token"),
    [
        ({"token": "a"}, Token("a", 60)),
        ({"access_token": "a"}, Token("a", 60)),
        ({"token": "a", "access_token": "b", "expires_in": 300}, Token("a", 300)),
        ({"token": "a", "expires_in": 300, "issued_at": ISSUED}, Token("a", 260)),
        ({"token": "a", "expires_in": 20, "issued_at": ISSUED}, Token("a", 0)),
        ({"token": "a", "issued_at": "yesterday"}, Token("a", 60)),
        ({"token": "a", "expires_in": 10**8}, Token("a", 12 * 3600)),
        ({"token": "a", "expires_in": -5}, Token("a", 60)),
        ({"token": "a", "expires_in": "300"}, Token("a", 60)),
        ({"token": "a", "expires_in": True}, Token("a", 60)),
    ],
)
def test_a_token_is_good_as_long_as_its_server_says(
    answer: dict[str, object], token: Token
) -> None:
    body = json.dumps(answer).encode()
    assert parse_token(body, "auth.test", answered=SECONDS + 40) == token


@given(st.binary(max_size=200) | st.text().map(lambda text: json.dumps({"token": text}).encode()))
def test_whatever_is_taken_as_a_token_can_be_sent(body: bytes) -> None:
    try:
        token = parse_token(body, "auth.test")
    except UpstreamFault:
        return
    assert token.text.isascii()
    assert token.text.isprintable()
    assert " " not in token.text


class Server:
    """Gives tokens with numbers."""

    def __init__(self, seconds: float = 100.0) -> None:
        self.seconds = seconds
        self.given = 0
        self.go = asyncio.Event()
        self.go.set()
        self.error: Exception | None = None

    async def fetch(self) -> Token:
        self.given += 1
        number = self.given
        await self.go.wait()
        if self.error is not None:
            raise self.error
        return Token(f"token-{number}", self.seconds)


async def test_a_token_is_renewed_shortly_before_its_end() -> None:
    now = [1000.0]
    cache, server = TokenCache(lambda: now[0]), Server(100.0)
    assert await cache.get(KEY, server.fetch) == "token-1"
    now[0] += 89
    assert await cache.get(KEY, server.fetch) == "token-1"
    now[0] += 2
    assert await cache.get(KEY, server.fetch) == "token-2"


async def test_all_who_need_a_token_wait_for_one() -> None:
    cache, server = TokenCache(), Server()
    server.go.clear()
    asking = [asyncio.create_task(cache.get(KEY, server.fetch)) for _ in range(8)]
    await asyncio.sleep(0)
    asking[0].cancel()  # whoever was first may leave
    server.go.set()
    outcomes = await asyncio.gather(*asking, return_exceptions=True)
    assert outcomes[1:] == ["token-1"] * 7
    assert server.given == 1


async def test_a_failure_is_told_to_all_and_not_kept() -> None:
    cache, server = TokenCache(), Server()
    server.error = UpstreamOutage("no token server")
    both = (cache.get(KEY, server.fetch), cache.get(KEY, server.fetch))
    outcomes = await asyncio.gather(*both, return_exceptions=True)
    assert list(outcomes) == [server.error] * 2
    server.error = None
    assert await cache.get(KEY, server.fetch) == "token-2"


async def test_only_the_token_that_was_refused_is_forgotten() -> None:
    cache, server = TokenCache(), Server()
    await cache.get(KEY, server.fetch)
    cache.forget(KEY, "another")
    assert await cache.get(KEY, server.fetch) == "token-1"
    cache.forget(KEY, "token-1")
    assert await cache.get(KEY, server.fetch) == "token-2"


async def test_tokens_are_bounded() -> None:
    cache, server = TokenCache(), Server()
    for number in range(600):
        await cache.get(KEY._replace(service=str(number)), server.fetch)
    await cache.get(KEY._replace(service="599"), server.fetch)
    assert server.given == 600
    await cache.get(KEY._replace(service="0"), server.fetch)
    assert server.given == 601
    await cache.close()
