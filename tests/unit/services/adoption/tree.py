"""Writes a directory exactly as Docker Registry 2.8 does (its registry/storage/paths.go)."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from entrepot.oci.media_type import OCI_INDEX, OCI_MANIFEST

CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"


@dataclass(frozen=True)
class Content:
    """Bytes that were stored."""

    digest: str
    size: int

    def descriptor(self, media_type: str, **more: Any) -> dict[str, Any]:
        return {"mediaType": media_type, "digest": self.digest, "size": self.size, **more}


class RegistryTree:
    """A directory under the hands of Docker Registry."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.registry = root / "docker/registry/v2"

    def data(self, digest: str) -> Path:
        """The file of a blob."""
        algorithm, _, encoded = digest.partition(":")
        return self.registry / "blobs" / algorithm / encoded[:2] / encoded / "data"

    def layer_link(self, name: str, digest: str) -> Path:
        return self._repository(name) / "_layers" / digest.replace(":", "/") / "link"

    def revision_link(self, name: str, digest: str) -> Path:
        folder = self._repository(name) / "_manifests/revisions"
        return folder / digest.replace(":", "/") / "link"

    def tag_folder(self, name: str, tag: str) -> Path:
        return self._repository(name) / "_manifests/tags" / tag

    def blob(self, name: str, content: bytes) -> Content:
        """Push a blob."""
        stored = self._store(content)
        _write(self.layer_link(name, stored.digest), stored.digest)
        return stored

    def alias(self, name: str, content: bytes) -> Content:
        """Push a blob by its sha512: stored by its sha256, and linked by both."""
        stored = self.blob(name, content)
        alias = f"sha512:{hashlib.sha512(content).hexdigest()}"
        _write(self.layer_link(name, alias), stored.digest)
        return Content(alias, stored.size)

    def manifest(self, name: str, document: dict[str, Any] | bytes) -> Content:
        """Push a manifest by its digest."""
        payload = document if isinstance(document, bytes) else json.dumps(document).encode()
        stored = self._store(payload)
        _write(self.revision_link(name, stored.digest), stored.digest)
        return stored

    def image(
        self, name: str, config: Content, layers: Sequence[Content], **fields: Any
    ) -> Content:
        """Push an image's manifest."""
        return self.manifest(
            name,
            {
                "schemaVersion": 2,
                "mediaType": OCI_MANIFEST,
                "config": config.descriptor(CONFIG),
                "layers": [layer.descriptor(LAYER) for layer in layers],
                **fields,
            },
        )

    def index(self, name: str, children: Sequence[dict[str, Any]]) -> Content:
        """Push an index."""
        document = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": list(children)}
        return self.manifest(name, document)

    def tag(self, name: str, tag: str, target: Content) -> None:
        """Point a tag at a manifest."""
        folder = self.tag_folder(name, tag)
        _write(folder / "current/link", target.digest)
        _write(folder / "index" / target.digest.replace(":", "/") / "link", target.digest)

    def upload(self, name: str, upload_id: str, content: bytes) -> None:
        """Begin an upload, and never end it."""
        folder = self._repository(name) / "_uploads" / upload_id
        _write(folder / "data", content.decode())
        _write(folder / "startedat", "2024-05-06T07:08:09Z")

    def _repository(self, name: str) -> Path:
        return self.registry / "repositories" / name

    def _store(self, content: bytes) -> Content:
        digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
        path = self.data(digest)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return Content(digest, len(content))


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def fingerprint(root: Path) -> dict[str, str]:
    """What every file of the tree holds, and its time; folders by name alone."""
    found = {}
    for path in sorted((root / "docker").rglob("*")):
        name = str(path.relative_to(root))
        if path.is_file():
            content = hashlib.sha256(path.read_bytes()).hexdigest()
            found[name] = f"{content} {path.stat().st_mtime_ns}"
        else:
            found[name] = "folder"
    return found
