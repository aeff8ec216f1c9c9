"""What observing a request costs: `python -m tests.unit.operations.price`.

Prints CPU microseconds of the worker's own thread, the best of many rounds, because a shared
machine only ever adds to them.
"""

import asyncio
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from entrepot.operations.access_log import access_log
from entrepot.operations.health_flag import HealthFlag
from entrepot.operations.metrics_file import MetricsFile
from entrepot.operations.observer import Observer
from entrepot.operations.requests import RequestRecord
from entrepot.operations.worker_metrics import WorkerMetrics
from tests.unit.operations.records import DIGEST

REQUESTS, ROUNDS = 1280, 300


def own_time() -> float:
    return time.clock_gettime(time.CLOCK_THREAD_CPUTIME_ID)


def one_request(observer: Observer) -> None:
    record = RequestRecord(
        "0f8fad5bd9cb-12345",
        "GET",
        "/v2/library/hello-world/manifests/latest",
        "HTTP/1.1",
        "192.0.2.7",
        "registry.example.com:5000",
        "docker/27.1 go/go1.21 kernel/6.1 os/linux arch/amd64",
    )
    observer.started(record)
    record.route = "manifest"
    record.repository = "library/hello-world"
    record.reference = "latest"
    record.digest = DIGEST
    record.status = 200
    record.bytes_out = 1234
    observer.finished(record)


def best(rounds: int, work: Callable[[], object], times: int) -> float:
    fastest = float("inf")
    for _ in range(rounds):
        began = own_time()
        for _ in range(times):
            work()
        fastest = min(fastest, own_time() - began)
    return fastest / times * 1e6


async def price(form: str | None, metrics: WorkerMetrics | None) -> float:
    nowhere = os.open(os.devnull, os.O_WRONLY)
    log = access_log(nowhere, form, 1, {}) if form else None
    observer = Observer(log, metrics)
    microseconds = best(ROUNDS, lambda: one_request(observer), REQUESTS)
    observer.close()
    os.close(nowhere)
    return microseconds


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        for form, counted in (
            (None, False),
            (None, True),
            ("text", False),
            ("text", True),
            ("json", True),
        ):
            metrics = WorkerMetrics(MetricsFile(Path(folder), 1), "filesystem") if counted else None
            microseconds = asyncio.run(price(form, metrics))
            print(f"access log {form}, metrics {counted}: {microseconds:.1f} µs")
        flag = HealthFlag(Path(folder) / "health")
        print(f"health flag: {best(100, lambda: flag.failing, 10_000):.2f} µs")
        metrics = WorkerMetrics(MetricsFile(Path(folder), 2), "filesystem")
        print(f"one timed step: {best(100, lambda: metrics.storage('Read', 0.001), 10_000):.2f} µs")
        metrics.close()


if __name__ == "__main__":
    main()
