"""Everything that can be pulled from a registry, so that two registries can be compared."""

from dataclasses import dataclass, field
from typing import Any

from tests.acceptance.harness.wire import Wire


@dataclass
class Content:
    """Digests of what was served, computed from the bytes; names as a client asks for them."""

    manifests: dict[str, tuple[str, str]] = field(default_factory=dict)
    """(media type, digest) by `repository:tag` and `repository@digest`."""
    blobs: set[str] = field(default_factory=set)
    """`repository@digest`"""


def crawl(wire: Wire) -> Content:
    """Pull every tag of every repository, and all that hangs on them, byte for byte."""
    content = Content()
    catalogue = wire.request("GET", "/v2/_catalog?n=1000").json()
    for repository in catalogue["repositories"]:
        listed = wire.request("GET", f"/v2/{repository}/tags/list")
        for tag in (listed.json().get("tags") or []) if listed.status == 200 else []:
            _pull(wire, content, repository, tag, f"{repository}:{tag}")
    return content


def _pull(wire: Wire, content: Content, repository: str, reference: str, name: str) -> None:
    answer = wire.manifest(repository, reference)
    assert answer.status == 200, (name, answer)
    assert answer.digest == answer.headers["docker-content-digest"], name
    content.manifests[name] = (answer.headers["content-type"], answer.digest)
    document = answer.json()
    for child in document.get("manifests", []):
        _pull_child(wire, content, repository, child["digest"])
    for descriptor in _blobs_of(document):
        _pull_blob(wire, content, repository, descriptor["digest"])


def _pull_child(wire: Wire, content: Content, repository: str, digest: str) -> None:
    """A manifest, or a blob: the entries of BuildKit's cache are layers."""
    if wire.manifest(repository, digest).status == 200:
        _pull(wire, content, repository, digest, f"{repository}@{digest}")
    else:
        _pull_blob(wire, content, repository, digest)


def _pull_blob(wire: Wire, content: Content, repository: str, digest: str) -> None:
    name = f"{repository}@{digest}"
    if name not in content.blobs:
        answer = wire.blob(repository, digest)
        assert (answer.status, answer.digest) == (200, digest), name
        content.blobs.add(name)


def _blobs_of(document: dict[str, Any]) -> list[dict[str, Any]]:
    config = [document["config"]] if "config" in document else []
    return [*config, *document.get("layers", [])]
