"""Large uploads go past the page cache, and nobody can tell from the bytes."""

import asyncio
import errno
import hashlib
import random
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from entrepot.drivers.filesystem import direct_buffer, upload_file
from entrepot.drivers.filesystem.direct_buffer import DirectBuffer, DirectBuffers
from entrepot.drivers.filesystem.hashing import new_hasher, restore
from entrepot.drivers.filesystem.share import Share
from entrepot.drivers.filesystem.upload import FileUploadPart
from entrepot.drivers.filesystem.upload_file import BLOCK_BYTES, UploadFile
from entrepot.drivers.threads import Threads
from entrepot.ports.blobs import UploadState

NOISE = random.Random(7).randbytes(1 << 20)


def no_kernel_writes() -> None:
    raise OSError(errno.ENOSYS, "Function not implemented")


@pytest.fixture(params=["beside", "waited for"])
def early(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files are written directly nearly from their beginning, by the kernel or by the thread."""
    monkeypatch.setattr(upload_file, "LARGE_BYTES", 2 * BLOCK_BYTES)
    for module in (upload_file, direct_buffer):
        monkeypatch.setattr(module, "BUFFER_BYTES", 4 * BLOCK_BYTES)
    if request.param == "waited for":
        monkeypatch.setattr(direct_buffer, "KernelWrite", no_kernel_writes)


@pytest.fixture
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("uploads")


def watch_writes(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    sizes: list[int] = []
    start = DirectBuffer.start

    def watched(self: DirectBuffer, file: int, size: int, offset: int) -> None:
        sizes.append(size)
        start(self, file, size, offset)

    monkeypatch.setattr(DirectBuffer, "start", watched)
    return sizes


@pytest.mark.usefixtures("early")
def test_whole_blocks_of_a_large_file_are_written_directly(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = watch_writes(monkeypatch)
    file = UploadFile(folder / "u", 0, DirectBuffers())
    file.write([NOISE[:BLOCK_BYTES]], BLOCK_BYTES)
    assert sizes == []
    file.write([NOISE[:5], NOISE[5 : 6 * BLOCK_BYTES]], 6 * BLOCK_BYTES)
    assert sizes == [4 * BLOCK_BYTES, 2 * BLOCK_BYTES]
    file.write([b"end"], 3)
    file.close()
    assert len(sizes) == 2
    assert (folder / "u").read_bytes() == NOISE[:BLOCK_BYTES] + NOISE[: 6 * BLOCK_BYTES] + b"end"


@pytest.mark.usefixtures("early")
@pytest.mark.parametrize("trouble", ["refused", "refused late", "short"])
def test_a_file_system_that_cannot_write_directly_is_written_as_usual(
    folder: Path, monkeypatch: pytest.MonkeyPatch, trouble: str
) -> None:
    def refuse(*arguments: object) -> bool:
        raise OSError(errno.EINVAL, "Invalid argument")

    finish = DirectBuffer.finish

    def fall_short(self: DirectBuffer) -> bool:
        finish(self)
        return False

    troubles = {"refused": ("start", refuse), "refused late": ("finish", refuse)}
    monkeypatch.setattr(DirectBuffer, *troubles.get(trouble, ("finish", fall_short)))
    buffers, hasher = DirectBuffers(), new_hasher("sha256")
    file = UploadFile(folder / "u", 0, buffers)
    expected = b""
    for start in (0, 1, 3):
        pieces = [NOISE[start * BLOCK_BYTES :][:size] for size in (5 * BLOCK_BYTES, BLOCK_BYTES)]
        file.write(pieces, 6 * BLOCK_BYTES, hasher)
        expected += b"".join(pieces)
    file.close()
    assert (folder / "u").read_bytes() == expected
    assert hasher.finalize() == hashlib.sha256(expected).hexdigest()
    assert buffers.usable is (trouble == "short")


@pytest.mark.usefixtures("early")
@pytest.mark.parametrize("moment", ["start", "finish"])
def test_a_failed_write_leaves_the_file_as_it_was(
    folder: Path, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    file = UploadFile(folder / "u", 0, DirectBuffers())
    file.write([NOISE[: 2 * BLOCK_BYTES]], 2 * BLOCK_BYTES)

    def full(*arguments: object) -> bool:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(DirectBuffer, moment, full)
    with pytest.raises(OSError, match="No space"):
        file.write([NOISE[: 4 * BLOCK_BYTES]], 4 * BLOCK_BYTES)
    file.close()
    assert (folder / "u").read_bytes() == NOISE[: 2 * BLOCK_BYTES]


@pytest.mark.usefixtures("early")
def test_what_finds_no_buffer_is_written_as_usual(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = watch_writes(monkeypatch)
    buffers = DirectBuffers(1)
    taken = buffers.take(3)
    assert len(taken) == 1
    file = UploadFile(folder / "u", 0, buffers)
    file.write([NOISE[: 8 * BLOCK_BYTES]], 8 * BLOCK_BYTES)
    assert sizes == []
    buffers.give_back(taken)
    file.write([NOISE[: 8 * BLOCK_BYTES]], 8 * BLOCK_BYTES)
    assert sizes == [4 * BLOCK_BYTES] * 2
    file.close()
    assert (folder / "u").read_bytes() == 2 * NOISE[: 8 * BLOCK_BYTES]


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
        buffers = DirectBuffers(2)
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
    hasher = restore("sha256", state.progress) if expected else None
    assert hasher is None or hasher.finalize() == hashlib.sha256(expected).hexdigest()
    if expected:
        assert path.read_bytes() == expected
