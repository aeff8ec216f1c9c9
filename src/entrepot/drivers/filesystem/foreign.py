"""Docker Registry's tree, read for adoption (distribution registry/storage/paths.go).

<root>/docker/registry/v2/
  repositories/NAME/                  NAME has slashes: repositories lie inside each other
    _manifests/revisions/ALG/HEX/link   the repository has this manifest
    _manifests/tags/TAG/current/link    what the tag points to
    _manifests/tags/TAG/index/…         what it once pointed to: not read
    _layers/ALG/HEX/link                the repository has this blob
    _uploads/UUID/data, startedat       an upload that was never finished
  blobs/ALG/xx/HEX/data               the bytes, of manifests too
"""

import errno
import hashlib
import os
from collections.abc import Iterator, Set
from itertools import chain
from pathlib import Path

from entrepot.config.server import MANIFEST_LIMIT
from entrepot.drivers.filesystem.foreign_files import (
    printable,
    read_link,
    refuse,
    status,
    subfolders,
)
from entrepot.drivers.filesystem.foreign_fingerprint import fingerprint
from entrepot.drivers.filesystem.foreign_links import digest_links, tag_links
from entrepot.drivers.filesystem.foreign_walk import (
    LAYERS,
    MANIFESTS,
    UPLOADS,
    repository_folders,
)
from entrepot.drivers.filesystem.layout import Layout
from entrepot.errors import DamagedBlob, InvalidDigest, InvalidName
from entrepot.oci.digest import HEX_LENGTH, Digest
from entrepot.oci.name import RepositoryName
from entrepot.ports.adoption import Finding, FindingKind
from entrepot.ports.blobs import Location
from entrepot.ports.foreign import ForeignBlob, Link, RemovedLink, TagLink


class DockerRegistryTree:
    """Implements `ForeignRegistry`.

    Args:
        root: the root directory, the `rootdirectory` of Docker Registry's configuration.
        manifest_limit: bytes of a manifest that is taken.
    """

    def __init__(self, root: Path, manifest_limit: int = MANIFEST_LIMIT) -> None:
        self.manifest_limit = manifest_limit
        self._layout = Layout(root)
        self._repositories = str(self._layout.repositories)

    def repositories(self) -> Iterator[RepositoryName | Finding]:
        """List repositories, ordered by their components."""
        for folder in repository_folders(self._repositories):
            try:
                yield RepositoryName.parse(folder)
            except InvalidName as error:
                reference = printable(folder)
                yield Finding(FindingKind.UNREADABLE_NAME, "", reference, error.message)

    def layers(self, name: RepositoryName) -> Iterator[Link | Finding]:
        """List the blobs that a repository has."""
        for link in digest_links(f"{self._repositories}/{name}/{LAYERS}", "layer", name):
            if not isinstance(link, RemovedLink):
                yield link

    def revisions(self, name: RepositoryName) -> Iterator[Link | RemovedLink | Finding]:
        """List the manifests that a repository has, and had."""
        folder = f"{self._repositories}/{name}/{MANIFESTS}/revisions"
        return digest_links(folder, "manifest", name)

    def tags(self, name: RepositoryName) -> Iterator[TagLink | Finding]:
        """List a repository's tags."""
        return tag_links(f"{self._repositories}/{name}/{MANIFESTS}/tags", name)

    def uploads(self, name: RepositoryName) -> Iterator[Finding]:
        """List uploads that were never finished."""
        folder = f"{self._repositories}/{name}/{UPLOADS}"
        for upload in subfolders(folder):
            data = status(f"{folder}/{upload}/data")
            started = read_link(f"{folder}/{upload}/startedat")
            size = 0 if data is None else data.st_size
            since = started[0].decode("utf-8", "replace") if started else "an unknown time"
            detail = f"{size} bytes, begun at {since}"
            yield Finding(FindingKind.UNFINISHED_UPLOAD, name, printable(upload), detail)

    def has_tags(self, name: RepositoryName) -> bool:
        """Tell whether there is a folder of tags."""
        return status(f"{self._repositories}/{name}/{MANIFESTS}/tags") is not None

    def fingerprint(self, name: RepositoryName) -> str:
        """Give a text that is another one when something was written or removed there since."""
        return fingerprint(f"{self._repositories}/{name}")

    def named(self, locations: Set[Location]) -> set[Location]:
        """Tell which of these places a link of any repository leads to."""
        found: set[Location] = set()
        for name in self.repositories():
            if isinstance(name, Finding) or len(found) == len(locations):
                continue
            for link in chain(self.layers(name), self.revisions(name), self.tags(name)):
                if isinstance(link, Link | TagLink):
                    location = self._layout.location(link.target)
                    if location in locations:
                        found.add(location)
        return found

    def is_populated(self, name: RepositoryName) -> bool:
        """Tell whether anything was ever finished there."""
        folder = f"{self._repositories}/{name}"
        return any(status(f"{folder}/{mark}") is not None for mark in (MANIFESTS, LAYERS))

    def size(self, location: Location) -> int | None:
        """Tell how many bytes lie at a location; None where nothing does."""
        found = status(self._layout.path(location))
        return None if found is None else found.st_size

    def blob(self, target: Digest) -> ForeignBlob | None:
        """Find a blob's file."""
        location = self._layout.location(target)
        found = status(self._layout.path(location))
        if found is None:
            return None
        return ForeignBlob(location, found.st_size, found.st_mtime_ns // 1000)

    def blobs(self) -> Iterator[tuple[Digest, ForeignBlob] | Finding]:
        """List every blob's file."""
        for algorithm in sorted(HEX_LENGTH):
            folder = f"{self._layout.blobs}/{algorithm}"
            for prefix in sorted(subfolders(folder)):
                for encoded in subfolders(f"{folder}/{prefix}"):
                    try:
                        digest = Digest.parse(f"{algorithm}:{encoded}")
                    except InvalidDigest as error:
                        path = printable(f"blobs/{algorithm}/{prefix}/{encoded}")
                        yield Finding(FindingKind.UNREADABLE_NAME, "", path, error.message)
                        continue
                    blob = self.blob(digest)
                    if blob is not None:
                        yield digest, blob

    def payload(self, target: Digest, limit: int) -> bytes | None:
        """Read a small blob, at most one byte more than a limit; None when it is missing."""
        path = self._layout.path(self._layout.location(target))
        try:
            file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        except OSError as error:
            refuse(path, error)
        try:
            return _read_up_to(file, limit + 1)
        except OSError as error:
            if error.errno != errno.EIO:
                refuse(path, error)
            raise DamagedBlob("the disk cannot give its bytes", {"path": path}) from error
        finally:
            os.close(file)

    def has_digest(self, location: Location, digest: Digest) -> bool:
        """Read a whole blob, and tell whether it has a digest."""
        path = self._layout.path(location)
        try:
            with Path(path).open("rb") as file:
                return hashlib.file_digest(file, digest.algorithm).hexdigest() == digest.hex
        except OSError as error:
            if error.errno in (errno.EIO, errno.ENOENT):
                return False
            refuse(path, error)


def _read_up_to(file: int, size: int) -> bytes:
    content = os.read(file, min(size, os.fstat(file).st_size + 1))
    while len(content) < size:
        more = os.read(file, size - len(content))
        if not more:
            break
        content += more
    return content
