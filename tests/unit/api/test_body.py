"""Bodies: whole, bounded, and not waited for for ever."""

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.api.body import PACE_BYTES, SmallBodies, declared_length, stream_body
from entrepot.api.request import Request
from entrepot.errors import (
    ClientGone,
    EntrepotError,
    InvalidRequest,
    ManifestTooLarge,
    Overloaded,
    SizeMismatch,
)
from tests.unit.api.asgi import GONE, ScriptedServer, make_request, piece, whole

MIB = 1024 * 1024
LONG = 60.0
SHORT = 0.02


async def read_all(
    server: ScriptedServer, expected: int | None = None, patience: float = LONG
) -> bytes:
    request = make_request(server.receive)
    body = stream_body(request, patience, expected)
    received = b"".join([content async for content in body])
    assert request.record.bytes_in == len(received)
    return received


async def collect(request: Request, patience: float, received: list[bytes]) -> None:
    async for content in stream_body(request, patience):
        received.append(content)  # noqa: PERF401  # what came before an error counts, too


async def read_small(
    bodies: SmallBodies,
    messages: list[dict[str, Any]],
    length: bytes | None = None,
    client: str = "192.0.2.1",
) -> bytes:
    headers = {} if length is None else {b"content-length": length}
    server = ScriptedServer(messages)
    try:
        return await bodies.read(make_request(server.receive, headers, client=client))
    finally:
        await asyncio.sleep(0)
        assert server.open_calls == 0, "a call of a body that is over is taken back"


@given(st.lists(st.binary(max_size=50), min_size=1, max_size=12), st.booleans())
def test_a_body_comes_as_it_was_sent(contents: list[bytes], declared: bool) -> None:
    async def run() -> None:
        server = ScriptedServer(whole(*contents))
        sent = b"".join(contents)
        assert await read_all(server, len(sent) if declared else None) == sent
        assert server.open_calls == 0

    asyncio.run(run())


@given(st.lists(st.binary(max_size=50), min_size=1, max_size=12), st.integers(0, 700))
def test_a_body_of_another_length_than_declared_is_refused(
    contents: list[bytes], declared: int
) -> None:
    async def run() -> None:
        sent = b"".join(contents)
        server = ScriptedServer(whole(*contents))
        if declared == len(sent):
            assert await read_all(server, declared) == sent
        else:
            with pytest.raises(SizeMismatch):
                await read_all(server, declared)

    asyncio.run(run())


def test_a_body_that_is_declared_to_be_empty_is_not_waited_for() -> None:
    async def run() -> None:
        server = ScriptedServer([])
        request = make_request(server.receive, {b"content-length": b"0"})
        assert [content async for content in stream_body(request, LONG, 0)] == []
        assert server.calls == []

    asyncio.run(run())


def test_a_body_that_is_too_long_is_not_read_to_its_end() -> None:
    async def run() -> None:
        server = ScriptedServer([piece(bytes(10))] * 100)
        with pytest.raises(SizeMismatch):
            await read_all(server, 25)
        assert len(server.calls) == 3

    asyncio.run(run())


@pytest.mark.parametrize("count", [0, 1, 5])
def test_a_client_that_goes_away_is_told_from_the_end_of_a_body(count: int) -> None:
    async def run() -> None:
        server = ScriptedServer([*[piece(bytes(10))] * count, GONE])
        request = make_request(server.receive)
        received: list[bytes] = []
        with pytest.raises(ClientGone) as gone:
            await collect(request, LONG, received)
        assert received == [bytes(10)] * count
        assert gone.value.detail == {"received": 10 * count}
        assert request.record.aborted
        await asyncio.sleep(0)
        assert server.open_calls == 0

    asyncio.run(run())


@pytest.mark.parametrize("count", [0, 1, 5])
def test_a_silent_client_is_given_up(count: int) -> None:
    async def run() -> None:
        server = ScriptedServer([piece(bytes(10))] * count)
        request = make_request(server.receive)
        with pytest.raises(ClientGone, match=r"less than 16 KiB arrived in 0\.02 s"):
            await collect(request, SHORT, [])
        assert request.record.aborted
        await asyncio.sleep(0)
        assert server.open_calls == 0

    asyncio.run(run())


def slow_body(left: list[dict[str, Any]]) -> Request:
    async def receive() -> dict[str, Any]:
        await asyncio.sleep(0.4)
        return left.pop(0)

    return make_request(receive)


def test_a_client_that_is_slow_but_not_silent_is_waited_for() -> None:
    async def run() -> None:
        part = bytes(PACE_BYTES)
        request = slow_body(whole(*[part] * 8))
        body = stream_body(request, 3.0)  # less than the whole body takes
        assert b"".join([content async for content in body]) == part * 8

    asyncio.run(run())


def test_a_body_that_comes_in_drips_is_given_up() -> None:
    """One byte now and then would hold a connection, and an upload's claim, for ever."""

    async def run() -> None:
        request = slow_body(whole(*[b"x"] * 100))
        with pytest.raises(ClientGone, match="less than 16 KiB arrived in 1 s"):
            await collect(request, 1.0, [])
        assert request.record.bytes_in < 10

    asyncio.run(run())


def test_the_time_that_a_client_was_kept_waiting_is_not_its_own() -> None:
    async def run() -> None:
        server = ScriptedServer(whole(*[b"x"] * 4))
        async for _ in stream_body(make_request(server.receive), 1.0):
            await asyncio.sleep(0.5)  # as a slow disk takes

    asyncio.run(run())


