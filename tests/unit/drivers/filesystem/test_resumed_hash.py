import asyncio
import hashlib
from pathlib import Path

import pytest

from entrepot.drivers.filesystem import hashing
from entrepot.drivers.filesystem.layout import Layout
from entrepot.drivers.filesystem.storage import FilesystemStorage, prepare
from entrepot.errors import InvalidDigest
from entrepot.oci.digest import HEX_LENGTH, Digest
from tests.contract.uploading import CLAIM, committed


@pytest.mark.parametrize("algorithm", sorted(HEX_LENGTH))
@pytest.mark.parametrize("sizes", [(0, 0), (1, 1), (63, 65), (64, 64), (127, 129), (5_000, 70_001)])
def test_a_digest_goes_on_from_its_saved_state(algorithm: str, sizes: tuple[int, int]) -> None:
    first, second = bytes(sizes[0]), b"x" * sizes[1]
    hasher = hashing.new_hasher(algorithm)
    hasher.update(first)
    resumed = hashing.restore(algorithm, hashing.save(hasher))
    assert resumed is not None
    resumed.update(second)
    assert resumed.finalize() == hashlib.new(algorithm, first + second).hexdigest()


@pytest.mark.parametrize("state", [b"", b"rehashes 0.0.1 elsewhere\n" + bytes(112)])
def test_a_state_that_is_empty_or_of_another_version_or_boot_is_not_used(state: bytes) -> None:
    assert hashing.restore("sha256", state) is None


def test_bytes_that_a_power_loss_took_are_found_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = b"x" * 100_000

    async def push() -> None:
        storage = FilesystemStorage(tmp_path, threads=1)
        state = await storage.begin("u", "sha256")
        async with await storage.append(state, CLAIM) as part:
            await part.write(content)
            state = await part.flush()
        # The file has its length, and zeros where the last bytes belong; the machine restarts.
        with (Layout(tmp_path).uploads / "u").open("r+b") as file:
            file.seek(60_000)
            file.write(bytes(40_000))
        monkeypatch.setattr(hashing, "_MARK", b"rehashes after the restart\n")
        with pytest.raises(InvalidDigest):
            await committed(storage, state, Digest.of(content))
        storage.close()

    prepare(tmp_path)
    asyncio.run(push())
