"""What a restore has come to."""

from dataclasses import dataclass, field

from entrepot.ports.backup import SnapshotContent


@dataclass(frozen=True, slots=True)
class LostBlob:
    """A blob that the snapshot knows, and whose bytes are gone; and images that need it."""

    digest: str
    reason: str
    images: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """A tag of the database that was set aside, and what the snapshot has in its place.

    Attributes:
        repository: where.
        tag: its name.
        lost: what it pointed to.
        restored: what it points to now; empty where there is no such tag any more.
    """

    repository: str
    tag: str
    lost: str
    restored: str


@dataclass(slots=True)
class RestoreReport:
    """What a restore has done, and what the time since the snapshot has lost.

    Attributes:
        snapshot: its name.
        taken_at: when it was taken, in microseconds since 1970, UTC; 0 where that is unknown.
        content: what it holds.
        aside: where the database lies that was in its place; empty where there was none.
        differences: tags of that database that are lost or point to something older; None where
            it could not be read, so that nobody can say.
        lost_blobs: blobs whose bytes are gone; they are in quarantine.
        released: blobs that were in quarantine in the snapshot, and are whole.
        unknown_files: blobs' files that nothing in the snapshot knows: pushed after it, mostly.
        unknown_bytes: of these.
        counters: counters of usage that were set right.
    """

    snapshot: str
    taken_at: int
    content: SnapshotContent
    aside: str = ""
    differences: list[Difference] | None = None
    lost_blobs: list[LostBlob] = field(default_factory=list)
    released: int = 0
    unknown_files: int = 0
    unknown_bytes: int = 0
    counters: int = 0
