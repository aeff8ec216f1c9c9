"""Coming from elsewhere: images in a directory or an archive of another program's form.

Everything here waits for the disk: call it outside the event loop. Nothing is believed: whoever
takes something checks it against its digest.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from entrepot.oci.digest import Digest


@dataclass(frozen=True, slots=True)
class Root:
    """An image that the source names, or an index, or anything else that has a manifest.

    Attributes:
        repository: where it belongs, as the source says; None where the source does not say.
        tag: its tag there; None for one without.
        digest: of its manifest.
        media_type: of its manifest; empty where the source does not say.
    """

    repository: str | None
    tag: str | None
    digest: Digest
    media_type: str


@dataclass(frozen=True, slots=True)
class Unusable:
    """Something in the source that cannot be taken.

    Attributes:
        reference: what it is: a name, a digest or a path.
        detail: why.
    """

    reference: str
    detail: str


class SourceBlob(Protocol):
    """A blob's bytes, opened."""

    @property
    def size(self) -> int:
        """Bytes that there are."""
        ...

    def read(self, size: int) -> bytes:
        """Give the next bytes; none at the end."""
        ...

    def close(self) -> None:
        """Let go of them."""
        ...


class ImportSource(Protocol):
    """All of it raises StorageOutage when the source cannot be read."""

    def roots(self) -> Iterator[Root | Unusable]:
        """List what is to be imported."""
        ...

    def lists(self, repository: str | None, digest: Digest) -> bool:
        """Tell whether a repository has this manifest by itself, and not only in an index.

        Entries of an index that are of no known type may be manifests or blobs; this tells.
        """
        ...

    def payload(self, digest: Digest, limit: int) -> bytes | None:
        """Read a manifest; None when it is not there, or longer than a limit in bytes."""
        ...

    def open(self, digest: Digest) -> SourceBlob | None:
        """Open a blob; None when it is not there."""
        ...

    def close(self) -> None:
        """Let go of the source."""
        ...
