"""What a check can find, what each finding means, and what `--repair` does about it."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
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
        Kind.MISPLACED_FILE,
        Kind.FOREIGN_FILE,
        Kind.UNKNOWN_FILE,
        Kind.STRAY_UPLOAD,
        Kind.MISSING_CHILD,
    }
)


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a kind of finding is, and what `--repair` does about it."""

    what: str
    repair: str


MEANINGS = {
    Kind.DATABASE_DAMAGED: Meaning(
        "the database file is damaged", "nothing: entrepot restore puts a backup in its place"
    ),
    Kind.DANGLING_ROW: Meaning("a row refers to a row that is not there", "removes the row"),
    Kind.DAMAGED_MANIFEST: Meaning(
        "a manifest's bytes are not what its digest says",
        "nothing: delete it by its digest and push it again",
    ),
    Kind.LOST_EDGE: Meaning(
        "the database does not know of something that a manifest refers to", "writes the row"
    ),
    Kind.WRONG_EDGE: Meaning(
        "the database says of a manifest what it does not refer to", "removes the row"
    ),
    Kind.LOST_ROW: Meaning(
        "a blob's file is there, a manifest needs it, and the database does not know it",
        "reads the file; if it is whole, makes it known where it is needed",
    ),
    Kind.LOST_LINK: Meaning(
        "a repository lacks the link to a blob that its manifest needs", "links it"
    ),
    Kind.MISSING_BLOB: Meaning(
        "a manifest needs a blob that is neither known nor stored",
        "nothing: push the image again",
    ),
    Kind.MISSING_FILE: Meaning(
        "a blob's file is missing", "puts it into quarantine: the next push heals it"
    ),
    Kind.WRONG_SIZE: Meaning(
        "a blob's file is too short or too long",
        "puts it into quarantine: the next push heals it",
    ),
    Kind.WRONG_BYTES: Meaning(
        "a blob's bytes are not what its digest says",
        "puts it into quarantine: the next push heals it",
    ),
    Kind.QUARANTINED: Meaning(
        "a blob is in quarantine", "lets it be served again, if its bytes are whole by now"
    ),
    Kind.WRONG_CATALOGUE: Meaning(
        "the catalogue lists a repository without manifests, or not one with some",
        "corrects the catalogue",
    ),
    Kind.WRONG_COUNTER: Meaning("a counter of usage is wrong", "sets it right"),
    Kind.UNREADABLE_FILE: Meaning(
        "a file cannot be read by this user", "nothing: give it to the registry's user"
    ),
    Kind.UNWRITABLE_FOLDER: Meaning(
        "a folder of blobs cannot be written by this user",
        "nothing: give it to the registry's user",
    ),
    Kind.MISPLACED_FILE: Meaning("a blob's file lies where no blob lies", "nothing"),
    Kind.FOREIGN_FILE: Meaning("a file among the blobs that is none", "nothing"),
    Kind.UNKNOWN_FILE: Meaning(
        "a blob's file that nothing refers to",
        "nothing: the collector removes it after its grace, unless it is older than the adoption",
    ),
    Kind.CHANGED_DIRECTORY: Meaning(
        "Docker Registry has changed a repository since its directory was read",
        "nothing: the next start takes what has changed",
    ),
    Kind.STRAY_UPLOAD: Meaning(
        "the bytes of an upload without a session",
        "nothing: storage.maintenance.uploadpurging removes it",
    ),
    Kind.MISSING_CHILD: Meaning(
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

    kind: Kind
    repository: str
    reference: str
    detail: str
    repaired: str = ""
    mended: bool = False


Found = Callable[[Finding], None]
