"""Reads a root directory of Docker Registry for import: nothing in it is changed."""

from collections.abc import Iterator
from pathlib import Path

from entrepot.drivers.filesystem.foreign import DockerRegistryTree
from entrepot.drivers.filesystem.import_files import DirectoryFiles, OpenedFile
from entrepot.drivers.filesystem.layout import Layout
from entrepot.errors import DamagedBlob
from entrepot.oci.digest import Digest
from entrepot.oci.name import RepositoryName
from entrepot.ports.adoption import Finding
from entrepot.ports.foreign import Link, RemovedLink
from entrepot.ports.transfer import Root, Unusable


class DockerTreeSource:
    """Implements `ImportSource`.

    Args:
        root: the root directory.
    """

    def __init__(self, root: Path) -> None:
        self._tree = DockerRegistryTree(root)
        self._files = DirectoryFiles(root)
        self._repositories = Layout(root).repositories
        # What sha512 links lead to, where the bytes lie under sha256.
        self._aliases: dict[Digest, Digest] = {}

    def roots(self) -> Iterator[Root | Unusable]:
        """List what is to be imported: each manifest, and each tag."""
        for name in self._tree.repositories():
            if isinstance(name, Finding):
                yield Unusable(name.reference, name.detail)
                continue
            for layer in self._tree.layers(name):
                if isinstance(layer, Link) and layer.target != layer.digest:
                    self._aliases[layer.digest] = layer.target
            yield from self._manifests(name)
            yield from self._tags(name)

    def lists(self, repository: str | None, digest: Digest) -> bool:
        """Tell whether a repository links a manifest as a revision."""
        revisions = self._repositories / str(repository) / "_manifests/revisions"
        return (revisions / digest.algorithm / digest.hex / "link").is_file()

    def payload(self, digest: Digest, limit: int) -> bytes | None:
        """Read a manifest; None when it is not there, or longer than a limit in bytes."""
        try:
            payload = self._tree.payload(self._aliases.get(digest, digest), limit)
        except DamagedBlob:
            return None
        return payload if payload is not None and len(payload) <= limit else None

    def open(self, digest: Digest) -> OpenedFile | None:
        """Open a blob; None when it is not there."""
        return self._files.open(Layout.location(self._aliases.get(digest, digest)))

    def close(self) -> None:
        """Nothing is open."""

    def _manifests(self, name: RepositoryName) -> Iterator[Root | Unusable]:
        for link in self._tree.revisions(name):
            if isinstance(link, RemovedLink):
                continue
            if isinstance(link, Finding):
                yield Unusable(f"{name}@{link.reference}", link.detail)
                continue
            if link.target != link.digest:
                self._aliases[link.digest] = link.target
            yield Root(name, None, link.digest, "")

    def _tags(self, name: RepositoryName) -> Iterator[Root | Unusable]:
        for tag in self._tree.tags(name):
            if isinstance(tag, Finding):
                yield Unusable(f"{name}:{tag.reference}", tag.detail)
            else:
                yield Root(name, tag.tag, tag.target, "")
