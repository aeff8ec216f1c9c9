"""The contract of `SnapshotStore`, and of `MetadataSnapshots` over databases in use."""

import asyncio
import os
import stat
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from entrepot.drivers.filesystem.snapshots import FilesystemSnapshots
from entrepot.drivers.sql.engines.sqlite.database import SqliteDatabase
from entrepot.drivers.sql.engines.sqlite.migrations import migrate
from entrepot.drivers.sql.engines.sqlite.snapshots import SqliteSnapshots
from entrepot.drivers.sql.metadata import SqlMetadata
from entrepot.errors import MetadataOutage
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Tag
from entrepot.ports.backup import MetadataSnapshots, SnapshotStore
from entrepot.ports.metadata import NewManifest
from tests.contract.pushing import APP, give_blobs, push, some_blob, some_image
from tests.waiting import tries

pytestmark = pytest.mark.anyio

SECOND = 1_000_000
NOON = 1_700_000_000 * SECOND

STORES: dict[str, Callable[[Path], SnapshotStore]] = {"filesystem": FilesystemSnapshots}


class Enough(Exception):
    """Raised to end a copy."""


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> SnapshotStore:
    (tmp_path / "entrepot").mkdir()
    return STORES[request.param](tmp_path)


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "metadata.db"
    migrate(path, "metadata", durable=True)
    return path


def put(store: SnapshotStore, content: bytes, taken_at: int) -> str:
    scratch = store.scratch()
    scratch.write_bytes(content)
    return store.keep(scratch, taken_at).name


def large_image(number: int, size: int) -> NewManifest:
    return some_image(config="{}", annotations={"n": f"{number:0{size}}"})


def on() -> None:
    """Go on."""


def test_what_was_kept_is_listed_newest_first(store: SnapshotStore) -> None:
    assert store.listed() == []
    names = [put(store, b"x" * number, NOON + number * SECOND) for number in (2, 3, 1)]
    listed = store.listed()
    assert [one.size for one in listed] == [3, 2, 1]
    assert {one.name for one in listed} == set(names)
    assert [one.taken_at for one in listed] == [NOON + n * SECOND for n in (3, 2, 1)]


def test_two_of_one_second_are_two(store: SnapshotStore) -> None:
    names = [put(store, text, NOON) for text in (b"first", b"second", b"third")]
    assert len(set(names)) == 3
    paths = [store.path(name) for name in names]
    assert [path.read_bytes() for path in paths if path] == [b"first", b"second", b"third"]
    assert [one.name for one in store.listed()] == names[::-1]


def test_what_was_begun_is_not_listed_and_can_be_discarded(store: SnapshotStore) -> None:
    scratch = store.scratch()
    scratch.write_bytes(b"half of it")
    assert store.listed() == []
    store.discard(scratch)
    store.discard(scratch)
    assert not scratch.exists()


def test_a_removed_snapshot_is_gone(store: SnapshotStore) -> None:
    put(store, b"stays", NOON)
    newest = put(store, b"goes", NOON + SECOND)
    gone = next(one for one in store.listed() if one.name == newest)
    store.remove(gone)
    store.remove(gone)
    assert store.path(newest) is None
    assert len(store.listed()) == 1


@pytest.mark.parametrize("name", ["../metadata.db", "metadata-x.db", "", "metadata.db"])
def test_only_snapshots_are_found_by_name(store: SnapshotStore, name: str) -> None:
    put(store, b"x", NOON)
    assert store.path(name) is None


def test_only_the_owner_may_read_it(store: SnapshotStore) -> None:
    path = store.path(put(store, b"secrets", NOON))
    assert path is not None
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_root_makes_it_that_of_the_directorys_owner(tmp_path: Path) -> None:
    folder = tmp_path / "entrepot"
    folder.mkdir()
    owner = (4711, 4712) if os.geteuid() == 0 else (os.geteuid(), os.getegid())
    os.chown(folder, *owner)
    store = FilesystemSnapshots(tmp_path)
    path = store.path(put(store, b"x", NOON))
    assert path is not None
    assert (path.stat().st_uid, path.stat().st_gid) == owner
    assert (path.parent.stat().st_uid, path.parent.stat().st_gid) == owner


