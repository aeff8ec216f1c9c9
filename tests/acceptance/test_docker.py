"""docker: push, pull, pull -a, several tags, big layers."""

from pathlib import Path

from tests.acceptance.harness.dockerd import Dockerd
from tests.acceptance.harness.images import HELLO, context, incompressible
from tests.acceptance.harness.registry import Registry

BIG = 48 * 1024 * 1024


def test_what_is_pushed_comes_back_and_runs(dockerd: Dockerd, registry: Registry) -> None:
    name = f"{registry.address}/team/hello"
    dockerd.docker("tag", "hello-world", name)
    pushed = dockerd.docker("push", name)
    dockerd.docker("rmi", name)
    pulled = dockerd.docker("pull", name)
    assert HELLO in dockerd.docker("run", "--rm", "--network=none", name)
    digest = registry.wire.manifest("team/hello", "latest").digest
    assert digest in pushed
    assert digest in pulled


def test_a_second_push_sends_no_layer(dockerd: Dockerd, registry: Registry) -> None:
    first, second = f"{registry.address}/again/one", f"{registry.address}/again/two"
    for name in (first, first, second):
        dockerd.docker("tag", "hello-world", name)
        said = dockerd.docker("push", name)
    assert "Layer already exists" in dockerd.docker("push", first)
    assert "Mounted from again/one" in said or "Layer already exists" in said


def test_all_tags_are_pulled(dockerd: Dockerd, registry: Registry) -> None:
    name = f"{registry.address}/several"
    tags = ["1", "1.0", "1.0.0", "edge", "Upper_Case.x"]
    for tag in tags:
        dockerd.docker("tag", "hello-world", f"{name}:{tag}")
    dockerd.docker("push", "--all-tags", name)
    dockerd.docker("rmi", *(f"{name}:{tag}" for tag in tags))
    dockerd.docker("pull", "--all-tags", name)
    assert sorted(dockerd.docker("images", "--format={{.Tag}}", name).split()) == sorted(tags)
    assert sorted(registry.wire.tags("several")) == sorted(tags)


def test_a_moved_tag_is_followed(dockerd: Dockerd, registry: Registry, tmp_path: Path) -> None:
    name = f"{registry.address}/moving:latest"
    dockerd.docker("tag", "hello-world", name)
    dockerd.docker("push", name)
    old = registry.wire.manifest("moving", "latest").digest
    text = 'FROM hello-world\nCMD ["/bin/busybox", "echo", "second"]\n'
    dockerd.docker("build", "--quiet", "--tag", name, context(tmp_path, text))
    dockerd.docker("push", name)
    dockerd.docker("rmi", name)
    assert "second" in dockerd.docker("run", "--rm", "--network=none", name)
    by_digest = f"{registry.address}/moving@{old}"
    assert HELLO in dockerd.docker("run", "--rm", "--network=none", by_digest)


def test_big_layers_come_back_whole(dockerd: Dockerd, registry: Registry, tmp_path: Path) -> None:
    name = f"{registry.address}/big"
    directory = context(tmp_path, "FROM hello-world\nCOPY first /first\nCOPY second /second\n")
    for layer in ("first", "second"):
        incompressible(directory / layer, BIG, seed=layer)
    dockerd.docker("build", "--quiet", "--tag", name, directory)
    dockerd.docker("push", name)
    dockerd.docker("rmi", name)
    dockerd.docker("image", "prune", "--force")
    sums = dockerd.docker(
        "run", "--rm", "--network=none", name, "/bin/busybox", "sha256sum", "/first", "/second"
    )
    kept = dockerd.run(["sha256sum", "first", "second"], cwd=directory)
    assert [line.split()[0] for line in sums.splitlines()[-2:]] == [
        line.split()[0] for line in kept.splitlines()
    ]


def test_what_is_not_there_is_said_plainly(dockerd: Dockerd, registry: Registry) -> None:
    said = dockerd.refused("pull", f"{registry.address}/never/pushed")
    assert "not found" in said or "manifest unknown" in said
    dockerd.docker("tag", "hello-world", f"{registry.address}/there")
    dockerd.docker("push", f"{registry.address}/there")
    assert "manifest unknown" in dockerd.refused("pull", f"{registry.address}/there:other")
