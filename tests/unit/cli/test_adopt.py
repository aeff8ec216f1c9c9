"""``entrepot adopt``: what it prints where, and how it ends."""

import json
import os
import pty
import subprocess
from pathlib import Path

import pytest

from entrepot.drivers.filesystem.ownership import hold
from entrepot.drivers.filesystem.storage import prepare
from tests.unit.cli.program import BIN, run
from tests.unit.services.adoption.tree import RegistryTree, fingerprint


@pytest.fixture
def tree(tmp_path: Path) -> RegistryTree:
    tree = RegistryTree(tmp_path / "data")
    for name in ("hello", "deep/er/hello"):
        image = tree.image(name, tree.blob(name, b"{}"), [tree.blob(name, b"layer")])
        tree.tag(name, "latest", image)
    tree.upload("hello", "5f1c-unfinished", b"half")
    return tree


@pytest.fixture
def config(tree: RegistryTree, tmp_path: Path) -> str:
    file = tmp_path / "config.yml"
    file.write_text(f"version: 0.1\nstorage:\n  filesystem:\n    rootdirectory: {tree.root}\n")
    return str(file)


def test_a_dry_run_tells_and_writes_nothing(tree: RegistryTree, config: str) -> None:
    before = fingerprint(tree.root)
    done = run("entrepot", "adopt", "--dry-run", "--verify", config)
    assert (done.returncode, done.stderr) == (0, "")
    for text in ("hello: 1 tag", "deep/er/hello: 1 tag", "5f1c-unfinished", "Nothing was written"):
        assert text in done.stdout
    assert fingerprint(tree.root) == before
    assert [path.name for path in tree.root.iterdir()] == ["docker"]


def test_it_adopts_and_tells_what_it_told_when_asked_again(tree: RegistryTree, config: str) -> None:
    tree.data(tree.blob("hello", b"layer").digest).unlink()
    first = run("entrepot", "adopt", config)
    assert first.returncode == 1, "two images lack a blob"
    assert "2 repositories, 2 tags, 2 manifests and 1 blob" in first.stdout
    assert "missing-blob (2)" in first.stdout
    again = run("entrepot", "adopt", config)
    assert again.returncode == 0, "nothing new was found"
    assert "already adopted" in again.stdout
    assert "missing-blob (2)" in again.stdout


def test_many_findings_are_cut_short_for_people_and_whole_in_json(
    tree: RegistryTree, config: str
) -> None:
    for number in range(25):
        tree.upload("hello", f"upload-{number:02}", b"")
    said = run("entrepot", "adopt", "--dry-run", config).stdout
    assert "unfinished-upload (26)" in said
    assert "and 16 more; --json lists all" in said
    document = json.loads(run("entrepot", "adopt", "--dry-run", "--json", config).stdout)
    assert len(document["findings"]) == document["notes"] == 26
    assert document["problems"] == 0
    assert [row["name"] for row in document["repositories"]] == ["deep/er/hello", "hello"]


@pytest.mark.parametrize("before", [True, False])
def test_verifying_finds_damage(tree: RegistryTree, config: str, before: bool) -> None:
    if before:
        assert run("entrepot", "adopt", config).returncode == 0
    layer = tree.blob("hello", b"layer")
    tree.data(layer.digest).write_bytes(b"LAYER")
    done = run("entrepot", "adopt", "--verify", "--json", config)
    assert done.returncode == 1
    document = json.loads(done.stdout)
    assert document["verified"]["damaged"] == [layer.digest]
    assert document["outcome"] == ("adopted-before" if before else "adopted")


def test_a_directory_without_repositories_is_refused_and_nothing_is_made(tmp_path: Path) -> None:
    environ = {"REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY": str(tmp_path / "elsewhere")}
    done = run("entrepot", "adopt", "--defaults", environ=environ)
    assert done.returncode == 78
    assert "elsewhere/docker/registry/v2/repositories is no directory" in done.stderr
    assert not (tmp_path / "elsewhere").exists()


def test_storage_without_files_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "config.yml"
    file.write_text("version: 0.1\nstorage:\n  inmemory:\n")
    done = run("entrepot", "adopt", str(file))
    assert done.returncode == 78
    assert "in memory" in done.stderr


def test_a_terminal_sees_a_bar_and_a_pipe_the_report_alone(config: str) -> None:
    ours, theirs = pty.openpty()
    command = [str(BIN / "entrepot"), "adopt", "--verify", config]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=theirs) as process:
        os.close(theirs)
        assert process.stdout is not None
        said = process.stdout.read().decode()
        seen = b""
        try:
            while more := os.read(ours, 65536):
                seen += more
        except OSError:
            pass  # how a terminal says that its other side is closed
    os.close(ours)
    assert process.returncode == 0
    assert b"repositories" in seen
    assert "is adopted" in said
    assert "\x1b" not in said


def test_nothing_is_adopted_beside_a_running_registry(tree: RegistryTree, config: str) -> None:
    assert run("entrepot", "adopt", config).returncode == 0
    tree.tag("hello", "later", tree.image("hello", tree.blob("hello", b"{}"), []))
    prepare(tree.root)
    with hold(tree.root):
        refused = run("entrepot", "adopt", "--again", config)
        assert refused.returncode == 1
        assert "another registry is running on" in refused.stderr
        assert "already adopted" in run("entrepot", "adopt", config).stdout
        assert run("entrepot", "adopt", "--again", "--dry-run", config).returncode == 0
    assert "3 tags" in run("entrepot", "adopt", "--again", config).stdout
