"""A check beside a registry that takes pushes, deletes and collects finds nothing wrong."""

import json
import random
import subprocess
import threading
from pathlib import Path

import pytest

from tests.acceptance.durability.pushes import push_blob
from tests.acceptance.durability.server import Server, running
from tests.acceptance.durability.test_restore import push_image
from tests.acceptance.harness.paths import ENTREPOT

ROUNDS = 4
CLIENTS = 3


class Traffic:
    """Pushes overlapping images, moves their tags, and deletes them, until it is stopped."""

    def __init__(self, server: Server, number: int) -> None:
        self._server = server
        self._random = random.Random(number)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._name = f"busy/{number}"
        self.pushed = 0
        self.failure: BaseException | None = None
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        try:
            while not self._stop.is_set():
                self._push_and_delete()
        except BaseException as error:
            self.failure = error

    def _push_and_delete(self) -> None:
        layers = [bytes([self._random.randrange(8)]) * 50_000 for _ in range(2)]
        push_image(self._server, self._name, "latest", *layers)
        self.pushed += 1
        if self._random.random() < 0.7:
            tag = f"/v2/{self._name}/manifests/latest"
            found = self._server.request("HEAD", tag).headers["docker-content-digest"]
            self._server.request("DELETE", f"/v2/{self._name}/manifests/{found}")
        if self._random.random() < 0.3:
            push_blob(self._server, self._name, self._random.randbytes(20_000))


@pytest.mark.parametrize("options", [[], ["--verify"], ["--verify", "--repair"]], ids=str)
def test_it_finds_nothing_wrong(tmp_path: Path, options: list[str]) -> None:
    settings = {"gc": {"interval": "1s", "grace": "5s"}}
    with running(tmp_path, settings) as server:
        traffic = [Traffic(server, number) for number in range(CLIENTS)]
        try:
            for _ in range(ROUNDS):
                ended = subprocess.run(
                    [str(ENTREPOT), "check", *options, "--json", str(tmp_path / "config.yml")],
                    capture_output=True,
                    text=True,
                    timeout=120,
                    check=False,
                )
                assert ended.returncode == 0, ended.stdout + ended.stderr
                assert json.loads(ended.stdout)["problems"] == 0
        finally:
            for one in traffic:
                one.stop()
        assert [one.failure for one in traffic] == [None] * CLIENTS
        assert all(one.pushed >= 5 for one in traffic)
        assert "quarantine" not in server.log()
