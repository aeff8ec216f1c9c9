"""A directory that Docker Registry 2.8.2 wrote: every image pulls, and no byte of it changes."""

import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from tests.acceptance.harness import old_registry, tree
from tests.acceptance.harness.containers import ContainerTools
from tests.acceptance.harness.crawl import Content, crawl
from tests.acceptance.harness.dockerd import Dockerd
from tests.acceptance.harness.images import HELLO
from tests.acceptance.harness.paths import ENTREPOT, NEXT_RELEASE
from tests.acceptance.harness.process import run
from tests.acceptance.harness.registry import Registry, plain_settings
from tests.acceptance.harness.stored import blob_file

PORT = 5101
COPY = ("copy", "--all", "--preserve-digests", "--src-tls-verify=false")


@dataclass(frozen=True)
class OldDirectory:
    """What Docker Registry left, and what it served from it."""

    path: Path
    content: Content
    files: dict[str, str]


@pytest.fixture(scope="module")
def old(
    dockerd: Dockerd, tools: ContainerTools, tmp_path_factory: pytest.TempPathFactory
) -> OldDirectory:
    work = tmp_path_factory.mktemp("adoption")
    with old_registry.start(dockerd, work / "data") as running:
        old_registry.fill(running, dockerd, tools, work)
        content = crawl(running.wire)
    return OldDirectory(work / "data", content, tree.digests(work / "data"))


@pytest.fixture(scope="module")
def adopted(dockerd: Dockerd, old: OldDirectory) -> Iterator[Registry]:
    with Registry(dockerd.namespace, old.path, port=PORT) as running:
        yield running


def adopt(old: OldDirectory, *options: str) -> str:
    config = old.path.with_suffix(f".{old_registry.PORT}.yml")
    return run([ENTREPOT, "adopt", *options, config])


def test_a_dry_run_lists_what_is_there_and_writes_nothing(old: OldDirectory) -> None:
    said = adopt(old, "--dry-run")
    for repository in ("hello-world", "deep/er/path/hello", "lists/docker", "lists/oci"):
        assert repository in said
    (upload,) = (old.path / "docker/registry/v2/repositories/hello-world/_uploads").iterdir()
    assert upload.name in said, "the unfinished upload is listed"
    assert tree.digests(old.path) == old.files


def test_everything_is_served_byte_for_byte(old: OldDirectory, adopted: Registry) -> None:
    assert crawl(adopted.wire) == old.content


def test_nothing_of_the_old_directory_changed(old: OldDirectory, adopted: Registry) -> None:
    assert crawl(adopted.wire).manifests
    now = tree.digests(old.path)
    assert {name: now.get(name) for name in old.files} == old.files
    new_files = [name for name in set(now) - set(old.files) if now[name] != "directory"]
    assert {name.split("/")[0] for name in new_files} == {"entrepot"}


def test_images_of_every_kind_are_copied_whole(
    old: OldDirectory, adopted: Registry, tools: ContainerTools, tmp_path: Path
) -> None:
    # Not an index of layers, nor one of artifacts: this skopeo forgets an entry's artifactType.
    no_images = re.compile(r"cache:main|signed:sha256-[0-9a-f]{64}")
    tagged = [name for name in old.content.manifests if "@" not in name]
    images = [name for name in tagged if not no_images.fullmatch(name)]
    assert len(images) < len(tagged)
    for number, name in enumerate(images):
        source = f"docker://{adopted.address}/{name}"
        directory = tmp_path / str(number)
        tools.skopeo(*COPY, source, f"dir:{directory}")
        manifest = tree.digests(directory)["manifest.json"]
        assert f"sha256:{manifest}" == old.content.manifests[name][1], name


def test_an_adopted_image_runs(dockerd: Dockerd, adopted: Registry) -> None:
    for name in ("deep/er/path/hello:edge", "lists/docker:all", "lists/oci:all"):
        image = f"{adopted.address}/{name}"
        assert HELLO in dockerd.docker("run", "--rm", "--network=none", image)


def test_referrers_kept_under_a_fallback_tag_are_found(
    old: OldDirectory, adopted: Registry, dockerd: Dockerd
) -> None:
    subject = old.content.manifests["signed:latest"][1]
    answer = adopted.wire.request("GET", f"/v2/signed/referrers/{subject}")
    assert [one["artifactType"] for one in answer.json()["manifests"]] == [old_registry.SBOM]
    cosign = [str(NEXT_RELEASE / "usr/bin/cosign"), "verify", "--allow-http-registry"]
    key = old.path.parent / "cosign.pub"
    checks = ["--insecure-ignore-tlog", f"--key={key}", f"{adopted.address}/signed@{subject}"]
    said = dockerd.run([*cosign, *checks])
    assert json.loads(said)[0]["critical"]["image"]["docker-manifest-digest"] == subject


def test_pushes_go_on_where_docker_registry_stopped(dockerd: Dockerd, adopted: Registry) -> None:
    name = f"{adopted.address}/hello-world:after"
    dockerd.docker("tag", "hello-world", name)
    assert "Layer already exists" in dockerd.docker("push", name)
    assert sorted(adopted.wire.tags("hello-world")) == ["1.0", "after", "latest"]


def test_verifying_finds_a_blob_that_is_not_what_its_name_says(
    old: OldDirectory, tmp_path: Path
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(old.path, copy)
    victim = next(iter(old.content.blobs)).partition("@")[2]
    data = blob_file(copy, victim)
    data.write_bytes(bytes([data.read_bytes()[0] ^ 1]) + data.read_bytes()[1:])
    config = tmp_path / "config.yml"
    config.write_text(yaml.safe_dump(plain_settings(copy, PORT)))

    assert victim not in adopt(old, "--dry-run", "--verify")
    command: list[str | Path] = [ENTREPOT, "adopt", "--dry-run", "--verify", config]
    assert victim in run(command, expect=None)
