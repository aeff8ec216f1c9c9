"""What the registry may not read or write is an error that says so, and heals when it may."""

import subprocess
from pathlib import Path

import pytest

from tests.acceptance.durability.pushes import push_blob, sha256
from tests.acceptance.durability.refusals import check_refusal
from tests.acceptance.durability.server import START_SECONDS, Server, running
from tests.acceptance.harness.paths import ENTREPOT
from tests.waiting import PATIENCE

# A root that is held to permissions, as any other user is.
_CAPABILITIES = "-dac_override,-dac_read_search,-fowner"
WITHOUT_PRIVILEGE = [
    *("setpriv", f"--bounding-set={_CAPABILITIES}", f"--inh-caps={_CAPABILITIES}"),
]
STRANGER = 65534


def test_forbidden_files_and_folders_are_errors_that_heal(tmp_path: Path) -> None:
    with running(tmp_path, before=WITHOUT_PRIVILEGE) as server:
        digest = push_blob(server, "a", b"content")
        blobs = server.data / "docker/registry/v2/blobs/sha256"
        file = blobs / digest[7:9] / digest[7:] / "data"
        uploads = server.data / "entrepot/uploads"
        path = f"/v2/a/blobs/{digest}"
        file.chmod(0)
        check_refusal(server.request("GET", path), 503)
        file.chmod(0o600)
        assert server.request("GET", path).body == b"content"

        query = f"/v2/a/blobs/uploads/?digest={sha256(b'more')}"
        for folder in (uploads, blobs):
            folder.chmod(0o500)
            check_refusal(server.request("POST", query, b"more"), 503)
            folder.chmod(0o700)
        assert server.request("POST", query, b"more").status == 201
        assert list(uploads.iterdir()) == []
        assert "Traceback" not in server.log()


def test_a_directory_of_somebody_else_is_refused_at_the_start(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir(mode=0o755)
    subprocess.run(["chown", str(STRANGER), data], check=True)
    server = Server(tmp_path, before=WITHOUT_PRIVILEGE, wait=False)
    assert server.wait_for_end(START_SECONDS) == 1
    assert "belongs to user nobody" in server.log()
    assert "Traceback" not in server.log()


@pytest.mark.parametrize("gone", ["uploads", "database"])
def test_a_folder_that_vanishes_under_a_running_registry_is_an_error(
    tmp_path: Path, gone: str
) -> None:
    with running(tmp_path) as server:
        push_blob(server, "a", b"content")
        folder = server.data / ("entrepot/uploads" if gone == "uploads" else "entrepot")
        folder.rename(tmp_path / "elsewhere")
        answer = server.request("POST", f"/v2/a/blobs/uploads/?digest={sha256(b'b')}", b"b")
        check_refusal(answer, 503)
        assert server.request("GET", f"/v2/a/blobs/{sha256(b'content')}").status == 200
        (tmp_path / "elsewhere").rename(folder)
        push_blob(server, "a", b"b")


COMMANDS = (["usage"], ["user", "list"], ["backup"], ["restore"], ["check"], ["image", "list", "a"])


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
@pytest.mark.parametrize("kept", ["data directory", "database"])
def test_a_command_names_the_owner_of_what_it_may_not_use(
    tmp_path: Path, kept: str, command: list[str]
) -> None:
    data = tmp_path / "data"
    (data / "entrepot").mkdir(parents=True)
    (data / "entrepot/metadata.db").write_bytes(b"")
    closed = data if kept == "data directory" else data / "entrepot/metadata.db"
    closed.chmod(0o700)
    subprocess.run(["chown", str(STRANGER), closed], check=True)
    told = _run(tmp_path, *command)
    assert told.returncode == 1
    assert told.stderr.startswith(
        f"error: the {kept} is that of another user: {closed} belongs to user nobody (mode 0700),"
        " and this is user root. Run this as user nobody"
    )
    assert "Traceback" not in told.stderr


def test_a_configuration_that_may_not_be_read_names_its_owner(tmp_path: Path) -> None:
    told = _run(tmp_path, "usage", mode=0o000)
    assert told.returncode == 78
    file = tmp_path / "config.yml"
    assert f"{file} belongs to user root (mode 0000), and this is user root" in told.stderr


def _run(folder: Path, *command: str, mode: int = 0o600) -> "subprocess.CompletedProcess[str]":
    file = folder / "config.yml"
    file.write_text(f"version: 0.1\nstorage: {{filesystem: {{rootdirectory: {folder}/data}}}}\n")
    file.chmod(mode)
    return subprocess.run(
        [*WITHOUT_PRIVILEGE, ENTREPOT, *command, "--config", file],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
