"""cosign: an image is signed, its signature verified, and a forgery is not."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.acceptance.harness.dockerd import Dockerd
from tests.acceptance.harness.images import context
from tests.acceptance.harness.namespace import Namespace
from tests.acceptance.harness.paths import ENTREPOT, NEXT_RELEASE
from tests.acceptance.harness.process import run
from tests.acceptance.harness.registry import Registry
from tests.waiting import PATIENCE

Cosign = Callable[..., str]
HTTP = "--allow-http-registry"


@pytest.fixture
def cosign(host: Namespace, tmp_path: Path) -> Cosign:
    program = str(NEXT_RELEASE / "usr/bin/cosign")
    env = {"COSIGN_PASSWORD": "correct horse", "HOME": str(tmp_path)}

    def run(*arguments: str, refused: bool = False) -> str:
        expect = None if refused else 0
        return host.run([program, *arguments], cwd=tmp_path, env=env, expect=expect)

    run("generate-key-pair")
    return run


@pytest.fixture
def image(dockerd: Dockerd, registry: Registry, request: pytest.FixtureRequest) -> str:
    """hello-world, pushed to a repository named after the test; its reference by digest."""
    repository = f"cosign/{request.node.name.replace('_', '-')}"
    name = f"{registry.address}/{repository}"
    dockerd.docker("tag", "hello-world", name)
    dockerd.docker("push", name)
    return f"{name}@{registry.wire.manifest(repository, 'latest').digest}"


def test_a_signature_is_found_and_verified(cosign: Cosign, image: str) -> None:
    cosign("sign", HTTP, "--yes", "--tlog-upload=false", "--key=cosign.key", image)
    said = cosign("verify", HTTP, "--insecure-ignore-tlog", "--key=cosign.pub", image)
    assert image.rpartition("@")[2] in said


def test_an_unsigned_image_is_not_verified(cosign: Cosign, image: str) -> None:
    said = cosign("verify", HTTP, "--insecure-ignore-tlog", "--key=cosign.pub", image, refused=True)
    assert "no signatures found" in said


def test_an_attestation_is_found_and_verified(cosign: Cosign, image: str, tmp_path: Path) -> None:
    (tmp_path / "predicate.json").write_text('{"built": "here"}')
    predicate = ("--type=https://example.org/built", "--predicate=predicate.json")
    cosign("attest", HTTP, "--yes", "--tlog-upload=false", "--key=cosign.key", *predicate, image)
    said = cosign(
        "verify-attestation",
        HTTP,
        "--insecure-ignore-tlog",
        "--key=cosign.pub",
        "--type=https://example.org/built",
        image,
    )
    assert "payloadType" in said
    assert "sha256-" in cosign("tree", HTTP, image)


def test_signatures_are_copied_with_the_image(
    cosign: Cosign, image: str, registry: Registry
) -> None:
    cosign("sign", HTTP, "--yes", "--tlog-upload=false", "--key=cosign.key", image)
    target = f"{registry.address}/cosign/copied:1"
    cosign("copy", HTTP, image, target)
    cosign("verify", HTTP, "--insecure-ignore-tlog", "--key=cosign.pub", target)


def test_a_signature_kept_as_a_referrer(
    cosign: Cosign, image: str, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COSIGN_EXPERIMENTAL", "1")
    mode = "--registry-referrers-mode=oci-1-1"
    cosign("sign", HTTP, mode, "--yes", "--tlog-upload=false", "--key=cosign.key", image)
    repository, _, digest = image.split("/", 1)[1].partition("@")
    assert f"{digest.replace(':', '-')}.sig" not in registry.wire.tags(repository)
    cosign(
        "verify",
        HTTP,
        "--experimental-oci11",
        "--insecure-ignore-tlog",
        "--key=cosign.pub",
        image,
    )


RETENTION = {
    "retention": {
        "rules": [
            {"repositories": ["last/**"], "keep": {"last": 2}},
            {"repositories": ["versions/**"], "keep": {"versions": 2}},
        ],
    },
    "gc": {"grace": "1s", "interval": "1s"},
}


@pytest.mark.parametrize("repository", ["last/app", "versions/app"])
def test_retention_drops_an_image_with_its_signatures_and_keeps_those_of_others(
    dockerd: Dockerd, host: Namespace, cosign: Cosign, tmp_path: Path, repository: str
) -> None:
    key = ("--yes", "--tlog-upload=false", "--key=cosign.key")
    (tmp_path / "predicate.json").write_text('{"built": "here"}')
    with Registry(host, tmp_path / "data", port=5057, settings=RETENTION) as registry:
        images = {}
        for version in ("1.0.0", "1.1.0", "1.2.0"):
            name = f"{registry.address}/{repository}:{version}"
            text = f'FROM hello-world\nCMD ["/bin/busybox", "echo", "{version}"]\n'
            directory = context(tmp_path / version, text)
            dockerd.docker("build", "--quiet", "--tag", name, directory)
            dockerd.docker("push", name)
            digest = registry.wire.manifest(repository, version).digest
            images[version] = f"{registry.address}/{repository}@{digest}"
        for image in images.values():
            cosign("sign", HTTP, *key, image)
            cosign("attest", HTTP, *key, "--type=custom", "--predicate=predicate.json", image)
            cosign("attach", "sbom", HTTP, "--sbom=predicate.json", image)
            cosign("sign", HTTP, *key, "--attachment-tag-prefix=ci-", image)
        assert len(registry.wire.tags(repository)) == 15
        config = (tmp_path / "data").with_suffix(".5057.yml")
        said = run([ENTREPOT, "retention", "run", "--config", config])
        assert said.strip().endswith("2 tags kept, 1 removed with 1 manifest.")
        deadline = time.monotonic() + PATIENCE
        while len(registry.wire.tags(repository)) > 10:
            assert time.monotonic() < deadline, registry.wire.tags(repository)
            time.sleep(0.2)
        dropped = images.pop("1.0.0").rpartition("@")[2].replace(":", "-")
        assert not [tag for tag in registry.wire.tags(repository) if dropped in tag]
        for image in images.values():
            cosign("verify", HTTP, "--insecure-ignore-tlog", "--key=cosign.pub", image)
            verify = ("verify-attestation", HTTP, "--insecure-ignore-tlog", "--type=custom")
            cosign(*verify, "--key=cosign.pub", image)
