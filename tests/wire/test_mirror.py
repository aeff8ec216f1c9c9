"""Mirrored repositories on the wire: how they are reached, and what their answers say."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from entrepot.errors import UpstreamOutage
from entrepot.oci.digest import Digest
from tests.unit.services.mirror.images import image, index
from tests.unit.services.mirror.upstreams import MemoryUpstream
from tests.wire.harness.applications import Running
from tests.wire.harness.exchange import Reply, Request
from tests.wire.harness.in_process import LoopThread

LAYER = bytes(range(256)) * 1_000
IMAGE = image(LAYER)
DIGEST = Digest.of(LAYER)


class Mirrored:
    """A registry in this process with mirrors of upstreams in memory."""

    def __init__(self, loop: LoopThread, folder: Path, proxies: list[dict[str, Any]]) -> None:
        self.upstreams: dict[str, MemoryUpstream] = {}

        def connect(address: Any) -> MemoryUpstream:
            upstream = self.upstreams[address.host] = MemoryUpstream()
            upstream.add_manifest(IMAGE, "v1")
            upstream.add_blob(LAYER)
            upstream.add_blob(b"{}")
            return upstream

        self.running = Running(loop, folder, {"proxies": proxies}, connect)

    def ask(self, method: str, target: str, body: bytes | None = None, **headers: str) -> Reply:
        named = tuple((name.replace("_", "-"), value) for name, value in headers.items())
        return self.running.transport.send(Request(method, target, named, body))


Make = Callable[..., Mirrored]


@pytest.fixture
def mirror(tmp_path: Path, loop: LoopThread) -> Iterator[Make]:
    made: list[Mirrored] = []

    def make(*proxies: dict[str, Any]) -> Mirrored:
        made.append(Mirrored(loop, tmp_path / str(len(made)), list(proxies)))
        return made[-1]

    yield make
    for each in made:
        each.running.close()


HUB = {"host": "docker.io", "default": "true"}
QUAY = {"host": "quay.io", "ttl": "0", "deny": ["secret/**"]}


@pytest.mark.parametrize(
    ("path", "answered"),
    [
        ("library/app/manifests/v1?ns=docker.io", "docker.io"),
        ("app/manifests/v1?ns=registry-1.docker.io", "registry-1.docker.io"),
        ("docker.io/library/app/manifests/v1", None),
        ("docker.io/app/manifests/v1", None),
        ("library/app/manifests/v1", None),
        ("app/manifests/v1", None),
        ("app/manifests/v1?ns=nobody.example", None),
    ],
)
def test_every_way_leads_to_the_same_repository(
    mirror: Make, path: str, answered: str | None
) -> None:
    here = mirror(HUB, QUAY)
    for method in ("GET", "HEAD"):
        reply = here.ask(method, f"/v2/{path}")
        assert reply.status == 200, reply.told()
        assert reply.header("oci-namespace") == answered
        assert reply.header("docker-content-digest") == IMAGE.digest
        assert reply.header("warning") is None
    assert reply.header("content-length") == str(len(IMAGE.payload))
    assert here.ask("GET", "/v2/_catalog").json() == {"repositories": ["docker.io/library/app"]}
    assert not here.upstreams["quay.io"].faults.asked


def test_a_layer_is_served_and_kept_and_so_are_its_ranges(mirror: Make) -> None:
    here = mirror(HUB)
    here.ask("GET", "/v2/app/manifests/v1")
    target = f"/v2/docker.io/app/blobs/{DIGEST}"
    head = here.ask("HEAD", target)
    assert (head.status, head.header("content-length")) == (200, str(len(LAYER)))
    part = here.ask("GET", target, range="bytes=200000-200009")
    assert (part.status, part.body) == (206, LAYER[200_000:200_010])
    assert part.header("content-range") == f"bytes 200000-200009/{len(LAYER)}"
    for _ in range(2):
        whole = here.ask("GET", target)
        assert (whole.status, whole.body) == (200, LAYER)
        assert whole.header("docker-content-digest") == DIGEST
    assert here.ask("GET", target, range="bytes=999999-").status == 416
    assert here.upstreams["docker.io"].faults.starts in ([0], [0, 200_000])


def test_own_images_are_served_beside_a_default_upstream(mirror: Make) -> None:
    here = mirror(HUB)
    own = image(b"own")
    # The upstream's are no reason not to upload them.
    assert here.ask("HEAD", f"/v2/app/blobs/{DIGEST}").status == 404
    assert here.ask("GET", f"/v2/app/blobs/{DIGEST}").status == 200
    assert here.ask("HEAD", f"/v2/app/blobs/{DIGEST}").status == 404
    for blob in (b"own", b"{}"):
        target = f"/v2/app/blobs/uploads/?digest={Digest.of(blob)}"
        assert here.ask("POST", target, blob).status == 201
    pushed = here.ask("PUT", "/v2/app/manifests/v1", own.payload, content_type=own.media_type)
    assert pushed.status == 201
    assert here.ask("GET", "/v2/app/manifests/v1").body == own.payload
    assert here.ask("GET", "/v2/app/manifests/v1?ns=docker.io").body == IMAGE.payload
    assert here.ask("GET", "/v2/docker.io/library/app/manifests/v1").body == IMAGE.payload
    assert here.ask("GET", "/v2/app/manifests/v2").status == 404
    tags = here.ask("GET", "/v2/app/tags/list").json()
    assert tags == {"name": "app", "tags": ["v1"]}


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", "manifests/v1"),
        ("POST", "blobs/uploads/"),
        ("POST", f"blobs/uploads/?digest={DIGEST}"),
        ("POST", f"blobs/uploads/?mount={DIGEST}&from=mine"),
        ("PATCH", "blobs/uploads/some-id"),
    ],
)
def test_nobody_pushes_into_a_mirror(mirror: Make, method: str, path: str) -> None:
    here = mirror(HUB)
    reply = here.ask(method, f"/v2/docker.io/library/app/{path}", b"{}")
    assert reply.status == 405, reply.told()
    assert reply.json()["errors"][0]["code"] == "UNSUPPORTED"
    assert "mirrors another registry" in reply.json()["errors"][0]["message"]
    assert reply.header("allow")
    assert here.ask("GET", "/v2/_catalog").json() == {"repositories": []}


def test_what_is_here_is_served_with_a_warning_while_the_upstream_is_away(mirror: Make) -> None:
    here = mirror(QUAY)
    assert here.ask("GET", "/v2/quay.io/app/manifests/v1").status == 200
    here.upstreams["quay.io"].faults.error = UpstreamOutage('it said "no"')
    reply = here.ask("GET", "/v2/quay.io/app/manifests/v1")
    assert (reply.status, reply.body) == (200, IMAGE.payload)
    assert reply.header("warning") == '110 - "Response is stale: it said \\"no\\""'
    by_digest = here.ask("GET", f"/v2/quay.io/app/manifests/{IMAGE.digest}")
    assert (by_digest.status, by_digest.header("warning")) == (200, None)
    assert here.ask("GET", "/v2/quay.io/app/tags/list").json()["tags"] == ["v1"]
    missing = here.ask("GET", "/v2/quay.io/app/manifests/v2")
    assert (missing.status, missing.header("retry-after")) == (503, "1")
    assert here.ask("GET", f"/v2/quay.io/app/blobs/{DIGEST}").status == 503


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("manifests/nowhere", "MANIFEST_UNKNOWN"),
        (f"manifests/{Digest.of(b'nowhere')}", "MANIFEST_UNKNOWN"),
        (f"blobs/{Digest.of(b'nowhere')}", "BLOB_UNKNOWN"),
    ],
)
def test_what_the_upstream_does_not_have_is_unknown(mirror: Make, path: str, code: str) -> None:
    here = mirror(HUB)
    for _ in range(2):
        reply = here.ask("GET", f"/v2/docker.io/library/app/{path}")
        assert reply.status == 404
        assert reply.json()["errors"][0]["code"] == code


def test_what_is_not_to_be_mirrored_is_unknown(mirror: Make) -> None:
    here = mirror(QUAY)
    for path in ("manifests/v1", f"blobs/{DIGEST}", "tags/list"):
        reply = here.ask("GET", f"/v2/quay.io/secret/app/{path}")
        assert reply.status == 404
        assert reply.json()["errors"][0]["code"] == "NAME_UNKNOWN"
    assert not here.upstreams["quay.io"].faults.asked


def test_referrers_are_the_upstreams(mirror: Make) -> None:
    here = mirror(QUAY)
    signature = image(b"signature")
    here.upstreams["quay.io"].indexes[IMAGE.digest] = index(signature, artifact_type="x/y")
    target = f"/v2/quay.io/app/referrers/{IMAGE.digest}"
    listed = here.ask("GET", target).json()["manifests"]
    assert [entry["digest"] for entry in listed] == [signature.digest]
    assert here.ask("GET", f"{target}?artifactType=x/z").json()["manifests"] == []


def test_a_manifest_of_4_mib_is_mirrored(mirror: Make) -> None:
    here = mirror(QUAY)
    largest = image(LAYER, note="x" * (4 * 2**20 - len(IMAGE.payload)))
    assert len(largest.payload) == 4 * 2**20
    here.upstreams["quay.io"].add_manifest(largest, "largest")
    for reference in ("largest", largest.digest):
        reply = here.ask("GET", f"/v2/quay.io/app/manifests/{reference}")
        assert (reply.status, reply.body == largest.payload) == (200, True)
