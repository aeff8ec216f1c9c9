"""Whoever comes first after a power loss writes the small blobs that the database still keeps."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from pathlib import Path

import pytest

from entrepot.assembly import backup
from entrepot.assembly.backend import Backend
from entrepot.assembly.rules import manifest_policy
from entrepot.assembly.transfer import export
from entrepot.config.settings import Settings
from entrepot.config.storage import (
    DatabaseSettings,
    FilesystemSettings,
    SqliteSettings,
    StorageSettings,
)
from entrepot.drivers.filesystem.layout import Layout
from entrepot.oci.digest import Digest
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Tag
from entrepot.ports.access import ANONYMOUS
from entrepot.services.push import Push
from entrepot.services.redo import ALL_TIME, Redo
from entrepot.services.upload import Chunk, Upload
from tests.unit.cli.program import run
from tests.wire.harness.contents import OCI_CONFIG, OCI_MANIFEST, Content, manifest

CONTENT = b"a small layer"
DIGEST = Digest.of(CONTENT)


async def body() -> AsyncIterator[bytes]:
    yield CONTENT


async def push_and_die(settings: Settings) -> None:
    backend = Backend(settings)
    await backend.prepare()
    with closing(backend.open()) as drivers:
        await Redo(drivers.redo, drivers.blobs).settle()
        upload = Upload(
            drivers.metadata, drivers.sessions, drivers.blobs, drivers.access, drivers.clock
        )
        name, config = RepositoryName("a"), Content(CONTENT, OCI_CONFIG)
        made = manifest(OCI_MANIFEST, config=config.described(), layers=[])
        await upload.whole(ANONYMOUS, name, DIGEST, Chunk(body()))
        push = Push(
            drivers.metadata, drivers.access, drivers.clock, manifest_policy(settings.validation)
        )
        await push.manifest(
            ANONYMOUS, name, Digest(made.digest), made.payload, made.media_type, (Tag("v1"),)
        )


async def waiting(settings: Settings) -> int:
    with closing(Backend(settings).open()) as drivers:
        return len(await drivers.redo.waiting(ALL_TIME, 0, 10))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A registry that has lost its power before the file of its only blob was on the disk."""
    filesystem = FilesystemSettings(rootdirectory=str(tmp_path))
    found = Settings(
        storage=StorageSettings(driver="filesystem", filesystem=filesystem),
        database=DatabaseSettings(sqlite=SqliteSettings(path=str(tmp_path / "metadata.db"))),
    )
    asyncio.run(push_and_die(found))
    assert asyncio.run(waiting(found)) == 1
    return found


def start(settings: Settings, _: Path) -> None:
    asyncio.run(Backend(settings).prepare())


def check(settings: Settings, folder: Path) -> None:
    config = folder / "config.yml"
    config.write_text(
        f"version: 0.1\nstorage:\n  filesystem:\n    rootdirectory: {folder}\n"
        f"database:\n  sqlite:\n    path: {settings.database_path}\n"
    )
    done = run("entrepot", "check", "--verify", "--config", str(config))
    assert done.returncode == 0, done.stdout + done.stderr


def export_all(settings: Settings, folder: Path) -> None:
    report = asyncio.run(
        export(settings, folder / "out", "docker-registry", (), lambda *_: None, copy=False)
    )
    assert (report.blobs, report.damaged) == (1, [])


def restore(settings: Settings, _: Path) -> None:
    asyncio.run(backup.take(settings))
    report = backup.restore(settings, None)
    assert (report.lost_blobs, report.released, report.unknown_files) == ([], 0, 0)


@pytest.mark.parametrize("first", [start, check, export_all, restore])
def test_what_the_disk_has_lost_is_written_by_whoever_comes_first(
    settings: Settings, tmp_path: Path, first: Callable[[Settings, Path], None]
) -> None:
    path = Path(Layout(tmp_path).path(Layout.location(DIGEST)))
    path.write_bytes(bytes(len(CONTENT)))  # its length reached the disk, and its bytes did not
    first(settings, tmp_path)
    assert path.read_bytes() == CONTENT
    assert asyncio.run(waiting(settings)) == 0
