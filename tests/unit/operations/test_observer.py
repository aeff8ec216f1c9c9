import asyncio
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.multiprocess import MultiProcessCollector

from entrepot.operations.access_log import AccessLog, access_log
from entrepot.operations.metrics_file import MetricsFile
from entrepot.operations.observer import Observer
from entrepot.operations.requests import RequestRecord
from entrepot.operations.worker_metrics import WorkerMetrics
from tests.waiting import tries


def request(**facts: object) -> RequestRecord:
    record = RequestRecord("id", "GET", "/v2/")
    for name, value in facts.items():
        setattr(record, name, value)
    return record


@pytest.fixture
def log(tmp_path: Path) -> Iterator[AccessLog]:
    descriptor = os.open(tmp_path / "log", os.O_WRONLY | os.O_CREAT)
    yield access_log(descriptor, "json", 1, {})
    os.close(descriptor)


def logged(folder: Path) -> list[dict[str, object]]:
    whole = (folder / "log").read_text().rpartition("\n")[0]  # the last may be half there
    return [json.loads(line) for line in whole.splitlines()]


def sample(folder: Path, name: str, **labels: str) -> float | None:
    registry = CollectorRegistry()
    MultiProcessCollector(registry, str(folder))  # type: ignore[no-untyped-call]
    return registry.get_sample_value(name, labels)


async def until(condition: Callable[[], bool]) -> None:
    for _ in tries("it is not seen"):
        if condition():
            break
        await asyncio.sleep(0.01)


async def finish(observer: Observer, *records: RequestRecord) -> None:
    for record in records:
        observer.started(record)
        observer.finished(record)


def test_requests_are_logged_together_soon_after_they_are_over(
    log: AccessLog, tmp_path: Path
) -> None:
    async def work() -> None:
        observer = Observer(log, None)
        await finish(observer, request(status=200), request(status=404))
        assert logged(tmp_path) == []
        await until(lambda: len(logged(tmp_path)) == 2)
        assert [line["http.response.status"] for line in logged(tmp_path)] == [200, 404]
        observer.close()

    asyncio.run(work())


def test_many_requests_do_not_wait(log: AccessLog, tmp_path: Path) -> None:
    async def work() -> None:
        observer = Observer(log, None)
        await finish(observer, *(request(status=200) for _ in range(300)))
        observer.close()

    asyncio.run(work())
    assert len(logged(tmp_path)) == 300


def test_the_end_loses_nothing(log: AccessLog, tmp_path: Path) -> None:
    async def work() -> Observer:
        observer = Observer(log, None)
        await finish(observer, request(status=200))
        return observer

    asyncio.run(work()).close()
    assert len(logged(tmp_path)) == 1


def test_an_observer_outlives_an_event_loop(log: AccessLog, tmp_path: Path) -> None:
    observer = Observer(log, None)
    for _ in range(2):
        asyncio.run(finish(observer, request(status=200)))

    async def wait() -> None:
        await finish(observer, request(status=200))
        await until(lambda: len(logged(tmp_path)) == 3)

    asyncio.run(wait())
    observer.close()


@pytest.mark.parametrize(
    ("facts", "status"),
    [({"aborted": True}, 499), ({}, 500), ({"status": 206, "aborted": True}, 206)],
)
def test_a_request_without_an_answer_gets_a_status(
    facts: dict[str, object], status: int, log: AccessLog, tmp_path: Path
) -> None:
    observer = Observer(log, None)
    asyncio.run(finish(observer, request(**facts)))
    observer.close()
    assert logged(tmp_path)[0]["http.response.status"] == status


def test_running_requests_are_told_by_handler(tmp_path: Path) -> None:
    async def work() -> None:
        observer = Observer(None, WorkerMetrics(MetricsFile(tmp_path, 1), "filesystem"))
        observer.start()
        records = [request(route="blob"), request(route="blob"), request(route="tags")]
        for record in records:
            observer.started(record)
        assert observer.in_flight == 3
        gauge = "registry_http_in_flight_requests"
        await until(lambda: sample(tmp_path, gauge, handler="blob") == 2)
        assert sample(tmp_path, gauge, handler="tags") == 1
        assert sample(tmp_path, gauge, handler="manifest") == 0
        for record in records:
            observer.finished(record)
        await until(lambda: sample(tmp_path, gauge, handler="blob") == 0)
        total = "registry_http_requests_total"
        assert sample(tmp_path, total, handler="blob", method="get", code="500") == 2
        observer.close()

    asyncio.run(work())


def test_dropped_lines_are_counted(tmp_path: Path) -> None:
    async def work() -> None:
        reading, writing = os.pipe()
        os.close(reading)
        metrics = WorkerMetrics(MetricsFile(tmp_path, 1), "filesystem")
        observer = Observer(access_log(writing, "text", 1, {}), metrics)
        await finish(observer, request(status=200), request(status=200))
        observer.close()
        os.close(writing)

    asyncio.run(work())
    assert sample(tmp_path, "entrepot_access_log_lines_dropped_total") == 2
