"""Reads one repository's folder: all of it, or what has changed since it was read before.

What is newer than the newest link of that time was written since. What is older and not known was
deleted here, or left out for a reason, and stays so. But what a newer manifest refers to is taken
however old its link is: Docker Registry does not write a link anew that is there already.
"""

from collections.abc import Iterator
from itertools import chain

from entrepot.oci.digest import Digest
from entrepot.oci.manifest import Role
from entrepot.oci.name import RepositoryName
from entrepot.ports.adoption import Finding, FindingKind, TreeMark
from entrepot.ports.foreign import ForeignRegistry, Link, RemovedLink, TagLink
from entrepot.ports.metadata import NewManifest
from entrepot.services.adoption.manifests import read_manifest


class FolderReading:
    """One reading of a repository's folder. All of it waits for the disk.

    Args:
        source: the other registry's directory.
        name: of the repository.
        since: only what was written after it is taken, and what that refers to; None takes all. By
            the clock of the file system, in microseconds since 1970, as links have it.

    Attributes:
        newest: when the newest link was written, of those that were read so far.
        tags: names of the folders of tags, of those that were read so far.
        removed: manifests that were deleted since.
    """

    def __init__(self, source: ForeignRegistry, name: RepositoryName, since: int | None) -> None:
        self._source = source
        self._name = name
        self._since = since
        self._fingerprint = ""
        self._manifests: set[Digest] = set()
        self._needed: set[Digest] = set()
        self.newest = since or 0
        self.tags: set[str] = set()
        self.removed: list[Digest] = []

    @property
    def mark(self) -> TreeMark:
        """What the folder looked like, once everything was read."""
        return TreeMark(self._fingerprint, self.newest)

    def prepare(self) -> None:
        """Look at the folder before anything is read of it; find what newer manifests need."""
        self._fingerprint = self._source.fingerprint(self._name)
        if self._since is None:
            return
        links = {
            link.digest: link
            for link in self._source.revisions(self._name)
            if isinstance(link, Link)
        }
        waiting = [link for link in links.values() if self._is_newer(link)]
        while waiting:
            link = waiting.pop()
            if link.digest in self._manifests:
                continue
            self._manifests.add(link.digest)
            found = read_manifest(self._source, self._name, link)
            for edge in found.manifest.edges if isinstance(found, NewManifest) else ():
                digest = edge.descriptor.digest
                self._needed.add(digest)
                if edge.role is Role.MANIFEST and digest in links:
                    waiting.append(links[digest])

    def pass_over(self) -> None:
        """Take nothing of it, and find out what its mark is."""
        self.prepare()
        for link in chain(self.layers(), self.revisions(), self.tag_links()):
            del link

    def is_copied(self, known_tags: set[str]) -> bool:
        """Tell whether all is newer, also what was there before: a copy that lost the times.

        Args:
            known_tags: tags that were there before.
        """
        if self._since is None:
            return False
        for link in chain(self._source.layers(self._name), self._source.revisions(self._name)):
            if isinstance(link, Link) and not self._is_newer(link):
                return False
        was_here = False
        for tag in self._source.tags(self._name):
            if isinstance(tag, TagLink):
                if not self._is_newer(tag):
                    return False
                was_here = was_here or tag.tag in known_tags
        return was_here

    def layers(self) -> Iterator[Link | Finding]:
        """List the blobs that are to be taken."""
        for link in self._source.layers(self._name):
            if isinstance(link, Finding) or self._is_newer(link) or link.digest in self._needed:
                yield link

    def revisions(self) -> Iterator[Link | Finding]:
        """List the manifests that are to be taken."""
        for link in self._source.revisions(self._name):
            if isinstance(link, RemovedLink):
                if self._is_newer(link) and self._since is not None:
                    self.removed.append(link.digest)
            elif (
                isinstance(link, Finding) or self._is_newer(link) or link.digest in self._manifests
            ):
                yield link

    def tag_links(self) -> Iterator[TagLink | Finding]:
        """List the tags that are to be taken."""
        for link in self._source.tags(self._name):
            if isinstance(link, Finding):
                # Its folder is there: a broken link is not a deleted tag.
                self.tags.add(link.reference)
                if self._since is None or link.kind is not FindingKind.DANGLING_TAG:
                    yield link
            else:
                self.tags.add(link.tag)
                if self._is_newer(link):
                    yield link

    def _is_newer(self, link: Link | RemovedLink | TagLink) -> bool:
        self.newest = max(self.newest, link.modified_at)
        return self._since is None or link.modified_at > self._since
