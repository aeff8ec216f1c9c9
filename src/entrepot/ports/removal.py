"""What deleting, restoring and retaining ask of the metadata.

Times are microseconds since 1970, UTC.
"""

from dataclasses import dataclass
from typing import Protocol

from entrepot.oci.digest import Digest
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Tag

DEFAULT_HISTORY = 100
"""Lines of history that each tag keeps, where nobody says otherwise."""


@dataclass(frozen=True, slots=True)
class TagState:
    """Where a tag points.

    Attributes:
        manifest: number of the manifest, good within one transaction.
        digest: of the manifest.
        updated_at: when it was last pushed.
        pulled_at: when the manifest was last pulled; None for never.
    """

    manifest: int
    digest: Digest
    updated_at: int
    pulled_at: int | None


@dataclass(frozen=True, slots=True)
class DatedTag:
    """A tag with its times.

    Attributes:
        tag: its name.
        digest: of the manifest that it points to.
        pushed_at: when it was pushed last, even where it stayed where it was.
        pulled_at: when the manifest was last pulled, by whatever name; None for never.
        accessory_of: the beginning of the digest of the manifest that the tag is an accessory of,
            as a signature is; None for all others.
    """

    tag: Tag
    digest: Digest
    pushed_at: int
    pulled_at: int | None
    accessory_of: str | None = None


@dataclass(frozen=True, slots=True)
class TagChange:
    """A line of a tag's history.

    Attributes:
        number: rises with time; pages begin behind one.
        old_digest: where the tag pointed before; None where it did not exist.
        new_digest: where it pointed then; None where it was deleted.
        caller: who did it; empty for somebody unknown.
        changed_at: when.
    """

    number: int
    old_digest: Digest | None
    new_digest: Digest | None
    caller: str
    changed_at: int


@dataclass(frozen=True, slots=True)
class RemovedManifest:
    """A manifest that was removed, and whose blobs may be there still.

    Attributes:
        digest: what it was known by.
        media_type: what it was served as.
        payload: its bytes.
        pushed_at: when it was pushed last.
    """

    digest: Digest
    media_type: str
    payload: bytes
    pushed_at: int


class DatedTags(Protocol):
    """Lists tags with their times. Everything raises MetadataOutage when the database fails."""

    async def dated_tags(self, name: RepositoryName, after: str, limit: int) -> list[DatedTag]:
        """List a repository's tags in byte order, in a page that begins behind a name."""
        ...

    async def indexes_with(self, name: RepositoryName, digest: Digest, limit: int) -> list[Digest]:
        """List indexes of a repository that have a manifest as their child."""
        ...


class TagHistory(Protocol):
    """Reads the history of tags. Everything raises MetadataOutage when the database fails."""

    async def changes(
        self, name: RepositoryName, tag: Tag, before: int | None, limit: int
    ) -> list[TagChange]:
        """List the changes of a tag, newest first.

        Args:
            name: of the repository.
            tag: which need not exist any more.
            before: the number behind which the page begins; None for the newest.
            limit: changes at most.
        """
        ...

    async def removed(self, name: RepositoryName, digest: Digest) -> RemovedManifest | None:
        """Find a manifest that was removed and can be brought back."""
        ...

    async def forget(self, before: int, limit: int) -> int:
        """Remove lines that are older than a moment, oldest first; tell how many.

        Args:
            before: lines from before this moment go.
            limit: lines at most; fewer removed than this says that there are no more.
        """
        ...


class HiddenRepositories(Protocol):
    """Removes what is left of deleted repositories, in small steps."""

    async def drain(self, limit: int) -> bool:
        """Remove some rows of one of them, in one transaction; False when there is none left.

        Args:
            limit: rows of each kind at most.
        """
        ...


class Removal(Protocol):
    """What a transaction offers for it."""

    async def tag(self, repository: int, tag: Tag) -> TagState | None:
        """Find where a tag points."""
        ...

    async def tag_names(self, repository: int, after: str, limit: int) -> list[str]:
        """List tags in byte order, behind one of them."""
        ...

    async def tags_of(self, repository: int, digest: Digest) -> list[str]:
        """List the tags that point to a manifest."""
        ...

    async def find_manifest(self, repository: int, digest: Digest) -> int | None:
        """Find a manifest's number."""
        ...

    async def indexes_with(self, repository: int, digest: Digest, limit: int) -> list[Digest]:
        """List indexes of the repository that have a manifest as their child."""
        ...

    async def children(self, repository: int, digest: Digest) -> list[Digest]:
        """List the children of an index that the repository has as manifests."""
        ...

    async def is_held(self, repository: int, digest: Digest) -> bool:
        """Tell whether a tag, an index, or the manifest that it is about, keeps a manifest."""
        ...

    async def tag_changes(self, repository: int, tag: Tag, limit: int) -> list[TagChange]:
        """List the changes of a tag, newest first."""
        ...

    async def hide_repository(self, repository: int, now: int) -> None:
        """Delete a repository: nobody sees it from now on; its rows go by `drain`."""
        ...
