"""A registry that is told to stop stops, at whatever moment of its start."""

import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import IO

import pytest

from tests.ports import free_port
from tests.waiting import PATIENCE, tries

PROGRAM = Path(sys.executable).with_name("entrepot")
CONFIGURATION = """
version: 0.1
storage: {{filesystem: {{rootdirectory: {root}}}}}
http: {{addr: "127.0.0.1:{port}", draintimeout: 10m}}
server: {{workers: 2}}
"""


@pytest.mark.parametrize("delay", [0.0, 0.01, 0.03, 0.08])
def test_sigterm_soon_after_the_start_is_heard(tmp_path: Path, delay: float) -> None:
    file = tmp_path / "config.yml"
    file.write_text(CONFIGURATION.format(root=tmp_path / "data", port=free_port()))
    with subprocess.Popen(
        [PROGRAM, "serve", file], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
    ) as registry:
        assert registry.stderr is not None
        try:
            for line in registry.stderr:
                if "listening" in line:
                    break
            time.sleep(delay)
            registry.send_signal(signal.SIGTERM)
            # Far less than the drain time, which a lost signal would take.
            assert registry.wait(PATIENCE) == 0
        finally:
            registry.kill()


def test_a_stop_says_what_it_waits_for_and_a_second_signal_ends_it(tmp_path: Path) -> None:
    file, port = tmp_path / "config.yml", free_port()
    file.write_text(CONFIGURATION.format(root=tmp_path / "data", port=port))
    with subprocess.Popen(
        [PROGRAM, "serve", file], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
    ) as registry:
        assert registry.stderr is not None
        try:
            _read_to(registry.stderr, "listening")
            with _connect(port) as client:
                client.sendall(
                    b"POST /v2/app/blobs/uploads/?digest=sha256:" + b"0" * 64 + b" HTTP/1.1\r\n"
                    b"Host: x\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\n"
                )
                assert client.recv(1000).startswith(b"HTTP/1.1 100")
                registry.send_signal(signal.SIGINT)
                said = _read_to(registry.stderr, "stopping")
                assert "requests in progress may finish within 600 s" in said
                registry.send_signal(signal.SIGINT)
                assert registry.wait(PATIENCE) == 0
        finally:
            registry.kill()


def _connect(port: int) -> socket.socket:
    """Connect as soon as a worker listens."""
    for _ in tries(f"nothing listens on port {port}"):
        with suppress(ConnectionRefusedError):
            return socket.create_connection(("127.0.0.1", port), PATIENCE)
        time.sleep(0.02)
    raise AssertionError


def _read_to(lines: IO[str], word: str) -> str:
    for line in lines:
        if word in line:
            return line
    raise AssertionError(f"it ended without {word!r}")
