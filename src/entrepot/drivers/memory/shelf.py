"""Where bytes lie: shared by every storage of one process that is to see the same ones."""

from collections import Counter
from dataclasses import dataclass, field

from entrepot.ports.blobs import Location


@dataclass(slots=True)
class Upload:
    """The bytes of an upload; touched_at in microseconds since 1970, UTC."""

    content: bytearray
    touched_at: int


@dataclass(frozen=True, slots=True)
class Shelf:
    """Blobs by location, uploads by session, and where the uploads that were committed went.

    Attributes:
        blobs: their bytes.
        touched_at: when they got there.
        uploads: those under way.
        committed: where those went that were committed.
        committing: how many commits of a location have not ended yet.
        removing: locations that somebody is removing at this moment.
    """

    blobs: dict[Location, bytes] = field(default_factory=dict)
    touched_at: dict[Location, int] = field(default_factory=dict)
    uploads: dict[str, Upload] = field(default_factory=dict)
    committed: dict[str, Location] = field(default_factory=dict)
    committing: Counter[Location] = field(default_factory=Counter)
    removing: set[Location] = field(default_factory=set)
