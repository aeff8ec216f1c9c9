"""oras: artifacts that are no images, what is attached to them, and how it is found again."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.acceptance.harness.images import incompressible
from tests.acceptance.harness.namespace import Namespace
from tests.acceptance.harness.paths import NEXT_RELEASE
from tests.acceptance.harness.registry import Registry

Oras = Callable[..., str]
PLAIN = ["--plain-http"]
KIND = "application/vnd.example.parts.v1"
SBOM = "application/spdx+json"
SCAN = "application/vnd.example.scan.v1"


@pytest.fixture
def oras(host: Namespace, tmp_path: Path) -> Oras:
    def run(*arguments: str) -> str:
        program = str(NEXT_RELEASE / "usr/bin/oras")
        home = {"HOME": str(tmp_path / "home")}
        plain = ["--from-plain-http", "--to-plain-http"] if arguments[0] == "cp" else PLAIN
        return host.run([program, *arguments, *plain], cwd=tmp_path, env=home)

    return run


@pytest.fixture
def artifact(oras: Oras, registry: Registry, tmp_path: Path, request: pytest.FixtureRequest) -> str:
    """A pushed artifact of two files, in a repository named after the test."""
    (tmp_path / "notes.txt").write_text("some notes\n")
    incompressible(tmp_path / "weights.bin", 12 * 1024 * 1024, seed="weights")
    name = f"{registry.address}/oras/{request.node.name.replace('_', '-')}:v1"
    oras("push", f"--artifact-type={KIND}", name, "notes.txt:text/plain", "weights.bin")
    return name


def referrers(oras: Oras, subject: str, *options: str) -> list[dict[str, str]]:
    found = json.loads(oras("discover", "--format=json", *options, subject))
    return list(found["manifests"])


def test_an_artifact_comes_back(
    oras: Oras, registry: Registry, artifact: str, tmp_path: Path
) -> None:
    oras("pull", f"--output={tmp_path / 'out'}", artifact)
    for name in ("notes.txt", "weights.bin"):
        assert (tmp_path / "out" / name).read_bytes() == (tmp_path / name).read_bytes()
    manifest = json.loads(oras("manifest", "fetch", artifact))
    assert manifest["artifactType"] == KIND
    tags = oras("repo", "tags", artifact.rpartition(":")[0])
    assert tags.split() == ["v1"]
    assert artifact.split("/", 1)[1].rpartition(":")[0] in oras("repo", "ls", registry.address)


def test_what_is_attached_is_discovered(oras: Oras, artifact: str, tmp_path: Path) -> None:
    for kind in (SBOM, SCAN):
        (tmp_path / "report.json").write_text(json.dumps({"kind": kind}))
        oras("attach", f"--artifact-type={kind}", artifact, "report.json:application/json")
    assert sorted(one["artifactType"] for one in referrers(oras, artifact)) == sorted([SBOM, SCAN])
    (only,) = referrers(oras, artifact, f"--artifact-type={SBOM}")
    oras("pull", f"--output={tmp_path / 'out'}", only["reference"])
    assert json.loads((tmp_path / "out/report.json").read_text()) == {"kind": SBOM}


def test_referrers_are_copied_with_their_subject(
    oras: Oras, registry: Registry, artifact: str, tmp_path: Path
) -> None:
    (tmp_path / "report.json").write_text("{}")
    oras("attach", f"--artifact-type={SBOM}", artifact, "report.json:application/json")
    copy = f"{registry.address}/oras/copied:v1"
    oras("cp", "--recursive", artifact, copy)
    (found,) = referrers(oras, copy)
    assert found["artifactType"] == SBOM
    assert found["digest"] == referrers(oras, artifact)[0]["digest"]


def test_blobs_and_manifests_one_by_one(oras: Oras, registry: Registry, tmp_path: Path) -> None:
    name = f"{registry.address}/oras/single"
    (tmp_path / "blob").write_bytes(b"one blob\n")
    pushed = json.loads(oras("blob", "push", "--descriptor", name, "blob"))
    oras("blob", "fetch", f"--output={tmp_path / 'back'}", f"{name}@{pushed['digest']}")
    assert (tmp_path / "back").read_bytes() == b"one blob\n"

    oras("push", f"--artifact-type={KIND}", f"{name}:a", "blob:text/plain")
    oras("tag", f"{name}:a", "b", "c")
    assert sorted(registry.wire.tags("oras/single")) == ["a", "b", "c"]
    oras("manifest", "delete", "--force", f"{name}:a")
    assert registry.wire.tags("oras/single") == []
