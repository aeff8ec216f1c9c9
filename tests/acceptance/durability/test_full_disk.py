"""A full disk refuses pushes, keeps serving pulls, and heals when there is room again."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.acceptance.durability.disks import Disk, fill, uploads
from tests.acceptance.durability.pushes import (
    begin,
    finish,
    make_manifest,
    push_blob,
    put_manifest,
    sha256,
)
from tests.acceptance.durability.refusals import check_refusal
from tests.acceptance.durability.server import Server
from tests.acceptance.harness.wire import Answer

MEBIBYTE = 1 << 20
LAYER, CONFIG = b"a layer", b"{}"
IMAGE = make_manifest(LAYER, config=CONFIG)
BIG = bytes(8 * MEBIBYTE)


def push_image(server: Server) -> None:
    for content in (LAYER, CONFIG):
        push_blob(server, "a", content)
    assert put_manifest(server, "a", "latest", IMAGE).status == 201


def check_pulls(server: Server) -> None:
    assert server.request("GET", "/v2/a/manifests/latest").body == IMAGE
    assert server.request("GET", f"/v2/a/blobs/{sha256(LAYER)}").body == LAYER


def pieces(content: bytes) -> Iterator[bytes]:
    for at in range(0, len(content), 65536):
        yield content[at : at + 65536]


def check_big_pushes(server: Server, root: Path) -> None:
    """Every way to push more than there is room for is refused, and leaves nothing behind."""
    digest = sha256(BIG)
    whole = server.request("POST", f"/v2/a/blobs/uploads/?digest={digest}", BIG)
    assert "full" in check_refusal(whole, 507)
    assert uploads(root) == []
    ways: list[Callable[[str], Answer]] = [
        lambda location: finish(server, location, digest, BIG),
        lambda location: server.request("PATCH", location, pieces(BIG)),
        lambda location: server.request("PATCH", location, BIG),
    ]
    for send in ways:
        location = begin(server, "a")
        assert "full" in check_refusal(send(location), 507)
        assert uploads(root) == []
        assert server.request("GET", location).status == 404


def manifests_until_full(server: Server) -> list[bytes]:
    """Push manifests until the database finds no room; gives those that were taken."""
    taken: list[bytes] = []
    for number in range(3000):
        payload = IMAGE[:-1] + b', "annotations": {"number": "%2000d"}}' % number
        answer = put_manifest(server, "a", f"n{number}", payload)
        if answer.status != 201:
            check_refusal(answer, 507)
            return taken
        taken.append(payload)
    raise AssertionError("the disk is full, and 3000 manifests found room")


@pytest.mark.parametrize("kind", ["tmpfs", "ext4"])
def test_a_full_disk_refuses_pushes_serves_pulls_and_heals(tmp_path: Path, kind: str) -> None:
    disk = Disk(tmp_path, kind)
    server = disk.serve()
    try:
        root = disk.seen_by(server)
        push_image(server)
        filler = fill(root, leave=3 * MEBIBYTE)
        check_big_pushes(server, root)
        check_pulls(server)
        push_blob(server, "a", b"a small one still fits")
        fill(root, leave=0)
        taken = manifests_until_full(server)
        check_pulls(server)
        filler.unlink()
        assert push_blob(server, "a", BIG) == sha256(BIG)
        assert put_manifest(server, "a", "healed", IMAGE).status == 201
        if kind == "ext4":
            server.kill()
            server = disk.serve()
        check_pulls(server)
        for payload in taken:
            answer = server.request("GET", f"/v2/a/manifests/{sha256(payload)}")
            assert answer.body == payload
        assert server.request("GET", f"/v2/a/blobs/{sha256(BIG)}").body == BIG
        assert uploads(disk.seen_by(server)) == []
        assert "Traceback" not in server.log()
    finally:
        server.stop()


def test_a_disk_that_turns_read_only_refuses_pushes_and_serves_pulls(tmp_path: Path) -> None:
    disk = Disk(tmp_path, "ext4")
    server = disk.serve()
    try:
        push_image(server)
        location = begin(server, "a")
        disk.run(server, ["mount", "-o", "remount,abort", "{}"])
        digest = sha256(b"new")
        query = f"/v2/a/blobs/uploads/?digest={digest}"
        check_refusal(server.request("POST", query, b"new"), 503)
        check_refusal(finish(server, location, digest, b"new"), 503)
        check_refusal(put_manifest(server, "a", "new", IMAGE), 503)
        check_refusal(server.request("DELETE", "/v2/a/manifests/latest"), 503)
        check_pulls(server)
        server.kill()
        server = disk.serve()
        check_pulls(server)
        assert server.request("GET", "/v2/a/tags/list").json()["tags"] == ["latest"]
        assert push_blob(server, "a", b"new") == digest
        assert "Traceback" not in server.log()
    finally:
        server.stop()
