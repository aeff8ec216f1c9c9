"""Reads an OCI image layout (image-spec image-layout.md), in a directory or a tar."""

import json
from collections.abc import Iterator
from typing import Any

from entrepot.drivers.filesystem.import_files import Files, OpenedFile, read_file
from entrepot.errors import InvalidDigest
from entrepot.oci.digest import Digest
from entrepot.oci.image_name import ImageName, parse_docker_name, parse_ref_name
from entrepot.ports.transfer import Root, Unusable

INDEX = "index.json"
_REF_NAME = "org.opencontainers.image.ref.name"
# Docker and containerd write the whole name here, and only the tag into the other one.
_IMAGE_NAME = "io.containerd.image.name"
_INDEX_BYTES = 256 * 1024 * 1024


class OciLayoutSource:
    """Implements `ImportSource`.

    Args:
        files: of the layout.
    """

    def __init__(self, files: Files) -> None:
        self._files = files
        self._listed: set[Digest] = set()

    def roots(self) -> Iterator[Root | Unusable]:
        """List what is to be imported: the entries of index.json."""
        content = read_file(self._files, INDEX, _INDEX_BYTES)
        try:
            document = json.loads(content or b"")
            entries = document["manifests"]
        except (ValueError, KeyError, TypeError):
            yield Unusable(INDEX, "it is not the index of an OCI image layout")
            return
        found = [_root(entry) for entry in entries] if isinstance(entries, list) else []
        self._listed = {root.digest for root in found if isinstance(root, Root)}
        yield from found

    def lists(self, repository: str | None, digest: Digest) -> bool:
        """Tell whether a manifest stands in index.json."""
        return digest in self._listed

    def payload(self, digest: Digest, limit: int) -> bytes | None:
        """Read a manifest; None when it is not there, or longer than a limit in bytes."""
        return read_file(self._files, _path(digest), limit)

    def open(self, digest: Digest) -> OpenedFile | None:
        """Open a blob; None when it is not there."""
        return self._files.open(_path(digest))

    def close(self) -> None:
        """Let go of the source."""
        self._files.close()


def _root(entry: Any) -> Root | Unusable:
    if not isinstance(entry, dict):
        return Unusable(INDEX, "it lists something that is not a descriptor")
    try:
        digest = Digest.parse(str(entry.get("digest")))
    except InvalidDigest as error:
        return Unusable(str(entry.get("digest"))[:200], error.message)
    name = _name(entry.get("annotations"))
    media_type = entry.get("mediaType")
    return Root(
        name.repository, name.tag, digest, media_type if isinstance(media_type, str) else ""
    )


def _name(annotations: Any) -> ImageName:
    known = annotations if isinstance(annotations, dict) else {}
    docker, plain = known.get(_IMAGE_NAME), known.get(_REF_NAME)
    if isinstance(docker, str) and docker:
        return parse_docker_name(docker)
    if isinstance(plain, str) and plain:
        return parse_ref_name(plain)
    return ImageName(None, None)


def _path(digest: Digest) -> str:
    return f"blobs/{digest.algorithm}/{digest.hex}"
