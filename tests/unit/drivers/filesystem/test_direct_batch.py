"""A batch passes through a few buffers: in order, whole, and waited for whatever happens."""

import errno
import os

import pytest

from entrepot.drivers.filesystem.direct_batch import DirectBatch
from entrepot.drivers.filesystem.direct_buffer import DirectBuffer

SIZE = 8


class SlowBuffer(DirectBuffer):
    """Writes into a list when it is waited for, as late as the kernel may."""

    def __init__(self, written: list[tuple[int, bytes]], trouble: OSError | None = None) -> None:
        super().__init__(None)
        self.view = self.view[:SIZE]
        self.written = written
        self.trouble = trouble
        self.waiting: tuple[int, int] | None = None

    def start(self, file: int, size: int, offset: int) -> None:
        assert self.waiting is None, "it is still being written"
        self.waiting = (offset, size)

    def finish(self) -> bool:
        assert self.waiting is not None
        offset, size = self.waiting
        self.waiting = None
        if self.trouble is not None:
            raise self.trouble
        self.written.append((offset, bytes(self.view[:size])))
        return True


@pytest.mark.parametrize("buffers", [1, 2, 3])
def test_bytes_are_written_in_order_however_they_come(buffers: int) -> None:
    written: list[tuple[int, bytes]] = []
    content = os.urandom(61)
    with DirectBatch(-1, 100, [SlowBuffer(written) for _ in range(buffers)]) as batch:
        for start, end in ((0, 3), (3, 3), (3, 30), (30, 61)):
            batch.add(content[start:end])
        batch.push()
        batch.push()  # nothing is left
        assert batch.finish()
    assert [offset for offset, _ in written] == [*range(100, 161, SIZE)]
    assert b"".join(piece for _, piece in written) == content


def test_as_many_writes_are_under_way_as_there_are_buffers() -> None:
    written: list[tuple[int, bytes]] = []
    with DirectBatch(-1, 0, [SlowBuffer(written) for _ in range(3)]) as batch:
        batch.add(bytes(3 * SIZE))
        assert written == []
        batch.add(b"next")
        assert len(written) == 1
        batch.finish()


def test_a_failed_write_is_told_of_and_the_others_are_waited_for() -> None:
    written: list[tuple[int, bytes]] = []
    full = OSError(errno.ENOSPC, "No space left on device")
    buffers = [SlowBuffer(written, full), SlowBuffer(written), SlowBuffer(written, full)]

    def write() -> None:
        with DirectBatch(-1, 0, [*buffers]) as batch:
            batch.add(bytes(3 * SIZE))
            batch.finish()

    with pytest.raises(OSError, match="No space"):
        write()
    assert [buffer.waiting for buffer in buffers] == [None] * 3
    assert [offset for offset, _ in written] == [SIZE]
