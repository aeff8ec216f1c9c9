"""Large uploads go past the page cache, and nobody can tell from the bytes."""

import asyncio
import errno
import os
import random
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from entrepot.drivers.filesystem import upload_file
from entrepot.drivers.filesystem.share import Share
from entrepot.drivers.filesystem.upload import FileUploadPart
from entrepot.drivers.filesystem.upload_file import BLOCK_BYTES, DirectBuffers, UploadFile
from entrepot.drivers.threads import Threads
from entrepot.ports.blobs import UploadState

NOISE = random.Random(7).randbytes(1 << 20)


@pytest.fixture
def early(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files are written directly nearly from their beginning."""
    monkeypatch.setattr(upload_file, "DIRECT_FROM_BYTES", BLOCK_BYTES)
    monkeypatch.setattr(upload_file, "BUFFER_BYTES", 4 * BLOCK_BYTES)


@pytest.fixture
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("uploads")


def direct_writes(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    sizes: list[int] = []
    write = os.pwrite

    def watched(file: int, content: memoryview, offset: int) -> int:
        sizes.append(len(content))
        return write(file, content, offset)

    monkeypatch.setattr(os, "pwrite", watched)
    return sizes


@pytest.mark.usefixtures("early")
def test_whole_blocks_behind_the_beginning_are_written_directly(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = direct_writes(monkeypatch)
    file = UploadFile(folder / "u", 0, DirectBuffers())
    file.write([NOISE[:BLOCK_BYTES]], BLOCK_BYTES)
    assert sizes == []
    file.write([NOISE[:5], NOISE[5 : 6 * BLOCK_BYTES]], 6 * BLOCK_BYTES)
    assert sizes == [4 * BLOCK_BYTES, 2 * BLOCK_BYTES]
    file.write([b"end"], 3)
    file.close()
    assert (folder / "u").read_bytes() == NOISE[:BLOCK_BYTES] + NOISE[: 6 * BLOCK_BYTES] + b"end"


@pytest.mark.usefixtures("early")
@pytest.mark.parametrize("trouble", ["refused", "short"])
def test_a_file_system_that_cannot_write_directly_is_written_as_usual(
    folder: Path, monkeypatch: pytest.MonkeyPatch, trouble: str
) -> None:
    def pwrite(file: int, content: memoryview, offset: int) -> int:
        if trouble == "refused":
            raise OSError(errno.EINVAL, "Invalid argument")
        return BLOCK_BYTES

    monkeypatch.setattr(os, "pwrite", pwrite)
    buffers = DirectBuffers()
    file = UploadFile(folder / "u", 0, buffers)
    for start in (0, 1, 3):
        file.write([NOISE[start * BLOCK_BYTES : (start + 2) * BLOCK_BYTES]], 2 * BLOCK_BYTES)
    file.close()
    assert (folder / "u").read_bytes() == b"".join(
        NOISE[start * BLOCK_BYTES : (start + 2) * BLOCK_BYTES] for start in (0, 1, 3)
    )
    assert buffers.usable is (trouble == "short")


@pytest.mark.usefixtures("early")
def test_a_failed_write_leaves_the_file_as_it_was(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = UploadFile(folder / "u", 0, DirectBuffers())
    file.write([NOISE[: 2 * BLOCK_BYTES]], 2 * BLOCK_BYTES)

    def full(*arguments: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "pwrite", full)
    with pytest.raises(OSError, match="No space"):
        file.write([NOISE[: 4 * BLOCK_BYTES]], 4 * BLOCK_BYTES)
    file.close()
    assert (folder / "u").read_bytes() == NOISE[: 2 * BLOCK_BYTES]


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    max_examples=60,
)
@given(
    parts=st.lists(st.lists(st.integers(0, 9 * BLOCK_BYTES), max_size=6), min_size=1, max_size=4)
)
@pytest.mark.usefixtures("early")
def test_any_sequence_of_parts_and_pieces_gives_the_same_bytes(
    folder: Path, parts: list[list[int]]
) -> None:
    path = folder / "any"
    expected = b""

    async def upload() -> UploadState:
        nonlocal expected
        state = UploadState("any", "sha256", 0, b"")
        share = Share(largest=3 * BLOCK_BYTES)
        buffers = DirectBuffers(1)
        with closing(Threads(1, "upload")) as threads:
            for sizes in parts:
                async with FileUploadPart(path, state, threads, share, buffers) as part:
                    for size in sizes:
                        content = NOISE[len(expected) % 997 :][:size]
                        expected += content
                        await part.write(content)
                    state = await part.flush()
        return state

    path.unlink(missing_ok=True)
    state = asyncio.run(upload())
    assert state.received == len(expected)
    if expected:
        assert path.read_bytes() == expected
