import http.server
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from entrepot.config.health import (
    FileCheckSettings,
    HealthSettings,
    HttpCheckSettings,
    StorageCheckSettings,
    TcpCheckSettings,
)
from entrepot.operations.health import Health, WatchedCheck, configured_checks
from entrepot.operations.health_checks import CheckFailed, file_check, http_check, tcp_check
from entrepot.operations.health_flag import HealthFlag
from tests.waiting import PATIENCE


class Answer(http.server.BaseHTTPRequestHandler):
    def do_HEAD(self) -> None:
        status = int(self.path.partition("?")[0].rpartition("/")[2])
        if self.headers.get("Authorization") == "Basic am86aHVudGVyMg==":
            status = 200
        if self.headers.get("X-Wanted") == "418":
            status = 418
        self.send_response(status)
        if status == 302:
            self.send_header("Location", "/204")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Keep the tests' output clean."""


@pytest.fixture
def downstream() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


@pytest.fixture
def silent() -> Iterator[tuple[str, int]]:
    """An address that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()


def until(condition: Callable[[], bool], seconds: float = PATIENCE) -> bool:
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


def test_a_file_check_fails_while_the_file_exists(tmp_path: Path) -> None:
    check = file_check(str(tmp_path / "down"))
    check()
    (tmp_path / "down").touch()
    with pytest.raises(CheckFailed, match=r"^file exists$"):
        check()


def test_a_file_check_fails_where_it_cannot_look(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(CheckFailed, match="Not a directory"):
        file_check(str(tmp_path / "file" / "down"))()


@pytest.mark.parametrize(
    ("path", "wanted", "headers"),
    [
        ("/200", 200, {}),
        ("/302", 204, {}),
        ("/500", 500, {}),
        ("/200", 418, {"X-Wanted": ("418",)}),
    ],
)
def test_an_http_check_wants_one_status(
    path: str, wanted: int, headers: dict[str, tuple[str, ...]], downstream: str
) -> None:
    http_check(downstream + path, wanted, PATIENCE, headers)()


def test_an_http_check_fails_on_another_status(downstream: str) -> None:
    uri = f"{downstream}/503"
    with pytest.raises(CheckFailed) as failure:
        http_check(uri, 200, PATIENCE, {})()
    assert str(failure.value) == f"{uri}: downstream service returned unexpected status: 503"


def test_an_http_check_does_not_wait_for_ever(silent: tuple[str, int]) -> None:
    uri = f"http://{silent[0]}:{silent[1]}/"
    with pytest.raises(CheckFailed, match=f"^{uri}: error while checking: .*timed out"):
        http_check(uri, 200, 0.1, {})()


@pytest.mark.parametrize("uri", ["file:///etc/passwd", "http://[::1", "nonsense", "http:///"])
def test_an_http_check_of_nonsense_fails(uri: str) -> None:
    with pytest.raises(CheckFailed):
        http_check(uri, 200, 0.1, {})()


def test_a_tcp_check_wants_a_connection(silent: tuple[str, int]) -> None:
    host, port = silent
    tcp_check(f"{host}:{port}", host, port, PATIENCE)()


def test_a_tcp_check_fails_where_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(CheckFailed, match=f"^127.0.0.1:{port}: connection failed: .*refused"):
        tcp_check(f"127.0.0.1:{port}", "127.0.0.1", port, 1.0)()


class Switch:
    def __init__(self) -> None:
        self.failing = False

    def __call__(self) -> None:
        if self.failing:
            raise CheckFailed("switched off")


def test_failures_count_in_a_row_up_to_the_threshold() -> None:
    switch = Switch()
    check = WatchedCheck("x", switch, 1.0, threshold=3)
    switch.failing = True
    seen = []
    for failing in (True, True, False, True, True, True, True, False):
        switch.failing = failing
        check.run()
        seen.append(check.failure)
    assert seen == [None, None, None, None, None, "switched off", "switched off", None]


def test_a_check_that_does_not_come_back_fails() -> None:
    release = threading.Event()

    def hang() -> None:
        release.wait(PATIENCE)

    check = WatchedCheck("x", hang, 1.0, patience=0.1)
    thread = threading.Thread(target=check.run)
    thread.start()
    assert until(lambda: check.failure is not None)
    assert check.failure is not None
    assert check.failure.startswith("no answer for")
    release.set()
    thread.join()
    assert check.failure is None


def test_a_check_that_has_a_bug_fails() -> None:
    check = WatchedCheck("x", lambda: [][0], 1.0)
    check.run()
    assert check.failure == "list index out of range"


def test_workers_are_told_and_told_again(tmp_path: Path) -> None:
    switch = Switch()
    supervisor, worker = HealthFlag(tmp_path / "health"), HealthFlag(tmp_path / "health")
    health = Health([WatchedCheck("x", switch, 0.02)], supervisor)
    health.start()
    assert not worker.failing
    switch.failing = True
    assert until(lambda: worker.failing)
    assert health.failures() == {"x": "switched off"}
    switch.failing = False
    assert until(lambda: not worker.failing)
    health.stop()
    for flag in (supervisor, worker):
        flag.close()


def test_the_first_check_comes_after_one_interval_as_with_docker_registry() -> None:
    runs: list[float] = []
    health = Health([WatchedCheck("x", lambda: runs.append(time.monotonic()), 0.2)])
    began = time.monotonic()
    health.start()
    assert until(lambda: len(runs) >= 2)
    health.stop()
    assert runs[0] - began >= 0.2


def test_checks_have_docker_registrys_names() -> None:
    switch = Switch()
    settings = HealthSettings(
        storagedriver=StorageCheckSettings(enabled=True, interval=7.0, threshold=3),
        file=(FileCheckSettings(file="/tmp/down"),),
        http=(HttpCheckSettings(uri="http://example.com/"),),
        tcp=(TcpCheckSettings(addr="redis:6379"),),
    )
    checks = configured_checks(settings, "filesystem", [("", switch), ("database", switch)])
    assert [check.name for check in checks] == [
        "storagedriver_filesystem",
        "database",
        "/tmp/down",
        "http://example.com/",
        "redis:6379",
    ]
    assert [check.interval for check in checks] == [7.0, 7.0, 10.0, 10.0, 10.0]


def test_the_storage_is_not_checked_unless_asked_for() -> None:
    assert configured_checks(HealthSettings(), "filesystem", [("", Switch())]) == []


@pytest.mark.parametrize(
    "uri", ["jo:hunter2@{}/500?key=hunter2", "jo:hunter2/x@{}/500?a", "{}/500?key= hunter2"]
)
def test_no_secret_of_a_checks_url_is_told(downstream: str, uri: str) -> None:
    host = downstream.removeprefix("http://")
    asked = HttpCheckSettings(uri=f"http://{uri.format(host)}", statuscode=204)
    other = HttpCheckSettings(uri=f"{asked.uri}2", statuscode=204)
    health = Health(configured_checks(HealthSettings(http=(asked, other)), "filesystem", []))
    for check in health.checks:
        check.run()
    assert len(health.failures()) == 2
    assert "hunter2" not in str(health.failures())
    assert host in str(health.failures())


def test_an_http_check_logs_in_with_what_its_url_says(downstream: str) -> None:
    uri = downstream.replace("//", "//jo:hunter%32@")
    http_check(f"{uri}/401", 200, PATIENCE, {})()
