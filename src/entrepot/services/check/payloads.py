"""Tells which files among the blobs are manifests, as Docker Registry keeps them.

Their bytes are in the database, so nothing refers to these files; they stay where they are, for
Docker Registry to find.
"""

from entrepot.oci.digest import Digest
from entrepot.ports.check import MetadataInspector

_PAGE = 5_000
_MARK_DIGITS = 16


class ManifestMarks:
    """Remembers the digests of all manifests, by 64 bits of each: 60 MB for a million.

    Args:
        marks: of those that are known.
    """

    def __init__(self, marks: set[int]) -> None:
        self._marks = marks

    @classmethod
    async def read(cls, rows: MetadataInspector) -> "ManifestMarks":
        """Read them.

        Raises:
            MetadataOutage: the database failed.
        """
        marks: set[int] = set()
        after = (0, "")
        while page := await rows.all_manifests(after, _PAGE):
            marks.update(_mark(Digest(digest)) for _, digest in page)
            after = page[-1]
        return cls(marks)

    def __contains__(self, digest: Digest) -> bool:
        return _mark(digest) in self._marks


def _mark(digest: Digest) -> int:
    return int(digest.hex[:_MARK_DIGITS], 16)
