"""Reads an archive of `docker save` as it was before Docker wrote OCI layouts: manifest.json.

Such an archive has no manifests of a registry: they are made here, from the configuration and the
layers as they lie there, uncompressed mostly. The same archive gives the same manifests.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from entrepot.drivers.filesystem.import_files import Files, OpenedFile, read_file
from entrepot.oci.digest import Digest
from entrepot.oci.image_name import parse_docker_name
from entrepot.oci.media_type import DOCKER_MANIFEST
from entrepot.ports.transfer import Root, Unusable

MANIFEST = "manifest.json"
_CONFIG = "application/vnd.docker.container.image.v1+json"
_LAYER = "application/vnd.docker.image.rootfs.diff.tar"
_GZIP = b"\x1f\x8b"
_SMALL_BYTES = 64 * 1024 * 1024
_READ_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class _Piece:
    """A blob that the archive has."""

    path: str
    digest: Digest
    size: int
    media_type: str

    def described(self) -> dict[str, Any]:
        return {"mediaType": self.media_type, "size": self.size, "digest": self.digest}


class DockerArchiveSource:
    """Implements `ImportSource`.

    Args:
        files: of the archive.
    """

    def __init__(self, files: Files) -> None:
        self._files = files
        self._pieces: dict[str, _Piece] = {}
        self._paths: dict[Digest, str] = {}
        self._payloads: dict[Digest, bytes] = {}

    def roots(self) -> Iterator[Root | Unusable]:
        """List what is to be imported: each image under each of its names."""
        content = read_file(self._files, MANIFEST, _SMALL_BYTES)
        try:
            entries = json.loads(content or b"")
        except ValueError:
            entries = None
        if not isinstance(entries, list):
            yield Unusable(MANIFEST, "it does not list the images of an archive of docker save")
            return
        for entry in entries:
            yield from self._image(entry)

    def lists(self, repository: str | None, digest: Digest) -> bool:
        """Tell whether it is an image of the archive."""
        return digest in self._payloads

    def payload(self, digest: Digest, limit: int) -> bytes | None:
        """Read a manifest; None when it is not there, or longer than a limit in bytes."""
        payload = self._payloads.get(digest)
        return payload if payload is not None and len(payload) <= limit else None

    def open(self, digest: Digest) -> OpenedFile | None:
        """Open a blob; None when it is not there."""
        path = self._paths.get(digest)
        return None if path is None else self._files.open(path)

    def close(self) -> None:
        """Let go of the source."""
        self._files.close()

    def _image(self, entry: Any) -> Iterator[Root | Unusable]:
        config_path = str(entry.get("Config")) if isinstance(entry, dict) else ""
        layers = entry.get("Layers") if isinstance(entry, dict) else None
        if not config_path or not isinstance(layers, list):
            yield Unusable(MANIFEST, "it has an entry that is not an image")
            return
        names = [str(name) for name in entry.get("RepoTags") or []]
        reference = ", ".join(names) or config_path
        config = self._piece(config_path, _CONFIG)
        pieces = [self._piece(str(path), _LAYER) for path in layers]
        missing = [
            path
            for path, piece in zip((config_path, *layers), (config, *pieces), strict=True)
            if piece is None
        ]
        if config is None or missing:
            yield Unusable(reference, f"the archive lacks {', '.join(map(str, missing))}")
            return
        wrong = self._contradiction(config, [piece for piece in pieces if piece is not None])
        if wrong is not None:
            yield Unusable(reference, wrong)
            return
        document = {
            "schemaVersion": 2,
            "mediaType": DOCKER_MANIFEST,
            "config": config.described(),
            "layers": [piece.described() for piece in pieces if piece is not None],
        }
        payload = json.dumps(document, indent=3).encode()
        digest = Digest.of(payload)
        self._payloads[digest] = payload
        for name in names or [""]:
            parsed = parse_docker_name(name) if name else None
            yield Root(
                parsed.repository if parsed else None,
                parsed.tag if parsed else None,
                digest,
                DOCKER_MANIFEST,
            )

    def _piece(self, path: str, media_type: str) -> _Piece | None:
        """Read a file of the archive for its digest; each once."""
        if path in self._pieces:
            return self._pieces[path]
        file = self._files.open(path)
        if file is None:
            return None
        hasher = hashlib.sha256()
        size = 0
        beginning = b""
        while content := file.read(_READ_BYTES):
            beginning = beginning or content[: len(_GZIP)]
            hasher.update(content)
            size += len(content)
        file.close()
        if media_type == _LAYER and beginning == _GZIP:
            media_type += ".gzip"
        piece = _Piece(path, Digest(f"sha256:{hasher.hexdigest()}"), size, media_type)
        self._pieces[path] = piece
        self._paths[piece.digest] = path
        return piece

    def _contradiction(self, config: _Piece, layers: list[_Piece]) -> str | None:
        """Hold the layers against the digests that the configuration gives."""
        content = read_file(self._files, config.path, _SMALL_BYTES)
        try:
            wanted = json.loads(content or b"")["rootfs"]["diff_ids"]
        except (ValueError, KeyError, TypeError):
            return "its configuration does not say which layers it has"
        if not isinstance(wanted, list) or len(wanted) != len(layers):
            return "its configuration has another number of layers"
        for digest, layer in zip(wanted, layers, strict=True):
            if layer.media_type == _LAYER and digest != layer.digest:
                return f"layer {layer.path} has other bytes than the configuration says"
        return None
