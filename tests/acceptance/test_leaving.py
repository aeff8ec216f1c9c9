"""Leaving for Docker Registry and for OCI tools, and coming from them: every byte, every tag."""

import hashlib
import json
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.acceptance.harness import old_registry
from tests.acceptance.harness.containers import ContainerTools
from tests.acceptance.harness.crawl import Content, crawl
from tests.acceptance.harness.dockerd import Dockerd
from tests.acceptance.harness.images import HELLO
from tests.acceptance.harness.paths import ENTREPOT
from tests.acceptance.harness.process import run
from tests.acceptance.harness.registry import Registry
from tests.acceptance.harness.workshop import docker_host

PORT, BACK = 5120, 5121
INDEX = "application/vnd.oci.image.index.v1+json"


@dataclass(frozen=True)
class Stock:
    """A registry that real clients have filled, and what it serves."""

    registry: Registry
    content: Content
    untagged: dict[str, bytes]
    """Manifests that no tag leads to, by `repository@digest`."""

    def run(self, *arguments: str | Path, expect: int = 0) -> str:
        config = self.registry.directory.with_suffix(f".{self.registry.port}.yml")
        return run([ENTREPOT, *arguments, "--config", config], expect=expect)


@pytest.fixture(scope="module")
def stock(
    dockerd: Dockerd, tools: ContainerTools, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stock]:
    work = tmp_path_factory.mktemp("leaving")
    with Registry(dockerd.namespace, work / "data", port=PORT) as running:
        old_registry.fill(running, dockerd, tools, work)
        wire = running.wire
        subject = wire.manifest("signed", "latest").digest
        listed = wire.request("GET", f"/v2/signed/referrers/{subject}").json()["manifests"]
        untagged = {
            f"signed@{one['digest']}": wire.manifest("signed", one["digest"]).body for one in listed
        }
        # What a client keeps that finds no referrers API: an index under a tag.
        fallback = {"schemaVersion": 2, "mediaType": INDEX, "manifests": listed}
        answer = wire.request(
            "PUT",
            f"/v2/signed/manifests/{subject.replace(':', '-')}",
            json.dumps(fallback).encode(),
            {"Content-Type": INDEX},
        )
        assert answer.status == 201, answer
        yield Stock(running, crawl(wire), untagged)


@pytest.fixture(scope="module")
def tree(stock: Stock, tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("export") / "tree"
    assert "manifests" in stock.run("export", directory)
    return directory


@pytest.fixture(scope="module")
def layout(stock: Stock, tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("export") / "layout"
    stock.run("export", directory, "--format", "oci")
    return directory


def check_untagged(stock: Stock, registry: Registry) -> None:
    assert stock.untagged
    for name, payload in stock.untagged.items():
        repository, _, digest = name.partition("@")
        assert registry.wire.manifest(repository, digest).body == payload, name


def test_docker_registry_serves_the_export_as_it_is(
    stock: Stock, tree: Path, dockerd: Dockerd
) -> None:
    assert any("sha256-" in name for name in stock.content.manifests)
    with old_registry.start(dockerd, tree) as served:
        assert crawl(served.wire) == stock.content
        check_untagged(stock, served)
        for name, (_, digest) in stock.content.manifests.items():
            repository = name.partition("@")[0].rpartition(":")[0] or name.partition("@")[0]
            pulled = served.wire.manifest(repository, digest)
            assert (pulled.status, pulled.digest) == (200, digest), name
        image = f"{served.address}/hello-world:1.0"
        dockerd.docker("pull", image)
        assert HELLO in dockerd.docker("run", "--rm", "--network=none", image)


def test_blobs_of_the_export_take_no_room_twice(stock: Stock, tree: Path) -> None:
    pattern = "docker/registry/v2/blobs/sha256/*/*/data"
    here = {path.stat().st_ino for path in stock.registry.directory.glob(pattern)}
    there = {path.stat().st_ino for path in tree.glob(pattern)}
    assert len(here & there) == len(here)


@pytest.mark.parametrize("form", ["tree", "layout", "tar"])
def test_the_way_back_keeps_every_byte_and_tag(
    stock: Stock,
    tree: Path,
    layout: Path,
    dockerd: Dockerd,
    tmp_path: Path,
    form: str,
) -> None:
    source = tree if form == "tree" else layout
    if form == "tar":
        source = tmp_path / "layout.tar"
        with tarfile.open(source, "w") as archive:
            archive.add(layout, ".")
    with Registry(dockerd.namespace, tmp_path / "back", port=BACK) as back:
        other = Stock(back, stock.content, stock.untagged)
        other.run("import", source)
        assert crawl(back.wire) == stock.content
        check_untagged(stock, back)
        config = back.directory.with_suffix(f".{BACK}.yml")
        assert "No problems found" in run([ENTREPOT, "check", "--verify", config])


def test_skopeo_reads_the_layout(
    stock: Stock, layout: Path, tools: ContainerTools, tmp_path: Path
) -> None:
    # It passes over images of Docker's media types in a layout, and over artifacts.
    images = ("lists/oci:all",)
    for number, name in enumerate(images):
        target = tmp_path / str(number)
        tools.skopeo("copy", "--all", "--preserve-digests", f"oci:{layout}:{name}", f"dir:{target}")
        digest = hashlib.sha256((target / "manifest.json").read_bytes()).hexdigest()
        assert f"sha256:{digest}" == stock.content.manifests[name][1]


def test_an_archive_of_docker_save_can_be_pulled(
    stock: Stock, dockerd: Dockerd, tmp_path: Path
) -> None:
    archive = tmp_path / "save.tar"
    dockerd.docker("tag", "hello-world", "saved/hello:old")
    dockerd.docker("save", f"--output={archive}", "saved/hello:old", "hello-world")
    said = stock.run("import", archive)
    assert "2 tags" in said
    name = f"{stock.registry.address}/saved/hello:old"
    dockerd.docker("pull", name)
    assert HELLO in dockerd.docker("run", "--rm", "--network=none", name)


def test_an_archive_of_the_next_releases_docker_keeps_its_digests(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    work = tmp_path_factory.mktemp("modern")
    with docker_host(work / "engine", modern=True) as modern:
        archive = work / "save.tar"
        modern.docker("save", f"--output={archive}", "hello-world")
        with tarfile.open(archive) as opened:
            index = opened.extractfile("index.json")
            assert index is not None
            digests = {entry["digest"] for entry in json.load(index)["manifests"]}
        with Registry(modern.namespace, work / "data", port=PORT) as running:
            Stock(running, Content(), {}).run("import", archive)
            assert running.wire.manifest("hello-world", "latest").digest in digests
            name = f"{running.address}/hello-world"
            modern.docker("pull", name)
            assert HELLO in modern.docker("run", "--rm", "--network=none", name)
            # And the other way: docker load takes an archive of the layout.
            layout, loaded = work / "layout", work / "layout.tar"
            Stock(running, Content(), {}).run("export", layout, "--format", "oci")
            with tarfile.open(loaded, "w") as packed:
                packed.add(layout, ".")
            assert "Loaded image" in modern.docker("load", f"--input={loaded}")


def test_what_a_registry_of_another_kind_has_is_refused_by_name(
    stock: Stock, tmp_path: Path
) -> None:
    (tmp_path / "something").write_text("else")
    said = stock.run("export", tmp_path, expect=78)
    assert "is not empty" in said
    assert [path.name for path in tmp_path.iterdir()] == ["something"]
