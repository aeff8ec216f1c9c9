"""ctr: containerd's own client, over plain HTTP."""

from tests.acceptance.harness.dockerd import Dockerd
from tests.acceptance.harness.images import HELLO
from tests.acceptance.harness.registry import Registry


def test_an_image_travels_with_ctr(dockerd: Dockerd, registry: Registry) -> None:
    name = f"{registry.address}/ctr/hello:latest"
    again = f"{registry.address}/ctr/again:latest"
    dockerd.docker("tag", "hello-world", name)
    dockerd.docker("push", name)

    dockerd.run(["ctr", "images", "pull", "--plain-http", name])
    dockerd.run(["ctr", "images", "tag", name, again])
    dockerd.run(["ctr", "images", "push", "--plain-http", again])
    for image in (name, again):
        dockerd.run(["ctr", "images", "remove", image])
    dockerd.run(["ctr", "images", "pull", "--plain-http", again])
    assert HELLO in dockerd.run(["ctr", "run", "--rm", again, "hello-from-ctr"])

    original, copy = (registry.wire.manifest(f"ctr/{at}", "latest") for at in ("hello", "again"))
    assert copy.body == original.body
    dockerd.run(["ctr", "images", "remove", again])
