import json
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from entrepot import __version__
from entrepot.config.addresses import TcpAddress
from entrepot.errors import AddressInUse, ConfigurationError
from entrepot.operations import debug_server
from entrepot.operations.debug_server import DebugServer, debug_pages
from entrepot.operations.health import Health, WatchedCheck
from entrepot.operations.health_checks import CheckFailed
from entrepot.operations.metrics_file import MetricsFile
from entrepot.operations.metrics_page import MetricsPage
from entrepot.operations.runtime_directory import RuntimeDirectory, WorkerSeat
from entrepot.operations.worker_metrics import WorkerMetrics
from tests.unit.operations.records import finished_record
from tests.waiting import PATIENCE, tries

LOOPBACK = TcpAddress("127.0.0.1", 0)


def always_failing() -> None:
    raise CheckFailed("no")


@pytest.fixture
def directory(tmp_path: Path) -> Iterator[RuntimeDirectory]:
    directory = RuntimeDirectory.create(tmp_path)
    yield directory
    directory.remove()


@pytest.fixture
def health() -> Health:
    return Health([WatchedCheck("a check", always_failing, 60.0)])


@pytest.fixture
def server(directory: RuntimeDirectory, health: Health) -> Iterator[DebugServer]:
    metrics = "/metrics", MetricsPage(directory, health)
    server = DebugServer(LOOPBACK, debug_pages(health, directory, metrics))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def client(server: DebugServer) -> Iterator[httpx.Client]:
    with httpx.Client(
        base_url=f"http://127.0.0.1:{server.port}", trust_env=False, timeout=PATIENCE
    ) as client:
        yield client


def test_health_is_an_empty_object_until_a_check_fails(
    client: httpx.Client, health: Health
) -> None:
    answer = client.get("/debug/health")
    assert (answer.status_code, answer.text) == (200, "{}")
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    health.checks[0].run()
    answer = client.get("/debug/health")
    assert (answer.status_code, answer.text) == (503, '{"a check":"no"}')
    assert client.head("/debug/health").status_code == 503


def test_vars_name_the_processes(client: httpx.Client, directory: RuntimeDirectory) -> None:
    seat = WorkerSeat.take(directory)
    facts = client.get("/debug/vars").json()
    assert facts["entrepot"]["version"] == __version__
    assert facts["entrepot"]["workers"] == [1]
    assert isinstance(facts["cmdline"], list)
    seat.release()


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/"), ("GET", "/v2/"), ("GET", "/debug/pprof/"), ("POST", "/debug/health")],
)
def test_everything_else_is_not_there(method: str, path: str, client: httpx.Client) -> None:
    assert client.request(method, path).status_code == 404


def test_metrics_are_those_of_all_workers_and_of_the_supervisor(
    client: httpx.Client, directory: RuntimeDirectory, health: Health
) -> None:
    health.checks[0].run()
    seats = [WorkerSeat.take(directory) for _ in range(2)]
    workers = [WorkerMetrics(MetricsFile(directory.metrics, s.number), "filesystem") for s in seats]
    for metrics in workers:
        metrics.request(finished_record())
        metrics.in_flight({"blob": 3})
        metrics.carry()
    answer = client.get("/metrics", headers={"Accept": "text/plain;version=0.0.4"})
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    lines = answer.text.splitlines()
    assert 'registry_http_requests_total{code="200",handler="manifest",method="get"} 2.0' in lines
    assert 'registry_http_in_flight_requests{handler="blob"} 6.0' in lines
    assert "entrepot_workers 2.0" in lines
    assert 'entrepot_health_check_failing{check="a check"} 1.0' in lines
    build = next(line for line in lines if line.startswith("entrepot_build_info{"))
    assert f'version="{__version__}"' in build
    for name in ("cpu_seconds_total", "resident_memory_bytes", "open_fds", "start_time_seconds"):
        value = next(line for line in lines if line.startswith(f"process_{name} ")).split()[1]
        assert float(value) > 0
    seats[0].release()
    lines = client.get("/metrics").text.splitlines()
    assert 'registry_http_in_flight_requests{handler="blob"} 3.0' in lines
    assert 'registry_http_requests_total{code="200",handler="manifest",method="get"} 2.0' in lines
    for metrics in workers:
        metrics.close()
    seats[1].release()


def test_metrics_are_there_only_when_switched_on(
    directory: RuntimeDirectory, health: Health
) -> None:
    server = DebugServer(LOOPBACK, debug_pages(health, directory, None))
    server.start()
    assert httpx.get(f"http://127.0.0.1:{server.port}/metrics", trust_env=False).status_code == 404
    server.stop()


def test_an_address_that_is_taken_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        wanted = f"http.debug.addr: cannot listen on 127.0.0.1:{port}: Address already in use"
        with pytest.raises(AddressInUse, match=f"^{wanted}$"):
            DebugServer(TcpAddress("127.0.0.1", port), {})


def test_an_address_that_is_not_here_is_named() -> None:
    with pytest.raises(ConfigurationError, match=r"cannot listen on 192\.0\.2\.1:1: Cannot assign"):
        DebugServer(TcpAddress("192.0.2.1", 1), {})


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_an_address_can_be_a_name(host: str) -> None:
    server = DebugServer(TcpAddress(host, 0), {})
    server.start()
    assert httpx.get(f"http://{host}:{server.port}/", trust_env=False).status_code == 404
    server.stop()


def test_silent_clients_do_not_keep_others_waiting(
    server: DebugServer, client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(debug_server._Handler, "timeout", 10 * PATIENCE)  # nobody leaves by himself
    others = threading.active_count()
    silent = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(100)]
    assert client.get("/debug/health").status_code == 200
    for _ in tries("those that were cut off do not leave"):
        if threading.active_count() - others <= 40:
            break
        time.sleep(0.05)
    for connection in silent:
        connection.close()


def test_a_page_that_breaks_says_so_and_the_next_one_works() -> None:
    def broken(accept: str) -> tuple[int, str, bytes]:
        raise RuntimeError(accept)

    def page(accept: str) -> tuple[int, str, bytes]:
        return 200, "application/json", json.dumps(accept).encode()

    server = DebugServer(LOOPBACK, {"/broken": broken, "/page": page})
    server.start()
    base = f"http://127.0.0.1:{server.port}"
    with httpx.Client(base_url=base, trust_env=False, headers={"Accept": "x/y"}) as client:
        assert client.get("/broken").status_code == 500
        assert client.get("/page?x=1").json() == "x/y"
    server.stop()
