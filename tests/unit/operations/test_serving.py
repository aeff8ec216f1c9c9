"""The real program, two workers: what an operator sees of it from outside."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.ports import free_port
from tests.waiting import PATIENCE, tries

CONFIGURATION = """
version: 0.1
log: {{formatter: json, fields: {{environment: test}}}}
storage: {{filesystem: {{rootdirectory: {folder}/data}}}}
http:
  addr: 127.0.0.1:{port}
  debug: {{addr: "127.0.0.1:{debug_port}", prometheus: {{enabled: true}}}}
health:
  storagedriver: {{enabled: true, interval: 100ms, threshold: 3}}
  file: [{{file: {folder}/down, interval: 100ms}}]
server: {{workers: 2}}
"""


def until(condition: Callable[[], bool]) -> None:
    for _ in tries("it is not seen"):
        if condition():
            break
        time.sleep(0.05)


@dataclass
class Program:
    process: subprocess.Popen[bytes]
    folder: Path
    registry: str
    debug: str
    asked: int = 0

    def get(self, path: str) -> httpx.Response:
        # A new connection each time, so that the kernel spreads them over the workers.
        answer = httpx.get(self.registry + path, trust_env=False, timeout=PATIENCE)
        self.asked += 1
        return answer

    def status(self, path: str) -> int:
        try:
            return self.get(path).status_code
        except httpx.TransportError:
            return 0

    def metrics(self) -> list[str]:
        answer = httpx.get(f"{self.debug}/metrics", trust_env=False, timeout=PATIENCE)
        return answer.text.splitlines()

    def lines(self, name: str) -> list[dict[str, object]]:
        whole = (self.folder / name).read_text().rpartition("\n")[0]  # the last may be half there
        return [json.loads(line) for line in whole.splitlines() if line.startswith("{")]


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Program]:
    port, debug_port = free_port(), free_port()
    configuration = tmp_path / "config.yml"
    configuration.write_text(
        CONFIGURATION.format(folder=tmp_path, port=port, debug_port=debug_port)
    )
    command = [str(Path(sys.executable).with_name("entrepot")), "serve", str(configuration)]
    environment = os.environ | {"RUNTIME_DIRECTORY": str(tmp_path)}
    with (
        (tmp_path / "out").open("wb") as out,
        (tmp_path / "err").open("wb") as err,
        subprocess.Popen(command, stdout=out, stderr=err, env=environment) as process,
    ):
        base = "http://127.0.0.1"
        program = Program(process, tmp_path, f"{base}:{port}", f"{base}:{debug_port}")
        try:
            until(lambda: program.status("/v2/") == 200)
            yield program
        finally:
            process.kill()
            process.wait()


def test_an_operator_sees_all_workers_as_one(program: Program) -> None:
    until(lambda: "entrepot_workers 2.0" in program.metrics())
    for _ in range(60):
        assert program.get("/v2/library/app/tags/list").status_code == 404
    wanted = 'registry_http_requests_total{code="404",handler="tags",method="get"} 60.0'
    until(lambda: wanted in program.metrics())
    until(lambda: len(program.lines("out")) == program.asked)
    assert {line["worker"] for line in program.lines("out")} == {1, 2}

    (program.folder / "down").touch()
    until(lambda: program.status("/v2/") == 503)
    health = httpx.get(f"{program.debug}/debug/health", trust_env=False, timeout=PATIENCE)
    assert (health.status_code, health.json()) == (
        503,
        {f"{program.folder}/down": "file exists"},
    )
    (program.folder / "down").unlink()
    until(lambda: program.status("/v2/") == 200)

    program.process.send_signal(signal.SIGTERM)
    assert program.process.wait(PATIENCE) == 0
    assert len(program.lines("out")) == program.asked
    messages = [str(line["msg"]) for line in program.lines("err")]
    assert f"health check {program.folder}/down fails: file exists" in messages
    assert all(line["environment"] == "test" for line in program.lines("err"))
    assert list(program.folder.glob("entrepot-*")) == []
