"""`entrepot cache`, beside a running mirror of a second registry."""

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from entrepot.oci.digest import Digest
from entrepot.ports.upstream import RemoteManifest
from tests.unit.cli.program import run
from tests.unit.services.mirror.images import image, index
from tests.wire.harness.server import Registry
from tests.wire.test_mirror_workers import ask

LAYERS = {name: random.Random(name).randbytes(300_000) for name in ("amd64", "arm64", "later")}
AMD64, ARM64 = image(LAYERS["amd64"]), image(LAYERS["arm64"])
BOTH = index(AMD64, ARM64, architectures=("amd64", "arm64"))
LATER = image(LAYERS["later"])
NAME = "team/app"
HERE = f"up.example/{NAME}"


def push(registry: Registry, manifest: RemoteManifest, reference: str) -> None:
    path = f"/v2/{NAME}/manifests/{reference}"
    ask(registry, "PUT", path, manifest.payload, content_type=manifest.media_type)


@pytest.fixture
def upstream(tmp_path: Path) -> Iterator[Registry]:
    folder = tmp_path / "upstream"
    folder.mkdir()
    registry = Registry(folder, {"server": {"workers": 1}})
    registry.start()
    for blob in (*LAYERS.values(), b"{}"):
        path = f"/v2/{NAME}/blobs/uploads/?digest={Digest.of(blob)}"
        ask(registry, "POST", path, blob, content_length=str(len(blob)))
    for child in (AMD64, ARM64):
        push(registry, child, child.digest)
    push(registry, BOTH, "1")
    push(registry, LATER, "2")
    yield registry
    registry.kill()


@pytest.fixture
def mirror(upstream: Registry, tmp_path: Path) -> Iterator[Registry]:
    url = f"http://{upstream.authority}"
    proxies = [{"host": "up.example", "remoteurl": url, "maxsize": "100KiB", "maxage": "30d"}]
    registry = Registry(tmp_path, {"proxies": proxies})
    registry.start()
    yield registry
    assert registry.stop() == 0


def cache(registry: Registry, *arguments: str) -> Any:
    done = run("entrepot", "cache", *arguments, "--json", "--config", str(registry.configuration))
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


def test_an_image_that_was_fetched_on_purpose_is_there_without_the_upstream(
    mirror: Registry, upstream: Registry
) -> None:
    (warmed,) = cache(mirror, "warm", f"{HERE}:1")
    assert warmed == {
        "image": f"{HERE}:1",
        "manifests": 3,
        "blobs": 3,
        "fetched": 600_002,
        "bytes": 600_002,
        "skipped": [],
    }
    (again,) = cache(mirror, "warm", f"{HERE}:1")
    assert (again["blobs"], again["fetched"]) == (3, 0)
    upstream.kill()
    assert ask(mirror, "GET", f"/v2/{HERE}/manifests/1") == BOTH.payload
    for architecture in ("amd64", "arm64"):
        layer = LAYERS[architecture]
        assert ask(mirror, "GET", f"/v2/{HERE}/blobs/{Digest.of(layer)}") == layer


def test_only_some_platforms_are_fetched(mirror: Registry) -> None:
    (warmed,) = cache(mirror, "warm", f"{HERE}:1", "--platform", "linux/arm64")
    assert (warmed["manifests"], warmed["skipped"]) == (2, ["linux/amd64"])
    assert warmed["fetched"] == 300_002


def test_the_status_tells_what_is_kept_and_what_goes_first(mirror: Registry) -> None:
    (empty,) = cache(mirror, "status")
    assert (empty["host"], empty["bytes"], empty["oldest"]) == ("up.example", 0, None)
    cache(mirror, "warm", f"{HERE}:1", f"{HERE}:2")
    (status,) = cache(mirror, "status")
    assert (status["repositories"], status["tags"], status["manifests"]) == (1, 2, 4)
    assert status["blobs"] == 4
    assert status["maxsize"] == 100 * 1024
    first = {each["image"] for each in status["next"]}
    assert f"{HERE}@{LATER.digest}" in first
    assert all(each["due"] for each in status["next"])  # it is larger than it may be
    config = str(mirror.configuration)
    shown = run("entrepot", "cache", "status", "--config", config).stdout.splitlines()
    assert shown[0].split()[0] == "HOST"
    assert shown[1].split()[0] == "up.example"
    assert shown[2].startswith("goes first: up.example/team/app@sha256:")


def test_images_are_purged_by_a_pattern(mirror: Registry, upstream: Registry) -> None:
    cache(mirror, "warm", f"{HERE}:1", f"{HERE}:2")
    found = {"manifests": [f"{HERE}@{LATER.digest}"], "removed": False}
    assert cache(mirror, "purge", "up.example/**:2", "--dry-run") == found
    assert cache(mirror, "purge", "**:2", "--yes") == {**found, "removed": True}
    assert cache(mirror, "status")[0]["tags"] == 1
    assert ask(mirror, "GET", f"/v2/{HERE}/manifests/2") == LATER.payload  # fetched again
    assert len(cache(mirror, "purge", HERE, "--yes")["manifests"]) == 4
    assert cache(mirror, "status")[0]["manifests"] == 0


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("warm", "elsewhere/app:1"), 1, "elsewhere/app:1 is not mirrored"),
        (("warm", f"{HERE}:nothing"), 1, "has no manifest nothing"),
        (("warm", f"{HERE}@sha256:1"), 1, "is no image"),
        (("warm", f"{HERE}:1", "--platform", "arm64"), 2, "expected OS/ARCH"),
        (("purge", "A/**", "--yes"), 2, "is no pattern of repositories"),
    ],
)
def test_what_cannot_be_done_is_said(
    mirror: Registry, arguments: tuple[str, ...], code: int, told: str
) -> None:
    done = run("entrepot", "cache", *arguments, "--config", str(mirror.configuration))
    assert done.returncode == code
    assert told in " ".join(done.stderr.replace("│", " ").split())


def test_without_mirrors_there_is_no_cache(tmp_path: Path) -> None:
    done = run("entrepot", "cache", "status", "--defaults", cwd=tmp_path)
    assert done.returncode == 78
    assert done.stderr == "error: nothing is mirrored: proxies in config.yml names registries\n"
