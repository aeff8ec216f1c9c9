"""docker manifest: lists of several platforms, made and pushed by the classic client."""

import json
from pathlib import Path

from tests.acceptance.harness.dockerd import Dockerd
from tests.acceptance.harness.images import HELLO, context
from tests.acceptance.harness.registry import Registry

PLATFORMS = ("amd64", "arm64")
LIST = "application/vnd.docker.distribution.manifest.list.v2+json"


def test_a_list_is_pushed_and_the_right_platform_runs(
    dockerd: Dockerd, registry: Registry, tmp_path: Path
) -> None:
    name = f"{registry.address}/lists/hello"
    directory = context(tmp_path)
    members = [f"{name}:{platform}" for platform in PLATFORMS]
    for platform, member in zip(PLATFORMS, members, strict=True):
        build = ["docker", "build", "--quiet", f"--platform=linux/{platform}", f"--tag={member}"]
        dockerd.run([*build, directory], env={"DOCKER_BUILDKIT": "1"})
        dockerd.docker("push", member)
    dockerd.docker("manifest", "create", "--insecure", f"{name}:all", *members)
    digest = dockerd.docker("manifest", "push", "--insecure", f"{name}:all").strip()

    stored = registry.wire.manifest("lists/hello", "all")
    assert stored.headers["content-type"] == LIST
    assert stored.digest == digest == stored.headers["docker-content-digest"]
    children = stored.json()["manifests"]
    assert [child["platform"]["architecture"] for child in children] == list(PLATFORMS)

    seen = dockerd.docker("manifest", "inspect", "--insecure", f"{name}:all")
    assert json.loads(seen) == stored.json()

    dockerd.docker("rmi", *members)
    assert HELLO in dockerd.docker("run", "--rm", "--network=none", f"{name}:all")
    dockerd.docker("rmi", f"{name}:all")
    dockerd.docker("pull", "--platform=linux/arm64", f"{name}:all")
    seen = dockerd.docker("image", "inspect", "--format={{.Architecture}}", f"{name}:all")
    assert seen.strip() == "arm64"
