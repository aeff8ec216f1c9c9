"""`proxy:` as Docker Registry has it: the whole registry mirrors a second one, under its names."""

import http.client
import json
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from entrepot.oci.digest import Digest
from tests.unit.cli.program import run
from tests.unit.services.mirror.images import image
from tests.waiting import PATIENCE
from tests.wire.harness.server import Registry
from tests.wire.test_mirror_workers import ask

LAYER, LATER = (random.Random(seed).randbytes(300_000) for seed in (1, 2))
FIRST, SECOND = image(LAYER), image(LATER)
NAME = "team/app"


def push(registry: Registry, tag: str, layer: bytes) -> None:
    for blob in (layer, b"{}"):
        path = f"/v2/{NAME}/blobs/uploads/?digest={Digest.of(blob)}"
        ask(registry, "POST", path, blob, content_length=str(len(blob)))
    manifest = image(layer)
    path = f"/v2/{NAME}/manifests/{tag}"
    ask(registry, "PUT", path, manifest.payload, content_type=manifest.media_type)


@pytest.fixture
def upstream(tmp_path: Path) -> Iterator[Registry]:
    folder = tmp_path / "upstream"
    folder.mkdir()
    registry = Registry(folder, {"server": {"workers": 1}})
    registry.start()
    push(registry, "v1", LAYER)
    yield registry
    registry.kill()


@pytest.fixture
def mirror(upstream: Registry, tmp_path: Path) -> Iterator[Registry]:
    registry = Registry(tmp_path, {"proxy": {"remoteurl": f"http://{upstream.authority}"}})
    registry.start()
    yield registry
    assert registry.stop() == 0


def status_of(registry: Registry, method: str, path: str) -> tuple[int, str, bytes]:
    connection = http.client.HTTPConnection(registry.authority, timeout=PATIENCE)
    connection.request(method, path)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, answer.getheader("Warning", ""), body


def test_what_the_upstream_has_is_served_under_its_own_names(
    mirror: Registry, upstream: Registry
) -> None:
    assert ask(mirror, "GET", f"/v2/{NAME}/manifests/v1") == FIRST.payload
    assert ask(mirror, "GET", f"/v2/{NAME}/blobs/{Digest.of(LAYER)}") == LAYER
    # A tag is compared each time.
    push(upstream, "v1", LATER)
    assert ask(mirror, "GET", f"/v2/{NAME}/manifests/v1") == SECOND.payload
    upstream.kill()
    status, warning, payload = status_of(mirror, "GET", f"/v2/{NAME}/manifests/v1")
    assert (status, payload) == (200, SECOND.payload)
    assert warning.startswith("110")
    assert ask(mirror, "GET", f"/v2/{NAME}/manifests/{FIRST.digest}") == FIRST.payload
    assert ask(mirror, "GET", f"/v2/{NAME}/blobs/{Digest.of(LAYER)}") == LAYER


def test_nobody_pushes_into_it(mirror: Registry) -> None:
    status, _, body = status_of(mirror, "POST", f"/v2/{NAME}/blobs/uploads/")
    assert status == 405
    assert "mirrors another registry" in json.loads(body)["errors"][0]["message"]
    assert status_of(mirror, "POST", "/v2/mine/blobs/uploads/")[0] == 405


def test_what_it_keeps_is_told(mirror: Registry, upstream: Registry) -> None:
    ask(mirror, "GET", f"/v2/{NAME}/manifests/v1")
    told = run("entrepot", "cache", "status", "--json", "--config", str(mirror.configuration))
    (status,) = json.loads(told.stdout)
    assert (status["host"], status["manifests"]) == (upstream.authority, 1)
    assert status["maxage"] == 168 * 3600
