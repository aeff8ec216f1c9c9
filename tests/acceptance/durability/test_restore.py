"""A registry whose database is lost or damaged goes back to a snapshot, and tells the price."""

import json
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.acceptance.durability.pushes import push_blob, sha256
from tests.acceptance.durability.server import Server, running
from tests.acceptance.harness.paths import ENTREPOT

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"


def push_image(server: Server, name: str, tag: str, *layers: bytes) -> bytes:
    """Push an image; gives its manifest."""
    config = json.dumps({"of": f"{name}:{tag}"}).encode()
    for content in (config, *layers):
        push_blob(server, name, content)
    described = [
        {"mediaType": "application/octet-stream", "digest": sha256(one), "size": len(one)}
        for one in (config, *layers)
    ]
    document = {"schemaVersion": 2, "mediaType": MANIFEST}
    payload = json.dumps(document | {"config": described[0], "layers": described[1:]}).encode()
    put(server, name, tag, payload, MANIFEST)
    return payload


def put(server: Server, name: str, reference: str, payload: bytes, media_type: str) -> None:
    headers = {"Content-Type": media_type}
    answer = server.request("PUT", f"/v2/{name}/manifests/{reference}", payload, headers)
    assert answer.status == 201, answer


@dataclass
class Stock:
    """What was pushed before the snapshot, and where the registry lies."""

    folder: Path
    manifests: dict[str, bytes]
    """By `name:tag`."""
    layers: tuple[bytes, ...]

    @property
    def database(self) -> Path:
        return self.folder / "data/entrepot/metadata.db"

    def run(self, *arguments: str, expect: int = 0) -> str:
        """Run a command with the registry's own configuration."""
        config = ["--config", str(self.folder / "config.yml")]
        ended = subprocess.run(
            [str(ENTREPOT), *arguments, *config],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert ended.returncode == expect, (ended.stdout, ended.stderr)
        return ended.stdout

    def check_everything_pulls(self, server: Server) -> None:
        """Pull every image of the snapshot, byte for byte."""
        for name, payload in self.manifests.items():
            repository, _, tag = name.partition(":")
            for reference in (tag, sha256(payload)):
                answer = server.request("GET", f"/v2/{repository}/manifests/{reference}")
                assert (answer.status, answer.body) == (200, payload), name
            document = json.loads(payload)
            blobs = [document["config"], *document["layers"]] if "config" in document else []
            for blob in blobs:
                got = server.request("GET", f"/v2/{repository}/blobs/{blob['digest']}")
                assert (got.status, sha256(got.body)) == (200, blob["digest"]), name


@pytest.fixture
def stock(tmp_path: Path) -> Stock:
    """A registry that was stopped; a snapshot was taken while it ran, and pushes came after it."""
    layers = tuple(f"layer {number} ".encode() * 2000 for number in range(4))
    manifests = {}
    # Without those that the registry takes by itself, the first right after the start.
    with running(tmp_path, {"backup": {"every": "0"}}) as server:
        for tag in ("1.0", "1.1", "latest"):
            manifests[f"team/app:{tag}"] = push_image(server, "team/app", tag, *layers[:2])
        manifests["other:main"] = push_image(server, "other", "main", *layers[1:3])
        child = manifests["other:main"]
        entry = {"mediaType": MANIFEST, "digest": sha256(child), "size": len(child)}
        index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": [entry]}
        manifests["other:all"] = json.dumps(index).encode()
        put(server, "other", "all", manifests["other:all"], INDEX)
        stock = Stock(tmp_path, manifests, layers)
        assert "2 repositories, 5 tags, 5 manifests" in stock.run("backup")
        push_image(server, "team/app", "latest", layers[3])
        push_image(server, "late", "1", layers[3])
    return stock


def lose(database: Path) -> None:
    for path in database.parent.glob(f"{database.name}*"):
        path.unlink()


def empty(database: Path) -> None:
    lose(database)
    database.touch()


def overwrite_the_beginning(database: Path) -> None:
    content = bytearray(database.read_bytes())
    content[:8192] = b"\xa5" * 8192
    database.write_bytes(content)


def overwrite_the_schema(database: Path) -> None:
    content = bytearray(database.read_bytes())
    content[100:4096] = b"\x5a" * 3996
    database.write_bytes(content)


DAMAGES = [lose, empty, overwrite_the_beginning, overwrite_the_schema]


@pytest.mark.parametrize("damage", DAMAGES)
def test_it_refuses_to_start_and_says_what_to_do_and_then_everything_pulls(
    stock: Stock, damage: Callable[[Path], None]
) -> None:
    damage(stock.database)
    refused = Server(stock.folder, wait=False)
    assert refused.wait_for_end() != 0
    assert "`entrepot restore` puts that one in its place" in refused.log()
    said = stock.run("restore", "--yes")
    assert "2 repositories, 5 tags, 5 manifests" in said
    # A config and a layer were pushed after it.
    assert "Not in the snapshot: 2 stored blobs (" in said
    unreadable = "The previous database cannot be read, so these changes cannot be listed." in said
    assert unreadable == (damage is not lose)
    with running(stock.folder) as server:
        stock.check_everything_pulls(server)
        assert server.request("GET", "/v2/late/tags/list").status == 404
        assert "Traceback" not in server.log()
        config = str(stock.folder / "config.yml")
        checked = subprocess.run(
            [str(ENTREPOT), "check", "--verify", config],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert checked.returncode == 0, checked.stdout
        push_image(server, "late", "1", stock.layers[3])
        assert server.request("GET", "/v2/late/manifests/1").status == 200


def test_tags_that_the_time_between_has_lost_are_named(stock: Stock) -> None:
    said = stock.run("restore", "--yes")
    assert "Lost 2 tags created or moved since the snapshot:" in said
    newest = sha256(stock.manifests["team/app:latest"])
    assert f"is {newest} again" in said
    assert "late:1 was sha256:" in said
    (aside,) = stock.database.parent.glob("metadata.db.before-restore-*Z")
    assert str(aside) in said


def test_images_whose_bytes_are_gone_are_named_and_healed_by_a_push(stock: Stock) -> None:
    encoded = sha256(stock.layers[0]).partition(":")[2]
    blobs = stock.folder / "data/docker/registry/v2/blobs/sha256"
    (blobs / encoded[:2] / encoded / "data").unlink()
    said = stock.run("restore", "--yes", expect=1)
    for tag in ("1.0", "1.1", "latest"):
        assert f"team/app:{tag}" in said
    assert "other:main" not in said
    with running(stock.folder) as server:
        assert server.request("GET", "/v2/team/app/manifests/1.0").status == 200
        path = f"/v2/team/app/blobs/{sha256(stock.layers[0])}"
        assert server.request("GET", path).status == 503
        push_blob(server, "team/app", stock.layers[0])
        stock.check_everything_pulls(server)


def test_it_is_refused_while_a_registry_runs(stock: Stock) -> None:
    with running(stock.folder) as server:
        stock.run("restore", "--yes", expect=1)
        assert server.request("GET", "/v2/late/manifests/1").status == 200


def test_a_damaged_snapshot_is_refused_and_nothing_changes(stock: Stock) -> None:
    (snapshot,) = (stock.folder / "data/entrepot/backups").iterdir()
    content = bytearray(snapshot.read_bytes())
    content[20_000:24_096] = bytes(4096)
    snapshot.write_bytes(content)
    before = stock.database.read_bytes()
    stock.run("restore", "--yes", expect=1)
    assert stock.database.read_bytes() == before
    assert not list(stock.database.parent.glob("*before-restore*"))


def test_blobs_without_a_database_and_without_a_backup_are_never_taken_for_nothing(
    stock: Stock,
) -> None:
    for snapshot in (stock.folder / "data/entrepot/backups").iterdir():
        snapshot.unlink()
    lose(stock.database)
    refused = Server(stock.folder, wait=False)
    assert refused.wait_for_end() != 0
    assert "there is no backup of it" in refused.log()
    assert not stock.database.exists()


def test_a_snapshot_elsewhere_is_restored_by_its_file(stock: Stock, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere.db"
    stock.run("backup", "--to", str(elsewhere))
    stock.run("backup", "--to", str(elsewhere), expect=78)
    lose(stock.database)
    stock.run("restore", str(elsewhere), "--yes")
    with running(stock.folder) as server:
        assert server.request("GET", "/v2/late/manifests/1").status == 200