def test_a_whole_small_body_has_no_more_time_than_a_silence() -> None:
    async def run() -> None:
        request = slow_body(whole(*[bytes(PACE_BYTES)] * 100))
        with pytest.raises(ClientGone, match="did not arrive within 1 s"):
            await SmallBodies(4 * MIB, 1.0).read(request)

    asyncio.run(run())

    asyncio.run(run())


@pytest.mark.parametrize(
    ("headers", "length"),
    [
        ({}, None),
        ({b"content-length": b"0"}, 0),
        ({b"content-length": b"007"}, 7),
        ({b"content-length": b"999999999999999999"}, 10**18 - 1),
        # Chunked wins (RFC 9112 section 6.3).
        ({b"content-length": b"5", b"transfer-encoding": b"chunked"}, None),
    ],
)
def test_the_length_that_is_declared(headers: dict[bytes, bytes], length: int | None) -> None:
    assert declared_length(make_request(ScriptedServer([]).receive, headers)) == length


@given(st.binary(max_size=30))
def test_a_length_is_a_number_or_refused(value: bytes) -> None:
    request = make_request(ScriptedServer([]).receive, {b"content-length": value})
    try:
        length = declared_length(request)
    except InvalidRequest:
        return
    assert length == int(value.decode("ascii"))
    assert value.isdigit()


@pytest.mark.parametrize("value", [b"", b"-1", b"+1", b"1e3", b"0x10", b"1, 1", b"\xb2", b"1" * 19])
def test_a_length_that_is_no_number_is_refused(value: bytes) -> None:
    request = make_request(ScriptedServer([]).receive, {b"content-length": value})
    with pytest.raises(InvalidRequest):
        declared_length(request)


@given(st.lists(st.binary(max_size=30), min_size=1, max_size=10), st.integers(0, 200))
def test_a_small_body_is_whole_or_over_the_limit(contents: list[bytes], limit: int) -> None:
    async def run() -> None:
        sent = b"".join(contents)
        bodies = SmallBodies(limit, LONG)
        for length in (None, b"%d" % len(sent)):
            if len(sent) <= limit:
                assert await read_small(bodies, whole(*contents), length) == sent
            else:
                with pytest.raises(ManifestTooLarge):
                    await read_small(bodies, whole(*contents), length)

    asyncio.run(run())


def test_what_is_declared_too_large_is_not_read_at_all() -> None:
    async def run() -> None:
        server = ScriptedServer([])
        request = make_request(server.receive, {b"content-length": b"101"})
        with pytest.raises(ManifestTooLarge):
            await SmallBodies(100, LONG).read(request)
        assert server.calls == []

    asyncio.run(run())


async def stalled(bodies: SmallBodies, clients: list[str]) -> list[asyncio.Task[bytes]]:
    """Begin bodies of 4 MiB that do not end; gives those that are still being read."""
    megabyte = bytes(MIB)  # one object for all, so that the test is small
    servers = [ScriptedServer([piece(megabyte)] * 4) for _ in clients]
    reading = [
        asyncio.create_task(bodies.read(make_request(server.receive, client=client)))
        for server, client in zip(servers, clients, strict=True)
    ]
    for _ in range(40):  # turns of the loop: each brings one of the four pieces at least
        await asyncio.sleep(0)
    return [task for task in reading if not task.done() or task.exception() is None]


def test_one_client_does_not_take_the_room_of_the_others() -> None:
    async def run() -> None:
        bodies = SmallBodies(4 * MIB, LONG)
        held = await stalled(bodies, ["192.0.2.1"] * 50)
        assert len(held) == 4
        with pytest.raises(Overloaded, match="you are pushing too many"):
            await read_small(bodies, whole(b"x"), client="192.0.2.1")
        large = whole(*[bytes(MIB)] * 4)
        assert len(await read_small(bodies, large, client="192.0.2.2")) == 4 * MIB
        for task in held:
            task.cancel()
        await asyncio.wait(held)
        assert await read_small(bodies, whole(b"x"), client="192.0.2.1") == b"x"

    asyncio.run(run())


def test_small_bodies_together_are_bounded_and_make_room_again() -> None:
    async def run() -> None:
        bodies = SmallBodies(4 * MIB, LONG)
        held = await stalled(bodies, [f"192.0.2.{number // 4}" for number in range(40)])
        assert len(held) == 16
        large = bytes(100_000)
        with pytest.raises(Overloaded, match="too many manifests"):
            await read_small(bodies, whole(large), client="192.0.2.99")
        # Most manifests are small, and find room beside them.
        assert await read_small(bodies, whole(b"x"), client="192.0.2.99") == b"x"
        held[0].cancel()
        await asyncio.wait(held[:1])
        assert await read_small(bodies, whole(large), client="192.0.2.99") == large
        for task in held:
            task.cancel()
        await asyncio.wait(held)

    asyncio.run(run())


def test_a_failed_body_gives_its_room_back() -> None:
    megabyte = bytes(MIB)
    failing: list[tuple[list[dict[str, Any]], bytes | None]] = [
        ([piece(megabyte), GONE], None),
        ([piece(megabyte)] * 5, None),
        (whole(megabyte), b"%d" % (2 * MIB)),
        (whole(megabyte, megabyte), b"%d" % MIB),
        ([piece(megabyte)], None),
    ]

    async def run() -> None:
        bodies = SmallBodies(4 * MIB, SHORT)
        for _ in range(20):
            for messages, length in failing:
                with pytest.raises(EntrepotError) as refused:
                    await read_small(bodies, messages, length)
                assert not isinstance(refused.value, Overloaded)
        assert await read_small(bodies, whole(megabyte)) == megabyte

    asyncio.run(run())
