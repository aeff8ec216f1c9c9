"""What a check can find, what each finding means, and what `--repair` does about it."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum


class Fault(StrEnum):
    """What is wrong, or worth knowing."""

    DATABASE_DAMAGED = "database-damaged"
    DANGLING_ROW = "dangling-row"
    DAMAGED_MANIFEST = "damaged-manifest"
    LOST_EDGE = "lost-edge"
    WRONG_EDGE = "wrong-edge"
    LOST_ROW = "lost-row"
    LOST_LINK = "lost-link"
    MISSING_BLOB = "missing-blob"
    MISSING_FILE = "missing-file"
    WRONG_SIZE = "wrong-size"
    WRONG_BYTES = "wrong-bytes"
    QUARANTINED = "quarantined"
    WRONG_CATALOGUE = "wrong-catalogue"
    WRONG_COUNTER = "wrong-counter"
    UNREADABLE_FILE = "unreadable-file"
    UNWRITABLE_FOLDER = "unwritable-folder"
    MISPLACED_FILE = "misplaced-file"
    FOREIGN_FILE = "foreign-file"
    UNKNOWN_FILE = "unknown-file"
    STRAY_UPLOAD = "stray-upload"
    CHANGED_DIRECTORY = "changed-directory"
    MISSING_CHILD = "missing-child"

    @property
    def is_problem(self) -> bool:
        """Tell whether something may be lost or wrong; the others are notes."""
        return self not in _NOTES


_NOTES = frozenset(
    {
        Fault.MISPLACED_FILE,
        Fault.FOREIGN_FILE,
        Fault.UNKNOWN_FILE,
        Fault.STRAY_UPLOAD,
        Fault.MISSING_CHILD,
    }
)


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a kind of finding is, and what `--repair` does about it."""

    what: str
    repair: str


MEANINGS = {
    Fault.DATABASE_DAMAGED: Meaning(
        "the database file is damaged", "nothing: entrepot restore puts a backup in its place"
    ),
    Fault.DANGLING_ROW: Meaning("a row refers to a missing row", "removes the row"),
    Fault.DAMAGED_MANIFEST: Meaning(
        "a manifest's bytes are not what its digest says",
        "nothing: delete it by its digest and push it again",
    ),
    Fault.LOST_EDGE: Meaning(
        "the database lacks a reference that a manifest has", "writes the row"
    ),
    Fault.WRONG_EDGE: Meaning(
        "the database has a reference that a manifest does not have", "removes the row"
    ),
    Fault.LOST_ROW: Meaning(
        "a blob's file is there, a manifest needs it, and the database does not know it",
        "reads the file and, if it is correct, adds it where it is needed",
    ),
    Fault.LOST_LINK: Meaning(
        "a repository lacks the link to a blob that its manifest needs", "links it"
    ),
    Fault.MISSING_BLOB: Meaning(
        "a manifest needs a blob that does not exist",
        "nothing: push the image again",
    ),
    Fault.MISSING_FILE: Meaning(
        "a blob's file is missing", "puts it into quarantine: the next push repairs it"
    ),
    Fault.WRONG_SIZE: Meaning(
        "a blob's file is too short or too long",
        "puts it into quarantine: the next push repairs it",
    ),
    Fault.WRONG_BYTES: Meaning(
        "a blob's bytes are not what its digest says",
        "puts it into quarantine: the next push repairs it",
    ),
    Fault.QUARANTINED: Meaning(
        "a blob is in quarantine", "releases it if its bytes are correct again"
    ),
    Fault.WRONG_CATALOGUE: Meaning(
        "the catalogue lists a repository without manifests, or not one with some",
        "corrects the catalogue",
    ),
    Fault.WRONG_COUNTER: Meaning("a usage counter is wrong", "sets it right"),
    Fault.UNREADABLE_FILE: Meaning(
        "a file cannot be read by this user", "nothing: give it to the registry's user"
    ),
    Fault.UNWRITABLE_FOLDER: Meaning(
        "a folder of blobs cannot be written by this user",
        "nothing: give it to the registry's user",
    ),
    Fault.MISPLACED_FILE: Meaning("a blob's file is in the wrong place", "nothing"),
    Fault.FOREIGN_FILE: Meaning("a file among the blobs that is not a blob", "nothing"),
    Fault.UNKNOWN_FILE: Meaning(
        "a blob's file that nothing refers to",
        "nothing: garbage collection removes it after its grace period, unless it is older than the"
        " adoption",
    ),
    Fault.CHANGED_DIRECTORY: Meaning(
        "Docker Registry has changed a repository since its directory was read",
        "nothing: the next start takes what has changed",
    ),
    Fault.STRAY_UPLOAD: Meaning(
        "the bytes of an upload without a session",
        "nothing: storage.maintenance.uploadpurging removes it",
    ),
    Fault.MISSING_CHILD: Meaning(
        "an index lists a manifest that its repository does not have, as some do on purpose",
        "nothing",
    ),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was found.

    Attributes:
        kind: what it is.
        repository: where; empty for what belongs to none.
        reference: the digest, tag or path that it is about.
        detail: the rest, for a person.
        repaired: what was done about it; empty for nothing.
        mended: whether all is well by that.
    """

    kind: Fault
    repository: str
    reference: str
    detail: str
    repaired: str = ""
    mended: bool = False


Found = Callable[[Finding], None]
