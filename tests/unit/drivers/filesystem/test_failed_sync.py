import asyncio
import errno
import os
from pathlib import Path

import pytest

from entrepot.drivers.filesystem.layout import Layout
from entrepot.drivers.filesystem.storage import FilesystemStorage, prepare
from entrepot.errors import StorageOutage, UnknownUpload
from entrepot.oci.digest import Digest
from tests.contract.uploading import CLAIM, committed

CONTENT = b"x" * 100_000


def test_bytes_that_could_not_be_synced_are_never_committed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Linux tells of a failed write-back once: a second fsync would say that all is well."""

    def fail(_: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    async def push() -> None:
        storage = FilesystemStorage(tmp_path, threads=1)
        state = await storage.begin("u", "sha256")
        async with await storage.append(state, CLAIM) as part:
            await part.write(CONTENT)
            state = await part.flush()
        with monkeypatch.context() as patched:
            patched.setattr(os, "fsync", fail)
            with pytest.raises(StorageOutage):
                await committed(storage, state, Digest.of(CONTENT))
        with pytest.raises(UnknownUpload):
            await committed(storage, state, Digest.of(CONTENT))
        storage.close()

    prepare(tmp_path)
    asyncio.run(push())
    assert not (Layout(tmp_path).uploads / "u").exists()
    assert not Path(Layout(tmp_path).path(Layout.location(Digest.of(CONTENT)))).exists()
