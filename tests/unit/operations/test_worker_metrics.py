import math
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry
from prometheus_client.multiprocess import MultiProcessCollector

from entrepot.operations.metrics_file import MetricsFile
from entrepot.operations.requests import ROUTES
from entrepot.operations.series import BYTES, byte_bucket
from entrepot.operations.worker_metrics import METHODS, WorkerMetrics
from tests.unit.operations.records import finished_record


@pytest.fixture
def metrics(tmp_path: Path) -> Iterator[WorkerMetrics]:
    metrics = WorkerMetrics(MetricsFile(tmp_path, 1), "filesystem")
    yield metrics
    metrics.close()


def sample(folder: Path, name: str, **labels: str) -> float | None:
    registry = CollectorRegistry()
    MultiProcessCollector(registry, str(folder))  # type: ignore[no-untyped-call]
    return registry.get_sample_value(name, labels)


def test_requests_are_counted_as_docker_registry_does(
    metrics: WorkerMetrics, tmp_path: Path
) -> None:
    metrics.request(finished_record())
    metrics.request(finished_record(status=404, seconds=0.2, bytes_out=0))
    metrics.request(finished_record(method="PUT", bytes_in=5000, aborted=True))
    metrics.carry()
    total = "registry_http_requests_total"
    assert sample(tmp_path, total, handler="manifest", method="get", code="200") == 1
    assert sample(tmp_path, total, handler="manifest", method="get", code="404") == 1
    seconds = "registry_http_request_duration_seconds"
    get = {"handler": "manifest", "method": "get"}
    assert sample(tmp_path, f"{seconds}_bucket", **get, le="0.0025") == 1
    assert sample(tmp_path, f"{seconds}_bucket", **get, le="0.1") == 1
    assert sample(tmp_path, f"{seconds}_bucket", **get, le="+Inf") == 2
    assert sample(tmp_path, f"{seconds}_count", **get) == 2
    assert sample(tmp_path, f"{seconds}_sum", **get) == pytest.approx(0.2025)
    received = "registry_http_request_size_bytes"
    assert sample(tmp_path, f"{received}_bucket", handler="manifest", le="4096.0") == 2
    assert sample(tmp_path, f"{received}_bucket", handler="manifest", le="8192.0") == 3
    assert sample(tmp_path, "registry_http_response_size_bytes_sum", handler="manifest") == 2468
    assert sample(tmp_path, "entrepot_http_aborted_requests_total", handler="manifest") == 1


def test_numbers_are_carried_once(metrics: WorkerMetrics, tmp_path: Path) -> None:
    metrics.request(finished_record())
    metrics.storage("Read", 0.001)
    metrics.database("tags", 0.001)
    metrics.transaction(3, 0.004)
    metrics.upload("started")
    metrics.damaged_blob()
    for _ in range(3):
        metrics.carry()
    action = "registry_storage_action_seconds_count"
    assert sample(tmp_path, action, driver="filesystem", action="Read") == 1
    assert sample(tmp_path, "entrepot_database_action_seconds_count", action="tags") == 1
    assert sample(tmp_path, "entrepot_database_transaction_changes_sum") == 3
    assert sample(tmp_path, "entrepot_database_transaction_seconds_count") == 1
    assert sample(tmp_path, "entrepot_uploads_total", outcome="started") == 1
    assert sample(tmp_path, "entrepot_damaged_blobs_total") == 1


def test_strangers_cannot_make_labels(metrics: WorkerMetrics, tmp_path: Path) -> None:
    for number in range(500):
        metrics.request(
            finished_record(method=f"M{number}", route=f"r{number}", status=1000 + number)
        )
    metrics.carry()
    total = "registry_http_requests_total"
    assert sample(tmp_path, total, handler="other", method="unknown", code="0") == 500


def test_every_label_there_can_be_fits_into_the_files(
    metrics: WorkerMetrics, tmp_path: Path
) -> None:
    sizes = {path: path.stat().st_size for path in tmp_path.iterdir()}
    for route in ROUTES:
        for method in (*METHODS, "unknown"):
            for status in (200, 201, 202, 204, 206, 304, 400, 401, 404, 405, 416, 499, 500, 503):
                metrics.request(finished_record(route=route, method=method, status=status))
    for action in range(20):
        metrics.storage(f"Action{action}", 1.0)
        metrics.database(f"action_with_a_long_name_{action}", 1.0)
    metrics.transaction(1, 1.0)
    metrics.carry()
    assert {path: path.stat().st_size for path in tmp_path.iterdir()} == sizes


def test_the_next_worker_with_the_number_goes_on(tmp_path: Path) -> None:
    for _ in range(2):
        metrics = WorkerMetrics(MetricsFile(tmp_path, 1), "filesystem")
        metrics.request(finished_record())
        metrics.in_flight({"blob": 5})
        metrics.close()
    total = "registry_http_requests_total"
    assert sample(tmp_path, total, handler="manifest", method="get", code="200") == 2
    assert sample(tmp_path, "registry_http_in_flight_requests", handler="blob") == 0


def test_workers_are_added_up(tmp_path: Path) -> None:
    workers = [WorkerMetrics(MetricsFile(tmp_path, n), "filesystem") for n in (1, 2)]
    for metrics in workers:
        metrics.request(finished_record())
        metrics.in_flight({"blob": 5})
        metrics.carry()
    total = "registry_http_requests_total"
    assert sample(tmp_path, total, handler="manifest", method="get", code="200") == 2
    assert sample(tmp_path, "registry_http_in_flight_requests", handler="blob") == 10
    seconds = "registry_http_request_duration_seconds_count"
    assert sample(tmp_path, seconds, handler="manifest", method="get") == 2
    for metrics in workers:
        metrics.close()


@given(st.integers(min_value=0, max_value=2**40))
def test_a_size_falls_into_the_bucket_that_bounds_it(size: int) -> None:
    bounds = (-math.inf, *BYTES, math.inf)
    bucket = byte_bucket(size)
    assert bounds[bucket] < size <= bounds[bucket + 1]
