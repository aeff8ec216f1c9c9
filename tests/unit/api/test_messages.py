"""The messages of a body: their order, how many are asked for at once, what becomes of the rest."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.api.messages import Messages
from tests.unit.api.asgi import GONE, ScriptedServer, piece, whole
from tests.waiting import PATIENCE

KIB = 1024


@given(st.lists(st.integers(0, 600 * KIB), max_size=20), st.integers(1, 16))
def test_messages_come_in_their_order_however_many_are_asked_for(
    sizes: list[int], ahead: int
) -> None:
    sent = whole(*(bytes(size) for size in sizes)) or [piece(b"", more=False)]

    async def run() -> None:
        server = ScriptedServer(sent)
        with Messages(server.receive, ahead) as messages:
            for message in sent:
                async with asyncio.timeout(PATIENCE):
                    assert await messages.next() is message
                assert server.open_calls <= ahead
        assert server.open_calls == 0

    asyncio.run(run())


@pytest.mark.parametrize(
    ("size", "ahead", "calls"),
    [
        (32 * KIB, 8, 8),  # docker's chunks
        (128 * KIB, 8, 4),
        (512 * KIB, 8, 1),
        (4096 * KIB, 8, 1),
        (1, 8, 8),
        (32 * KIB, 1, 1),
    ],
)
def test_small_pieces_are_asked_for_together_and_large_ones_alone(
    size: int, ahead: int, calls: int
) -> None:
    async def run() -> None:
        server = ScriptedServer([piece(bytes(size))] * 5)
        with Messages(server.receive, ahead) as messages:
            await messages.next()
            assert len(server.calls) == 1, "nothing is known before the first message"
            await messages.next()
            assert len(server.calls) == 1 + min(2, calls), "most bodies are over soon"
            for _ in range(3):
                await messages.next()
            assert len(server.calls) == 4 + calls

    asyncio.run(run())


def test_an_empty_piece_ends_asking_ahead() -> None:
    async def run() -> None:
        server = ScriptedServer([piece(b"small"), piece(b""), GONE])
        with Messages(server.receive, 4) as messages:
            for _ in range(3):
                await messages.next()
            assert len(server.calls) == 1 + 2

    asyncio.run(run())


def test_calls_that_nobody_waits_for_are_taken_back() -> None:
    async def run() -> None:
        server = ScriptedServer([piece(b"small")])
        with Messages(server.receive, 4, first=2) as messages:
            await messages.next()
            waiting = asyncio.ensure_future(messages.next())
            await asyncio.sleep(0)
            assert server.open_calls == 4
            waiting.cancel()
            await asyncio.wait([waiting])
            assert server.open_calls == 3
        assert server.open_calls == 0
        assert all(call.cancelled() for call in server.calls[1:])

    asyncio.run(run())


@pytest.mark.parametrize(("ahead", "calls"), [(1, 1), (2, 2), (16, 2)])
def test_the_end_of_a_body_is_asked_for_with_its_beginning(ahead: int, calls: int) -> None:
    async def run() -> None:
        server = ScriptedServer(whole(b"all of it"))
        with Messages(server.receive, ahead, first=2) as messages:
            await messages.next()
            assert len(server.calls) == calls

    asyncio.run(run())


def test_a_server_whose_calls_are_coroutines_is_asked_one_at_a_time() -> None:
    sent = whole(b"one", b"two", b"three")

    async def run() -> None:
        left = list(sent)

        async def receive() -> dict[str, object]:
            return left.pop(0)

        with Messages(receive, 1) as messages:
            assert [await messages.next() for _ in sent] == sent

    asyncio.run(run())