def test_what_a_crash_has_left_is_removed_after_a_day(store: SnapshotStore) -> None:
    old, young = store.scratch(), store.scratch()
    yesterday = time.time() - 25 * 3600
    os.utime(old, (yesterday, yesterday))
    third = store.scratch()
    assert (old.exists(), young.exists(), third.exists()) == (False, True, True)


async def test_a_snapshot_has_everything_that_was_committed(
    database: Path, store: SnapshotStore
) -> None:
    metadata = SqlMetadata(SqliteDatabase(database))
    await give_blobs(metadata, APP, some_blob("{}"), some_blob("layer"))
    await push(metadata, APP, some_image("layer"), tag="latest")
    snapshots: MetadataSnapshots = SqliteSnapshots(database)
    scratch = store.scratch()
    snapshots.write(scratch, on)
    content = snapshots.verify(scratch)
    assert (content.repositories, content.manifests, content.tags, content.blobs) == (1, 1, 1, 2)
    metadata.close()
    assert [path.name for path in scratch.parent.iterdir()] == [scratch.name]
    copy = SqlMetadata(SqliteDatabase(scratch))
    assert await copy.manifest_by_tag(APP, Tag("latest")) is not None
    copy.close()


async def test_pushes_go_on_meanwhile_and_are_in_it_whole_or_not_at_all(
    database: Path, store: SnapshotStore
) -> None:
    metadata = SqlMetadata(SqliteDatabase(database))
    await give_blobs(metadata, APP, some_blob("{}"))
    for number in range(200):
        await push(metadata, APP, large_image(number, 5_000))
    stop, begun = threading.Event(), asyncio.Event()
    pushed: list[RepositoryName] = []

    async def pushing() -> None:
        number = 0
        while not stop.is_set():
            name = RepositoryName(f"meanwhile/{number}")
            await give_blobs(metadata, name, some_blob("{}"))
            await push(metadata, name, some_image(config="{}"), tag="latest")
            pushed.append(name)
            begun.set()
            number += 1

    steps: list[int] = []
    snapshots = SqliteSnapshots(database, pages=20)

    def slowly() -> None:
        steps.append(len(pushed))
        for _ in tries("the copy holds pushes up"):
            if len(pushed) > steps[-1]:
                break
            time.sleep(0.01)

    scratch = store.scratch()
    work = asyncio.create_task(pushing())
    await begun.wait()
    await asyncio.to_thread(snapshots.write, scratch, slowly)
    stop.set()
    await work
    metadata.close()
    content = snapshots.verify(scratch)
    # Pushes were not held up by the copy, and what was committed behind its begin is not in it.
    assert steps[-1] - steps[0] >= 5
    assert content.repositories - 1 <= steps[0] + 1 < len(pushed)
    assert content.tags == content.repositories - 1


def test_a_copy_can_be_ended_between_two_steps(database: Path, store: SnapshotStore) -> None:
    def enough() -> None:
        raise Enough

    with pytest.raises(Enough):
        SqliteSnapshots(database).write(store.scratch(), enough)


@pytest.mark.parametrize("content", [b"", b"no database", b"SQLite format 3\x00" + b"\x07" * 8000])
def test_what_is_no_snapshot_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "snapshot.db"
    path.write_bytes(content)
    with pytest.raises(MetadataOutage):
        SqliteSnapshots(tmp_path / "metadata.db").verify(path)


async def test_a_damaged_snapshot_is_refused(database: Path, store: SnapshotStore) -> None:
    metadata = SqlMetadata(SqliteDatabase(database))
    for number in range(50):
        await push(metadata, APP, large_image(number, 3_000))
    metadata.close()
    scratch = store.scratch()
    SqliteSnapshots(database).write(scratch, on)
    content = bytearray(scratch.read_bytes())
    # Several pages: what is lost of one that has only bytes of a manifest, nothing else can tell.
    content[len(content) // 2 : len(content) // 2 + 16 * 4096] = bytes(16 * 4096)
    scratch.write_bytes(content)
    with pytest.raises(MetadataOutage):
        SqliteSnapshots(database).verify(scratch)
