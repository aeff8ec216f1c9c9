"""docker, ctr, podman and skopeo pull through a mirror of two registries, also when those are gone.

Each client reaches it in its own way: docker's registry-mirrors, containerd's hosts.toml, podman's
registries.conf, and a longer name.
"""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.harness.containers import INSECURE, ContainerTools
from tests.acceptance.harness.dockerd import Dockerd
from tests.acceptance.harness.paths import DOCKER_REGISTRY
from tests.acceptance.harness.registry import Registry
from tests.acceptance.harness.workshop import docker_host
from tests.waiting import tries

HUB, OTHER, MIRROR = 5100, 5101, 5055
ADDRESS = f"127.0.0.1:{MIRROR}"
SETTINGS = {
    "proxies": [
        # A tag is compared at every pull, so that one is served stale as soon as they are gone.
        {
            "host": "docker.io",
            "remoteurl": f"http://127.0.0.1:{HUB}",
            "default": True,
            "ttl": "0s",
        },
        {"host": "up.example", "remoteurl": f"http://127.0.0.1:{OTHER}", "ttl": "0s"},
    ]
}
HOSTS = f"""\
server = "https://{{host}}"
[host."http://{ADDRESS}"]
capabilities = ["pull", "resolve"]
"""
CONF = f"""\
[[registry]]
location = "{{host}}"
[[registry.mirror]]
location = "{ADDRESS}/{{host}}"
insecure = true
"""
# What each upstream has.
IMAGES = {"docker.io": "library/hello-world", "up.example": "team/app"}


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dockerd]:
    with docker_host(tmp_path_factory.mktemp("mirror") / "engine") as running:
        running.configure(**{"registry-mirrors": [f"http://{ADDRESS}"]})
        for _ in tries("dockerd does not read its configuration"):
            if ADDRESS in running.docker("info", "--format={{.RegistryConfig.Mirrors}}"):
                break
            time.sleep(0.1)
        yield running


def pull_docker(engine: Dockerd, reference: str) -> None:
    """Pull into storage that has nothing of it."""
    held = set(engine.docker("images", "--quiet", "--no-trunc").split())
    if held:
        engine.docker("rmi", "--force", *held)
    engine.docker("pull", reference)


def pull_all(engine: Dockerd, work: Path, digest: str) -> None:
    """Every client pulls what it can reach, by tag and by digest, into fresh storage."""
    work.mkdir()
    for end in (":latest", f"@{digest}"):
        pull_docker(engine, f"hello-world{end}")
        for host, name in IMAGES.items():
            hosts = work / "hosts" / host
            hosts.mkdir(parents=True, exist_ok=True)
            (hosts / "hosts.toml").write_text(HOSTS.format(host=host))
            reference = f"{host}/{name}{end}"
            namespace = f"--namespace={work.name}-{len(end)}"
            ctr = ["ctr", namespace, "images", "pull", f"--hosts-dir={hosts.parent}", reference]
            engine.run(ctr)
            # containerd shares content between namespaces: it goes before the next pull.
            engine.run(["ctr", namespace, "images", "rm", "--sync", reference])
    tools = ContainerTools(engine.namespace, work / "tools")
    try:
        conf = work / "registries.conf"
        conf.write_text("".join(CONF.format(host=host) for host in IMAGES))
        for host, name in IMAGES.items():
            for number, end in enumerate((":latest", f"@{digest}")):
                podman = ["podman", "pull", f"{host}/{name}{end}"]
                tools.run(podman, env={"CONTAINERS_REGISTRIES_CONF": str(conf)})
                tools.run(["podman", "rmi", "--all", "--force"])
                target = f"dir:{work / f'{host}-{number}'}"
                source = f"docker://{ADDRESS}/{host}/{name}{end}"
                tools.skopeo("copy", "--src-tls-verify=false", source, target)
    finally:
        tools.remove()


def test_what_was_pulled_once_is_pulled_when_the_upstreams_are_gone(
    engine: Dockerd, tmp_path: Path
) -> None:
    serve = [DOCKER_REGISTRY, "serve"]
    host = engine.namespace
    with Registry(host, tmp_path / "mirror", port=MIRROR, settings=SETTINGS) as mirror:
        with (
            Registry(host, tmp_path / "hub", port=HUB, command=serve) as hub,
            Registry(host, tmp_path / "other", port=OTHER) as other,
        ):
            for upstream, name in zip((hub, other), IMAGES.values(), strict=True):
                engine.docker("tag", "hello-world", f"{upstream.address}/{name}")
                engine.docker("push", f"{upstream.address}/{name}")
            digest = hub.wire.manifest(IMAGES["docker.io"], "latest").digest
            assert other.wire.manifest(IMAGES["up.example"], "latest").digest == digest
            pull_all(engine, tmp_path / "before", digest)
        pull_all(engine, tmp_path / "after", digest)

        # Images are pushed beside what is mirrored, and never into it.
        engine.docker("tag", f"hello-world@{digest}", f"{ADDRESS}/own/app")
        engine.docker("push", f"{ADDRESS}/own/app")
        assert mirror.wire.tags("own/app") == ["latest"]
        into = f"{ADDRESS}/up.example/team/app:mine"
        engine.docker("tag", f"hello-world@{digest}", into)
        assert "up.example/team/app mirrors another registry" in engine.refused("push", into)

        tools = ContainerTools(host, tmp_path / "tools")
        try:
            new = f"docker://{ADDRESS}/up.example/team/app:new"
            said = tools.skopeo("inspect", INSECURE, new, expect=1)
        finally:
            tools.remove()
        assert "503 Service Unavailable" in said
        answer = mirror.wire.manifest("up.example/team/app", "new")
        assert answer.status == 503
        assert f"127.0.0.1:{OTHER} cannot be reached".encode() in answer.body
