"""Where the filesystem driver puts things, and who can get at them."""

import asyncio
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from entrepot.drivers.filesystem.inspector import FilesystemInspector
from entrepot.drivers.filesystem.layout import Layout
from entrepot.drivers.filesystem.ownership import hold
from entrepot.drivers.filesystem.storage import FilesystemStorage, prepare
from entrepot.errors import StorageOutage
from entrepot.ports.blobs import Location
from entrepot.ports.inspection import OddFile
from tests.contract.uploading import keep, read_all, send

CONTENT = b"x" * 100_000


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[Path]:
    """A folder on another file system than the test's own."""
    folder = Path(tempfile.mkdtemp(dir="/dev/shm"))
    assert folder.stat().st_dev != tmp_path.stat().st_dev, "both are on one file system"
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def open_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def work(root: Path) -> Location:
    """Keep a blob, and leave an upload under way."""

    async def push() -> Location:
        storage = FilesystemStorage(root)
        location = await keep(storage, CONTENT)
        assert await read_all(storage, location, len(CONTENT)) == CONTENT
        await send(storage, await storage.begin("under way", "sha256"), CONTENT)
        assert [found.state.upload_id async for found in storage.uploads()] == ["under way"]
        await storage.check()
        storage.close()
        return location

    return asyncio.run(push())


async def odd_files(root: Path) -> list[OddFile]:
    with closing(FilesystemInspector(root)) as inspector:
        found = [item async for page in inspector.files() for item in page]
    return [item for item in found if isinstance(item, OddFile)]


def below(root: Path) -> dict[str, int]:
    return {
        str(path.relative_to(root)): stat.S_IMODE(path.stat().st_mode) for path in root.rglob("*")
    }


@pytest.mark.usefixtures("open_umask")
def test_what_is_made_is_for_its_owner_alone_whatever_the_umask(tmp_path: Path) -> None:
    root = tmp_path / "not" / "there yet"
    prepare(root)
    with hold(root):
        work(root)
    made = below(tmp_path)
    assert "not/there yet/entrepot/lock" in made
    wrong = {path: oct(mode) for path, mode in made.items() if mode & 0o077}
    assert wrong == {}


def test_a_directory_that_everybody_could_enter_is_closed_to_strangers(tmp_path: Path) -> None:
    blobs, own = Layout(tmp_path).blobs, tmp_path / "entrepot"
    for folder in (blobs, own):
        folder.mkdir(parents=True)
        folder.chmod(0o2755)
    prepare(tmp_path)
    assert [oct(stat.S_IMODE(folder.stat().st_mode)) for folder in (blobs, own)] == ["0o2750"] * 2


def test_uploads_lie_on_the_file_system_of_the_blobs(tmp_path: Path, elsewhere: Path) -> None:
    """They become blobs by a rename."""
    layout = Layout(tmp_path)
    layout.blobs.parent.mkdir(parents=True)
    layout.blobs.symlink_to(elsewhere)
    prepare(tmp_path)
    location = work(tmp_path)
    assert layout.uploads.resolve().is_relative_to(elsewhere)
    assert Path(layout.path(location)).resolve().is_relative_to(elsewhere)
    assert asyncio.run(odd_files(tmp_path)) == []


def test_a_part_of_the_blobs_on_another_file_system_is_refused_at_the_start(
    tmp_path: Path, elsewhere: Path
) -> None:
    blobs = Layout(tmp_path).blobs
    blobs.mkdir(parents=True)
    (blobs / "sha256").symlink_to(elsewhere)
    with pytest.raises(StorageOutage, match="sha256 lies on another file system"):
        prepare(tmp_path)
