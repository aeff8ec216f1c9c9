"""One directory, served by Docker Registry, then Entrepot, then Docker Registry, then Entrepot."""

from pathlib import Path

import pytest

from tests.acceptance.harness.crawl import crawl
from tests.acceptance.harness.namespace import Namespace
from tests.acceptance.harness.paths import DOCKER_REGISTRY, DOCKER_REGISTRY_3, ENTREPOT
from tests.acceptance.harness.process import run
from tests.acceptance.harness.pushing import push_image, sha256
from tests.acceptance.harness.registry import Registry
from tests.acceptance.harness.stored import blob_file

PORT, OLD_PORT = 5102, 5103
PEERS = [
    pytest.param(DOCKER_REGISTRY, id="2.8.2"),
    pytest.param(DOCKER_REGISTRY_3, id="3.1.2", marks=pytest.mark.go),
]


class Directory:
    """A directory, and the two programs that serve it in turn."""

    def __init__(self, host: Namespace, path: Path, peer: str | Path) -> None:
        self.host, self.path, self.peer = host, path, peer

    def docker_registry(self) -> Registry:
        return Registry(self.host, self.path, port=OLD_PORT, command=[self.peer, "serve"])

    def entrepot(self) -> Registry:
        return Registry(self.host, self.path, port=PORT)

    def tell(self, *arguments: str, expect: int | None = 0) -> str:
        """Run one of Entrepot's commands, which no registry needs to run for."""
        config = ["--config", str(self.path.with_suffix(f".{PORT}.yml"))]
        return run([ENTREPOT, *arguments, *config], expect=expect)

    def collect_as_docker_registry_does(self, *options: str) -> None:
        run([self.peer, "garbage-collect", *options, self.path.with_suffix(f".{OLD_PORT}.yml")])


@pytest.fixture(params=PEERS)
def directory(request: pytest.FixtureRequest, host: Namespace, tmp_path: Path) -> Directory:
    return Directory(host, tmp_path / "data", request.param)


def test_what_each_has_done_in_its_time_is_there_in_the_end(directory: Directory) -> None:
    with directory.docker_registry() as old:
        for tag in ("kept", "moved", "dropped here", "dropped there"):
            push_image(old.wire, "app", tag.replace(" ", "-"), tag.encode())
    with directory.entrepot() as new:
        pushed_here = push_image(new.wire, "app", "here", b"pushed to Entrepot")
        dropped_here = new.wire.manifest("app", "dropped-here").digest
        path = f"/v2/app/manifests/{dropped_here}"
        assert new.wire.request("DELETE", path).status == 202
    with directory.docker_registry() as old:
        moved = push_image(old.wire, "app", "moved", b"pushed to Docker Registry")
        push_image(old.wire, "later/app", "1", b"in a repository of its own")
        dropped_there = old.wire.manifest("app", "dropped-there").digest
        path = f"/v2/app/manifests/{dropped_there}"
        assert old.wire.request("DELETE", path).status == 202

    # Before any start, nothing that was pushed meanwhile is taken for garbage.
    said = directory.tell("check", expect=None)
    assert "changed-directory" in said
    assert "later/app" in said
    directory.tell("gc", "--now", "--grace", "0", "--adopted")
    for layer in (b"pushed to Docker Registry", b"in a repository of its own"):
        assert blob_file(directory.path, sha256(layer)).exists()

    with directory.entrepot() as new:
        assert sorted(new.wire.tags("app")) == ["here", "kept", "moved"]
        content = crawl(new.wire)
        assert content.manifests["app:here"][1] == pushed_here
        assert content.manifests["app:moved"][1] == moved
        assert "later/app:1" in content.manifests
        for digest in (dropped_here, dropped_there):
            assert new.wire.manifest("app", digest).status == 404
        assert (
            "changes that Docker Registry has made since the adoption were adopted"
            in new.daemon.log.read_text()
        )
        directory.tell("gc", "--now", "--grace", "0")
        assert crawl(new.wire) == content
    assert "changed-directory" not in directory.tell("check", "--verify")


def test_what_docker_registrys_collector_takes_is_not_served_and_healed_by_a_push(
    directory: Directory,
) -> None:
    layer = b"pushed to Entrepot alone"
    with directory.docker_registry() as old:
        push_image(old.wire, "app", "theirs", b"theirs")
    with directory.entrepot() as new:
        push_image(new.wire, "app", "ours", layer)
    directory.collect_as_docker_registry_does()
    assert not blob_file(directory.path, sha256(layer)).exists(), "the warning in the docs is stale"
    with directory.docker_registry() as old:
        push_image(old.wire, "app", "theirs", b"theirs, too")

    with directory.entrepot() as new:
        assert new.wire.request("HEAD", f"/v2/app/blobs/{sha256(layer)}").status == 404
        assert new.wire.blob("app", sha256(layer)).status == 503
        assert "lost-blob" in directory.tell("adopt", expect=None)
        push_image(new.wire, "app", "ours", layer)
        assert sorted(new.wire.tags("app")) == ["ours", "theirs"]
        assert len(crawl(new.wire).blobs) == 3
