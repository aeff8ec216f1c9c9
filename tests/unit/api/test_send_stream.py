"""Long bodies: sent whole, and no longer than somebody reads them."""

import asyncio
from collections.abc import AsyncIterator, MutableMapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.api.response import send_stream
from entrepot.errors import ClientGone, DamagedBlob
from tests.unit.api.asgi import GONE, ScriptedServer, piece

PIECE = bytes(100)


class CountingStream:
    """A body that counts what is read of it.

    Args:
        contents: its pieces.
        error: raised behind them.
    """

    def __init__(self, contents: list[bytes], error: Exception | None = None) -> None:
        self._contents = contents
        self._error = error
        self.read = 0
        self.is_let_go = False

    async def pieces(self) -> AsyncIterator[bytes]:
        try:
            for content in self._contents:
                self.read += 1
                yield content
                await asyncio.sleep(0)
            if self._error is not None:
                raise self._error
        finally:
            self.is_let_go = True

    def close(self) -> None:
        """Nothing is held."""


class Reader:
    """The far end: takes messages, and goes away after some of them without a word."""

    def __init__(self, patience: int | None = None) -> None:
        self.taken: list[MutableMapping[str, Any]] = []
        self.gone = asyncio.Event()
        self._patience = patience

    async def receive(self) -> dict[str, Any]:
        await self.gone.wait()
        return GONE

    async def send(self, message: MutableMapping[str, Any]) -> None:
        # Whether anybody is there or not, this returns at once and raises nothing.
        self.taken.append(message)
        if self._patience is not None and len(self.taken) >= self._patience:
            self.gone.set()

    @property
    def body(self) -> bytes:
        return b"".join(message["body"] for message in self.taken)


@given(st.lists(st.binary(min_size=1, max_size=50), max_size=12))
def test_a_body_is_sent_whole_and_ended_once(contents: list[bytes]) -> None:
    async def run() -> None:
        reader, stream = Reader(), CountingStream(contents)
        sent = await send_stream(reader.receive, reader.send, stream)
        assert reader.body == b"".join(contents)
        assert sent == len(reader.body)
        assert [message["more_body"] for message in reader.taken] == [True] * len(contents) + [
            False
        ]
        assert stream.is_let_go

    asyncio.run(run())


@given(st.integers(1, 30))
def test_a_reader_that_goes_away_stops_the_reading_after_at_most_one_more_piece(
    patience: int,
) -> None:
    async def run() -> None:
        reader, stream = Reader(patience), CountingStream([PIECE] * 1000)
        with pytest.raises(ClientGone) as gone:
            await send_stream(reader.receive, reader.send, stream)
        assert stream.is_let_go
        assert stream.read <= patience + 1
        assert len(reader.taken) == patience
        assert gone.value.detail == {"sent": len(reader.body)}

    asyncio.run(run())


def test_a_reader_that_was_gone_before_the_first_piece_costs_one() -> None:
    async def run() -> None:
        reader, stream = Reader(), CountingStream([PIECE] * 1000)
        reader.gone.set()
        with pytest.raises(ClientGone):
            await send_stream(reader.receive, reader.send, stream)
        assert stream.read <= 2
        assert stream.is_let_go

    asyncio.run(run())


def test_a_reader_that_still_sends_a_body_has_not_gone() -> None:
    async def run() -> None:
        server = ScriptedServer([piece(b"x"), piece(b"", more=False)])
        reader, stream = Reader(), CountingStream([PIECE] * 10)
        assert await send_stream(server.receive, reader.send, stream) == 1000
        await asyncio.sleep(0)
        assert server.open_calls == 0, "the watch over the connection ends with the answer"

    asyncio.run(run())


def test_a_failing_storage_is_told_and_the_body_is_not_ended() -> None:
    async def run() -> None:
        reader, stream = Reader(), CountingStream([PIECE] * 3, DamagedBlob("too short"))
        with pytest.raises(DamagedBlob):
            await send_stream(reader.receive, reader.send, stream)
        assert all(message["more_body"] for message in reader.taken)
        assert stream.is_let_go

    asyncio.run(run())


def test_an_answer_that_is_cancelled_lets_go_of_the_storage() -> None:
    async def run() -> None:
        reader, stream = Reader(), CountingStream([PIECE] * 1000)
        stuck = asyncio.Event()

        async def send(message: MutableMapping[str, Any]) -> None:
            stuck.set()
            await asyncio.Event().wait()  # back-pressure of a reader that takes nothing

        sending = asyncio.create_task(send_stream(reader.receive, send, stream))
        await stuck.wait()
        sending.cancel()
        await asyncio.wait([sending])
        assert sending.cancelled()
        assert stream.is_let_go
        assert stream.read == 1

    asyncio.run(run())
