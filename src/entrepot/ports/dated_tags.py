"""Tags with the times that decide whether they stay."""

from dataclasses import dataclass
from typing import Protocol

from entrepot.oci.digest import Digest
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Tag


@dataclass(frozen=True, slots=True)
class DatedTag:
    """A tag with its times, in microseconds since 1970, UTC.

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


class DatedTags(Protocol):
    """Lists them. Everything raises MetadataOutage when the database fails."""

    async def dated_tags(self, name: RepositoryName, after: str, limit: int) -> list[DatedTag]:
        """List a repository's tags in byte order, in a page that begins behind a name."""
        ...

    async def indexes_with(self, name: RepositoryName, digest: Digest, limit: int) -> list[Digest]:
        """List indexes of a repository that have a manifest as their child."""
        ...
