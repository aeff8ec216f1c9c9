"""What the parts of an upload leave in its file, on its way to the disk and in the page cache."""

import asyncio
import ctypes
import errno
import hashlib
import os
import random
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from entrepot.drivers.filesystem import upload_file
from entrepot.drivers.filesystem.hashing import restore
from entrepot.drivers.filesystem.share import Share
from entrepot.drivers.filesystem.storage import FilesystemStorage, prepare
from entrepot.drivers.filesystem.upload import SMALL_BYTES, FileUploadPart
from entrepot.drivers.filesystem.upload_file import UploadFile
from entrepot.drivers.threads import Threads
from entrepot.oci.digest import Digest
from entrepot.ports.blobs import UploadState
from tests.contract.uploading import CLAIM, MIB, committed, send

NOISE = random.Random(7).randbytes(MIB)
BATCH = 8 * 1024


@pytest.fixture
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("uploads")


def test_a_failed_write_leaves_the_file_as_it_was(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = UploadFile(folder / "u", 0, CLAIM)
    file.write([NOISE[:5000]], 5000)
    write = os.pwritev

    def fill_up(number: int, views: list[memoryview], offset: int) -> int:
        if offset > 5000:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(number, [views[0][:1000]], offset)

    monkeypatch.setattr(os, "pwritev", fill_up)
    with pytest.raises(OSError, match="No space"):
        file.write([NOISE[:3000]], 3000)
    file.close()
    assert (folder / "u").read_bytes() == NOISE[:5000]


def test_what_a_batch_has_written_is_sent_to_the_disk_at_once(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = ctypes.CDLL(None, use_errno=True).sync_file_range
    real.argtypes = [ctypes.c_int, ctypes.c_int64, ctypes.c_int64, ctypes.c_uint]
    sent: list[tuple[int, int]] = []

    def watched(file: int, offset: int, size: int, flags: int) -> None:
        assert real(file, offset, size, flags) == 0, os.strerror(ctypes.get_errno())
        sent.append((offset, size))

    monkeypatch.setattr(upload_file, "_sync_file_range", watched)

    async def upload() -> None:
        state = UploadState("u", "sha256", 0, b"")
        with closing(Threads(1, "upload")) as threads:
            for sizes in ((MIB, MIB, 100_000), (SMALL_BYTES,)):
                async with FileUploadPart(folder / "u", state, CLAIM, threads, Share()) as part:
                    for size in sizes:
                        await part.write(NOISE[:size])
                    state = await part.flush()

    asyncio.run(upload())
    assert sent == [(0, MIB), (MIB, MIB), (2 * MIB, 100_000)]


def test_what_was_pushed_is_pulled_from_memory(tmp_path: Path) -> None:
    async def push_and_pull() -> bytes | None:
        storage = FilesystemStorage(tmp_path)
        state = await send(storage, await storage.begin("u", "sha256"), *[NOISE] * 8)
        location = await committed(storage, state, Digest.of(NOISE * 8))
        content = await storage.open(location, 8 * MIB)
        try:
            return content.read_now(0, 8 * MIB)
        finally:
            content.close()
            storage.close()

    prepare(tmp_path)
    assert asyncio.run(push_and_pull()) == NOISE * 8


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(parts=st.lists(st.lists(st.integers(0, 3 * BATCH), max_size=6), min_size=1, max_size=4))
def test_any_sequence_of_parts_and_pieces_gives_the_same_bytes(
    folder: Path, parts: list[list[int]]
) -> None:
    path = folder / "any"
    expected = b""

    async def upload() -> UploadState:
        nonlocal expected
        state = UploadState("any", "sha256", 0, b"")
        share = Share(largest=BATCH)
        with closing(Threads(1, "upload")) as threads:
            for sizes in parts:
                async with FileUploadPart(path, state, CLAIM, threads, share) as part:
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
