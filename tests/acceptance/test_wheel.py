"""The wheel installs and serves in an empty environment, with nothing else beside it."""

import hashlib
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from tests.ports import free_port
from tests.waiting import PATIENCE, tries

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "wheel", "--no-deps", "--wheel-dir", folder, ROOT], check=True)
    (wheel,) = folder.glob("entrepot-*.whl")
    subprocess.run([sys.executable, "-m", "venv", folder / "empty"], check=True)
    python = folder / "empty" / "bin" / "python"
    subprocess.run([python, "-m", "pip", "--quiet", "install", wheel], check=True)
    return folder / "empty" / "bin" / "entrepot"


def test_the_installed_program_serves(program: Path, tmp_path: Path) -> None:
    port = free_port()
    config = tmp_path / "config.yml"
    config.write_text(
        f"version: 0.1\nstorage: {{filesystem: {{rootdirectory: {tmp_path}/data}}}}\n"
        f'http: {{addr: "127.0.0.1:{port}"}}\n'
    )
    with subprocess.Popen([program, "serve", config], cwd=tmp_path) as registry:
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=PATIENCE) as client:
                wait_until_it_answers(client)
                content = b"layer" * 1000
                digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
                pushed = client.post(
                    "/v2/app/blobs/uploads/", params={"digest": digest}, content=content
                )
                assert pushed.status_code == 201, pushed.text
                assert client.get(f"/v2/app/blobs/{digest}").content == content
            registry.send_signal(signal.SIGTERM)
            assert registry.wait(120) == 0
        finally:
            registry.kill()


def test_the_installed_programs_tell_their_version(program: Path) -> None:
    for name in ("entrepot", "registry"):
        told = subprocess.run(
            [program.with_name(name), "--version"], check=True, capture_output=True, text=True
        )
        assert "0.1.0" in told.stdout


def wait_until_it_answers(client: httpx.Client) -> None:
    for _ in tries("the registry does not answer"):
        try:
            assert client.get("/v2/").status_code == 200
        except httpx.TransportError:
            time.sleep(0.1)
        else:
            return
