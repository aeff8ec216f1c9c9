import asyncio
import os
import threading
from pathlib import Path

import pytest

from entrepot.drivers.filesystem.layout import Layout
from entrepot.drivers.filesystem.storage import FilesystemStorage, prepare
from entrepot.oci.digest import Digest
from tests.contract.uploading import CLAIM, committed

CONTENT = b"x" * 100_000


def test_a_cancelled_commit_lets_go_of_its_upload_only_when_nothing_touches_it_any_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the next writer of the upload would write into what becomes a blob a moment later."""
    syncing, may_go_on = threading.Event(), threading.Event()
    sync = os.fsync

    def wait_and_sync(file: int) -> None:
        syncing.set()
        may_go_on.wait(10)
        sync(file)

    async def push() -> None:
        storage = FilesystemStorage(tmp_path, threads=2)
        state = await storage.begin("u", "sha256")
        async with await storage.append(state, CLAIM) as part:
            await part.write(CONTENT)
            state = await part.flush()
        monkeypatch.setattr(os, "fsync", wait_and_sync)
        committing = asyncio.ensure_future(committed(storage, state, Digest.of(CONTENT)))
        assert await asyncio.to_thread(syncing.wait, 10)
        committing.cancel()
        await asyncio.sleep(0.05)
        assert not committing.done()
        may_go_on.set()
        with pytest.raises(asyncio.CancelledError):
            await committing
        assert not (Layout(tmp_path).uploads / "u").exists()
        storage.close()

    prepare(tmp_path)
    asyncio.run(push())
