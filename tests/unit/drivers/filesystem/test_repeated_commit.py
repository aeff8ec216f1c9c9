"""A commit that is repeated when its bytes have been put in place already."""

import asyncio
from pathlib import Path

import pytest

from entrepot.drivers.filesystem.layout import Layout
from entrepot.drivers.filesystem.storage import FilesystemStorage, prepare
from entrepot.errors import UnknownUpload
from entrepot.oci.digest import Digest
from tests.contract.uploading import CLAIM, committed

CONTENT = b"x" * 100_000


def rot(path: Path) -> None:
    path.write_bytes(b"y" * len(CONTENT))


@pytest.mark.parametrize("rots", [False, True])
def test_a_repeated_commit_takes_the_file_in_place_only_while_it_has_its_bytes(
    tmp_path: Path, rots: bool
) -> None:
    """The commit takes a blob out of quarantine; a rotten file has the right size, too."""

    async def push() -> None:
        storage = FilesystemStorage(tmp_path, threads=2)
        state = await storage.begin("u", "sha256")
        async with await storage.append(state, CLAIM) as part:
            await part.write(CONTENT)
            state = await part.flush()
        location = await committed(storage, state, Digest.of(CONTENT))
        if rots:
            rot(Path(Layout(tmp_path).path(location)))
            with pytest.raises(UnknownUpload):
                await committed(storage, state, Digest.of(CONTENT))
        else:
            assert await committed(storage, state, Digest.of(CONTENT)) == location
        storage.close()

    prepare(tmp_path)
    asyncio.run(push())
