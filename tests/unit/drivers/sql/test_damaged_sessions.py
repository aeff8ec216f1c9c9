import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from entrepot.drivers.sql.engines.sqlite.damage import forget_if_damaged
from entrepot.drivers.sql.engines.sqlite.database import SqliteDatabase
from entrepot.drivers.sql.engines.sqlite.migrations import migrate
from entrepot.drivers.sql.sessions import SqlUploadSessions
from entrepot.oci.name import RepositoryName
from entrepot.ports.blobs import UploadState
from entrepot.ports.uploads import UploadSession


def make_sessions(path: Path, number: int) -> None:
    async def fill() -> None:
        sessions = SqlUploadSessions(SqliteDatabase(path, durable=False))
        for n in range(number):
            state = UploadState(f"upload-{n}", "sha256", n, bytes(200))
            await sessions.create(UploadSession(RepositoryName("a"), "", state, n))
        sessions.close()

    migrate(path, "sessions", durable=False)
    asyncio.run(fill())


def count(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        return int(connection.execute("SELECT COUNT(*) FROM upload_sessions").fetchone()[0])


def spoil_header(content: bytes) -> bytes:
    return b"x" * 100 + content[100:]


def spoil_pages(content: bytes) -> bytes:
    return content[:8192] + bytes(len(content) - 8192)


def cut(content: bytes) -> bytes:
    return content[: len(content) // 2]


@pytest.mark.parametrize("spoil", [spoil_header, spoil_pages, cut])
def test_sessions_that_a_power_loss_has_damaged_are_begun_anew(
    tmp_path: Path, spoil: Callable[[bytes], bytes]
) -> None:
    path = tmp_path / "sessions.db"
    make_sessions(path, 200)
    path.write_bytes(spoil(path.read_bytes()))
    assert forget_if_damaged(path)
    make_sessions(path, 1)
    assert count(path) == 1


def test_whole_sessions_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "sessions.db"
    assert not forget_if_damaged(path)
    make_sessions(path, 200)
    assert not forget_if_damaged(path)
    assert count(path) == 200
