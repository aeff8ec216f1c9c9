"""When the database is copied: at once after the first start and each adoption, then daily."""

import asyncio
from pathlib import Path

from entrepot.config.retention import BackupSettings
from entrepot.drivers.filesystem.snapshots import FilesystemSnapshots
from entrepot.drivers.sql.engines.sqlite.database import SqliteDatabase
from entrepot.drivers.sql.engines.sqlite.migrations import migrate
from entrepot.drivers.sql.engines.sqlite.snapshots import SqliteSnapshots
from entrepot.drivers.sql.jobs import SqlJobLedger
from entrepot.drivers.sql.metadata import SqlMetadata
from entrepot.operations.jobs import backup_job
from entrepot.services.backup import Backup
from tests.unit.services.registry import MovableClock

DAY = 24 * 3600


def test_the_first_snapshot_is_taken_at_once_and_one_after_each_adoption(tmp_path: Path) -> None:
    path = tmp_path / "metadata.db"
    migrate(path, "metadata", durable=False)
    store = FilesystemSnapshots(tmp_path)
    adopted: int | None = None

    async def adopted_at() -> int | None:
        return adopted

    async def run() -> None:
        nonlocal adopted
        clock, database = MovableClock(), SqlMetadata(SqliteDatabase(path))
        backup = Backup(SqliteSnapshots(path), store, clock)
        ledger = SqlJobLedger(database.database)
        workers = [
            backup_job(ledger, clock, BackupSettings(), backup, adopted_at)[0] for _ in range(3)
        ]

        async def taken_when_all_look() -> int:
            before = len(store.listed())
            await asyncio.gather(*(job.work() for job in workers))
            await asyncio.gather(*(job.work() for job in workers))
            return len(store.listed()) - before

        try:
            assert await taken_when_all_look() == 1
            clock.forward(3600)
            assert await taken_when_all_look() == 0
            adopted = clock.now()
            clock.forward(60)
            assert await taken_when_all_look() == 1
            clock.forward(DAY - 60)
            assert await taken_when_all_look() == 0
            clock.forward(120)
            assert await taken_when_all_look() == 1
        finally:
            database.close()

    asyncio.run(run())


def test_none_is_taken_where_backups_are_switched_off(tmp_path: Path) -> None:
    path = tmp_path / "metadata.db"
    migrate(path, "metadata", durable=False)
    database, clock = SqlMetadata(SqliteDatabase(path)), MovableClock()

    async def never() -> int | None:
        return None

    backup = Backup(SqliteSnapshots(path), FilesystemSnapshots(tmp_path), clock)
    settings = BackupSettings(every=0.0)
    assert backup_job(SqlJobLedger(database.database), clock, settings, backup, never) == []
    database.close()
