"""A blob whose bytes are gone or wrong is never served, and is asked for again."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.wire.conftest import MakeRegistry
from tests.wire.harness.contents import CONFIG, IMAGE, LAYER
from tests.wire.harness.exchange import Reply, Request
from tests.wire.harness.in_process import InProcess

BLOB = f"/v2/app/blobs/{LAYER.digest}"


def data_file(root: Path) -> Path:
    encoded = LAYER.digest.partition(":")[2]
    return root / "data/docker/registry/v2/blobs/sha256" / encoded[:2] / encoded / "data"


def missing(file: Path) -> None:
    file.unlink()


def cut(file: Path) -> None:
    with file.open("r+b") as opened:
        opened.truncate(file.stat().st_size - 1)


def too_long(file: Path) -> None:
    with file.open("ab") as opened:
        opened.write(b"!")


DAMAGES = [missing, cut, too_long]


@pytest.fixture
def registry(make_registry: MakeRegistry) -> InProcess:
    registry = make_registry({})
    for blob in (CONFIG, LAYER):
        assert upload(registry, "app", blob.digest, blob.payload).status == 201
    headers = (("Content-Type", IMAGE.media_type),)
    put = Request("PUT", "/v2/app/manifests/latest", headers, IMAGE.payload)
    assert registry.send(put).status == 201
    return registry


def upload(registry: InProcess, name: str, digest: str, content: bytes) -> Reply:
    headers = (("Content-Type", "application/octet-stream"),)
    target = f"/v2/{name}/blobs/uploads/?digest={digest}"
    return registry.send(Request("POST", target, headers, content))


def mount(registry: InProcess, name: str, source: str) -> int:
    target = f"/v2/{name}/blobs/uploads/?mount={LAYER.digest}&from={source}"
    return registry.send(Request("POST", target)).status


def check_refused(reply: Reply) -> None:
    assert reply.status == 503, reply.told()
    (error,) = reply.json()["errors"]
    assert error["code"] == "UNAVAILABLE"
    assert LAYER.digest in error["message"]
    assert "pushing it again repairs it" in error["message"]


def check_whole(registry: InProcess) -> None:
    assert registry.send(Request("GET", BLOB)).body == LAYER.payload
    assert registry.send(Request("HEAD", BLOB)).status == 200


@pytest.mark.parametrize("damage", DAMAGES)
def test_the_first_pull_that_finds_damage_puts_it_into_quarantine(
    registry: InProcess, tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    assert registry.send(Request("HEAD", BLOB)).status == 200
    damage(data_file(tmp_path))
    for _ in range(2):
        check_refused(registry.send(Request("GET", BLOB)))
    check_refused(registry.send(Request("GET", BLOB, (("Range", "bytes=0-3"),))))
    cached = (("If-None-Match", f'"{LAYER.digest}"'),)
    check_refused(registry.send(Request("GET", BLOB, cached)))
    assert registry.send(Request("HEAD", BLOB)).status == 404
    assert registry.send(Request("GET", "/v2/app/manifests/latest")).body == IMAGE.payload
    assert registry.send(Request("GET", f"/v2/app/blobs/{CONFIG.digest}")).status == 200


@pytest.mark.parametrize("damage", DAMAGES)
def test_the_next_push_of_the_digest_heals_it_everywhere(
    registry: InProcess, tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    assert mount(registry, "third", "app") == 201
    damage(data_file(tmp_path))
    check_refused(registry.send(Request("GET", BLOB)))
    assert upload(registry, "other", LAYER.digest, LAYER.payload).status == 201
    check_whole(registry)
    for name in ("other", "third"):
        reply = registry.send(Request("GET", f"/v2/{name}/blobs/{LAYER.digest}"))
        assert reply.body == LAYER.payload


def test_it_is_mounted_nowhere_so_that_clients_upload_it(
    registry: InProcess, tmp_path: Path
) -> None:
    cut(data_file(tmp_path))
    check_refused(registry.send(Request("GET", BLOB)))
    assert mount(registry, "other", "app") == 202
    assert mount(registry, "app", "app") == 202
    any_source = f"/v2/other/blobs/uploads/?mount={LAYER.digest}"
    assert registry.send(Request("POST", any_source)).status == 202


def test_a_manifest_that_needs_it_is_taken_again_once_it_is_healed(
    registry: InProcess, tmp_path: Path
) -> None:
    cut(data_file(tmp_path))
    check_refused(registry.send(Request("GET", BLOB)))
    headers = (("Content-Type", IMAGE.media_type),)
    put = Request("PUT", "/v2/app/manifests/again", headers, IMAGE.payload)
    refused = registry.send(put)
    assert (refused.status, refused.json()["errors"][0]["code"]) == (400, "MANIFEST_BLOB_UNKNOWN")
    assert upload(registry, "app", LAYER.digest, LAYER.payload).status == 201
    assert registry.send(put).status == 201
