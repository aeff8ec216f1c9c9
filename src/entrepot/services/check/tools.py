"""What a check works with."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from entrepot.ports.blobs import BlobKeeper
from entrepot.ports.check import Mender, MetadataInspector
from entrepot.ports.clock import Clock
from entrepot.ports.inspection import BlobInspector
from entrepot.ports.quarantine import Quarantine
from entrepot.ports.uploads import UploadSessions
from entrepot.ports.usage import UsageRecount
from entrepot.services.adoption.changes import DirectoryWatch
from entrepot.services.check.findings import Found
from entrepot.services.collection.rules import Repositories, no_repository
from entrepot.services.pace import Pacer
from entrepot.services.quarantine import Quarantining

PAGE = 500


class Stage(StrEnum):
    """What a check is at."""

    DATABASE = "database"
    MANIFESTS = "manifests"
    BLOBS = "blobs"
    FILES = "files"
    COUNTERS = "counters"
    UPLOADS = "uploads"


@dataclass(slots=True)
class Counts:
    """What was looked at so far.

    Attributes:
        verified_bytes: were read and hashed.
        reading: the blob that is being read; empty between two.
    """

    manifests: int = 0
    blobs: int = 0
    files: int = 0
    verified_bytes: int = 0
    reading: str = ""


Progress = Callable[[Stage, Counts], None]


def ignore_progress(stage: Stage, counts: Counts) -> None:
    """Show nothing."""


@dataclass(frozen=True, slots=True)
class Stores:
    """The database and the storage, as a check sees them.

    Attributes:
        rows: the database.
        mender: changes it.
        blobs: the storage's files.
        keeper: the storage itself.
        sessions: the uploads under way.
        recount: counts usage from nothing.
        quarantine: blobs that are not served.
        clock: tells the time.
        directory: of Docker Registry, whose blobs these are too; None where there is none.
        mirrors: tells which repositories need not have what their manifests refer to.
    """

    rows: MetadataInspector
    mender: Mender
    blobs: BlobInspector
    keeper: BlobKeeper
    sessions: UploadSessions
    recount: UsageRecount
    quarantine: Quarantine
    clock: Clock
    directory: DirectoryWatch | None = None
    mirrors: Repositories = no_repository


@dataclass(slots=True)
class Check:
    """One check.

    Attributes:
        stores: what is looked at.
        found: told of each finding.
        verify: whether every blob is read and hashed.
        repair: whether what can be mended is mended.
        pacer: holds the reading of blobs back.
        progress: told of each page.
        counts: what was looked at so far.
    """

    stores: Stores
    found: Found
    verify: bool = False
    repair: bool = False
    pacer: Pacer = field(default_factory=Pacer)
    progress: Progress = ignore_progress
    counts: Counts = field(default_factory=Counts)

    @property
    def quarantining(self) -> Quarantining:
        """Puts blobs into quarantine."""
        stores = self.stores
        return Quarantining(stores.quarantine, stores.keeper, stores.blobs, stores.clock)
