"""The registry's totals as metrics, and reservations that nobody gave back."""

import asyncio
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.multiprocess import MultiProcessCollector

from entrepot.assembly.backend import Backend
from entrepot.assembly.background import usage_jobs
from entrepot.config.quotas import QuotaSettings, TotalQuotaSettings
from entrepot.config.settings import Settings
from entrepot.config.storage import FilesystemSettings, StorageSettings
from entrepot.oci.name import RepositoryName
from entrepot.operations.metrics_file import MetricsFile
from entrepot.operations.worker_metrics import WorkerMetrics
from entrepot.ports.uploads import BOUNDLESS, BytesAround
from tests.contract.pushing import give_blobs, push, some_blob, some_image

APP = RepositoryName("team/app")


def settings_of(folder: Path, quotas: QuotaSettings) -> Settings:
    storage = StorageSettings(filesystem=FilesystemSettings(rootdirectory=str(folder)))
    return Settings(storage=storage, quotas=quotas)


def test_the_registrys_totals_are_told(tmp_path: Path) -> None:
    settings = settings_of(tmp_path / "data", QuotaSettings())
    metrics = WorkerMetrics(MetricsFile(tmp_path, 1), "filesystem")
    image = some_image("x" * 100)

    async def work() -> None:
        backend = Backend(settings)
        await backend.prepare()
        drivers = backend.open()
        await give_blobs(drivers.metadata, APP, some_blob("x" * 100), some_blob("unneeded"))
        await push(drivers.metadata, APP, image, tag="1")
        (job,) = usage_jobs(settings, drivers, metrics)
        await job.work()
        drivers.close()

    asyncio.run(work())
    registry = CollectorRegistry()
    MultiProcessCollector(registry, str(tmp_path))  # type: ignore[no-untyped-call]
    told = {
        name: registry.get_sample_value(f"entrepot_usage_{name}")
        for name in ("repositories", "tags", "manifests", "blobs", "bytes", "reclaimable_bytes")
    }
    metrics.close()
    assert told == {
        "repositories": 1,
        "tags": 1,
        "manifests": 1,
        "blobs": 2,
        "bytes": 108 + len(image.payload),
        "reclaimable_bytes": 8,
    }


@pytest.mark.parametrize("limited", [False, True])
def test_reservations_are_looked_after_where_there_are_quotas(
    tmp_path: Path, limited: bool
) -> None:
    quotas = QuotaSettings(total=TotalQuotaSettings(bytes=1 << 20)) if limited else QuotaSettings()
    settings = settings_of(tmp_path / "data", quotas)

    async def work() -> int:
        backend = Backend(settings)
        await backend.prepare()
        drivers = backend.open()
        now = drivers.clock.now()
        free = BytesAround(BOUNDLESS, BOUNDLESS, BOUNDLESS)
        assert await drivers.reservations.reserve("dead", APP, 5, free, now - 2, now - 1)
        for job in usage_jobs(settings, drivers, None):
            await job.work()
        # Seen as of before its end, it is there for as long as its row is.
        left = await drivers.reservations.reserved(APP, now - 2)
        drivers.close()
        return left.registry

    assert asyncio.run(work()) == (0 if limited else 5)
