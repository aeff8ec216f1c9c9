import asyncio
import logging
from collections.abc import Callable
from pathlib import Path

import pytest

from entrepot.config.storage import UploadPurgingSettings
from entrepot.drivers.memory.storage import MemoryStorage
from entrepot.drivers.memory.store import MemoryStore
from entrepot.drivers.sql.engines.sqlite.database import SqliteDatabase
from entrepot.drivers.sql.engines.sqlite.migrations import migrate
from entrepot.drivers.sql.sessions import SqlUploadSessions
from entrepot.errors import MetadataOutage
from entrepot.oci.name import RepositoryName
from entrepot.operations.housekeeping import Housekeeping, Job
from entrepot.operations.jobs import counting_job, purging_jobs
from entrepot.operations.metrics_file import MetricsFile
from entrepot.operations.worker_metrics import WorkerMetrics
from entrepot.ports.clock import SystemClock
from entrepot.ports.uploads import UploadSession
from entrepot.services.purge import Purge
from tests.unit.operations.test_worker_metrics import sample
from tests.waiting import tries


def counting(counts: list[int], worker: int) -> Job:
    async def work() -> None:
        counts.append(worker)

    return Job("counting", 0.0, 0.01, work)


async def until(condition: Callable[[], bool]) -> None:
    for _ in tries("it does not happen"):
        if condition():
            break
        await asyncio.sleep(0.01)


def test_one_worker_works_and_another_follows_it(tmp_path: Path) -> None:
    async def story() -> None:
        counts: list[int] = []
        workers = [
            Housekeeping(tmp_path / "lock", [counting(counts, number)], turn=0.02)
            for number in (1, 2)
        ]
        for worker in workers:
            worker.start()
        await asyncio.sleep(0.1)  # in which the other one tries, too
        await until(lambda: len(counts) > 1)
        assert set(counts) == {1}
        await workers[0].stop()
        counts.clear()
        await until(lambda: len(counts) > 1)
        assert set(counts) == {2}
        await workers[1].stop()
        await workers[1].stop()

    asyncio.run(story())


@pytest.mark.parametrize("error", [MetadataOutage("locked"), RuntimeError("a bug")])
def test_a_job_that_fails_is_logged_and_tried_again(
    error: Exception, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def story() -> None:
        failures: list[int] = []

        async def work() -> None:
            failures.append(1)
            raise error

        keeping = Housekeeping(tmp_path / "lock", [Job("a job", 0.0, 0.01, work)])
        keeping.start()
        await until(lambda: len(failures) > 1)
        await keeping.stop()

    asyncio.run(story())
    assert "a job failed and will be tried again" in caplog.text


def test_purging_runs_as_configured(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)

    async def story() -> None:
        migrate(tmp_path / "sessions.db", "sessions", durable=False)
        sessions = SqlUploadSessions(SqliteDatabase(tmp_path / "sessions.db", durable=False))
        blobs = MemoryStorage(MemoryStore())
        clock = SystemClock()
        state = await blobs.begin("abandoned", "sha256")
        await sessions.create(UploadSession(RepositoryName("a"), "", state, clock.now()))
        await asyncio.sleep(0.06)
        settings = UploadPurgingSettings(age=0.05, interval=0.01)
        jobs = purging_jobs(Purge(sessions, blobs, clock), settings)
        numbers = tmp_path / "metrics"
        numbers.mkdir()
        metrics = WorkerMetrics(MetricsFile(numbers, 1), "inmemory")
        count = counting_job(sessions, metrics)
        await count.work()
        assert sample(numbers, "entrepot_upload_sessions") == 1
        keeping = Housekeeping(tmp_path / "lock", jobs)
        keeping.start()
        await until(lambda: "1 upload with 0 bytes removed" in caplog.text)
        await keeping.stop()
        await count.work()
        assert sample(numbers, "entrepot_upload_sessions") == 0
        sessions.close()
        metrics.close()

    asyncio.run(story())
    assert "abandoned upload removed" in caplog.text
    assert "1 upload with 0 bytes removed, 0 failures" in caplog.text


def test_purging_can_be_switched_off(tmp_path: Path) -> None:
    migrate(tmp_path / "sessions.db", "sessions", durable=False)
    sessions = SqlUploadSessions(SqliteDatabase(tmp_path / "sessions.db", durable=False))
    purge = Purge(sessions, MemoryStorage(MemoryStore()), SystemClock())
    assert purging_jobs(purge, UploadPurgingSettings(enabled=False)) == []
    sessions.close()
