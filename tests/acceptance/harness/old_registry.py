"""A directory as Docker Registry 2.8.2 writes it, filled by real clients."""

import hashlib
import json
from pathlib import Path

from tests.acceptance.harness.containers import INSECURE, ContainerTools
from tests.acceptance.harness.dockerd import Dockerd
from tests.acceptance.harness.images import context
from tests.acceptance.harness.paths import DOCKER_REGISTRY, NEXT_RELEASE
from tests.acceptance.harness.registry import Registry
from tests.acceptance.harness.wire import Wire

PORT = 5100
SBOM = "application/spdx+json"
INDEX = "application/vnd.oci.image.index.v1+json"
CACHE_CONFIG = b'{"layers":[],"records":[]}'


def start(dockerd: Dockerd, directory: Path) -> Registry:
    """Debian's docker-registry on its own port, with deletion enabled."""
    command = [DOCKER_REGISTRY, "serve"]
    return Registry(dockerd.namespace, directory, port=PORT, command=command)


def fill(old: Registry, dockerd: Dockerd, tools: ContainerTools, work: Path) -> None:
    """Push one of everything that is found in the field."""
    _push_single_images(old, dockerd)
    _push_docker_list(old, dockerd, context(work / "list"))
    _push_oci_index(old, tools, context(work / "index"))
    _sign_and_attach(old, dockerd, work)
    _push_cache_index(old.wire)
    _delete_one(old, dockerd, tools)
    _leave_an_upload(old.wire)


def _push_single_images(old: Registry, dockerd: Dockerd) -> None:
    for name in ("hello-world", "hello-world:1.0", "deep/er/path/hello:edge"):
        dockerd.docker("tag", "hello-world", f"{old.address}/{name}")
        dockerd.docker("push", f"{old.address}/{name}")


def _push_docker_list(old: Registry, dockerd: Dockerd, directory: Path) -> None:
    name = f"{old.address}/lists/docker"
    members = []
    for platform in ("amd64", "arm64"):
        member = f"{name}:{platform}"
        build = ["docker", "build", "--quiet", f"--platform=linux/{platform}", f"--tag={member}"]
        dockerd.run([*build, directory], env={"DOCKER_BUILDKIT": "1"})
        dockerd.docker("push", member)
        members.append(member)
    dockerd.docker("manifest", "create", "--insecure", f"{name}:all", *members)
    dockerd.docker("manifest", "push", "--insecure", f"{name}:all")


def _push_oci_index(old: Registry, tools: ContainerTools, directory: Path) -> None:
    platforms = "--platform=linux/amd64,linux/arm64"
    tools.buildah("bud", "--isolation=chroot", platforms, "--manifest=adopted", directory)
    target = f"docker://{old.address}/lists/oci:all"
    tools.buildah("manifest", "push", INSECURE, "--all", "--format=oci", "adopted", target)
    tools.buildah("rmi", "--all", "--force")


def _sign_and_attach(old: Registry, dockerd: Dockerd, work: Path) -> None:
    """2.8.2 has no referrers API: both clients fall back to tags named after the subject."""
    dockerd.docker("tag", "hello-world", f"{old.address}/signed")
    dockerd.docker("push", f"{old.address}/signed")
    subject = f"{old.address}/signed@{old.wire.manifest('signed', 'latest').digest}"
    env = {"COSIGN_PASSWORD": "old", "HOME": str(work)}
    bin_directory = NEXT_RELEASE / "usr/bin"
    keyless = ["--yes", "--tlog-upload=false", "--allow-http-registry", "--key=cosign.key"]
    for arguments in (["generate-key-pair"], ["sign", *keyless, subject]):
        dockerd.run([bin_directory / "cosign", *arguments], env=env, cwd=work)
    (work / "sbom.json").write_text('{"spdxVersion": "SPDX-2.3"}')
    attach = ["attach", "--plain-http", f"--artifact-type={SBOM}", subject, "sbom.json"]
    dockerd.run([bin_directory / "oras", *attach], env=env, cwd=work)


def _push_cache_index(wire: Wire) -> None:
    """What BuildKit's registry cache pushes: an index whose entries are blobs."""
    entries = []
    for media_type, data in (
        ("application/vnd.oci.image.layer.v1.tar+gzip", b"a cached layer"),
        ("application/vnd.buildkit.cacheconfig.v0", CACHE_CONFIG),
    ):
        digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
        place = wire.request("POST", "/v2/cache/blobs/uploads/").headers["location"]
        path = "/v2/" + place.split("/v2/", 1)[1]
        query = f"{'&' if '?' in path else '?'}digest={digest}"
        assert wire.request("PUT", f"{path}{query}", data).status == 201
        entries.append({"mediaType": media_type, "digest": digest, "size": len(data)})
    index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": entries}
    answer = wire.request(
        "PUT", "/v2/cache/manifests/main", json.dumps(index).encode(), {"Content-Type": INDEX}
    )
    assert answer.status == 201, answer


def _delete_one(old: Registry, dockerd: Dockerd, tools: ContainerTools) -> None:
    for name in (f"{old.address}/deleted:gone", f"{old.address}/emptied:gone"):
        dockerd.docker("tag", "hello-world", name)
        dockerd.docker("push", name)
        tools.skopeo("delete", INSECURE, f"docker://{name}")
    dockerd.docker("tag", "hello-world", f"{old.address}/deleted:kept")
    dockerd.docker("push", f"{old.address}/deleted:kept")


def _leave_an_upload(wire: Wire) -> None:
    """A client that went away after its first chunk."""
    place = wire.request("POST", "/v2/hello-world/blobs/uploads/").headers["location"]
    path = "/v2/" + place.split("/v2/", 1)[1]
    assert wire.request("PATCH", path, b"the beginning of a layer").status == 202
