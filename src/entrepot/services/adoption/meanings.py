"""What each kind of finding means, and what adoption did about it, in a sentence."""

from entrepot.ports.adoption import FindingKind

MEANINGS = {
    FindingKind.EMPTY_LINK: "an empty link file, as a power loss leaves it; it is not followed",
    FindingKind.MALFORMED_LINK: "a link that does not lead to what it is filed under; not followed",
    FindingKind.UNREADABLE_NAME: "a name that no client could ask for; left out",
    FindingKind.DAMAGED_BLOB: "a blob whose bytes are not what its digest says; left out",
    FindingKind.MISSING_PAYLOAD: "a manifest whose bytes are gone; left out",
    FindingKind.DAMAGED_MANIFEST: "a manifest whose bytes are not what its digest says; left out",
    FindingKind.SCHEMA_1: "a Docker manifest of schema 1, which is not served",
    FindingKind.REFUSED_MANIFEST: "a manifest that cannot be read; left out",
    FindingKind.DANGLING_TAG: "a tag of a manifest that is not there; left out",
    FindingKind.MISSING_BLOB: "a manifest needs a blob that is not there; kept, cannot be pulled",
    FindingKind.UNLINKED_BLOB: "a manifest needs a blob that its repository was not given; kept",
    FindingKind.WRONG_SIZE: "a manifest gives another size than its blob has; both are kept",
    FindingKind.MISSING_CHILD: "an index lists a manifest that is not there; the index is kept",
    FindingKind.DANGLING_LAYER: "a link to a blob that is gone, as garbage collection leaves them",
    FindingKind.UNKNOWN_MEDIA_TYPE: "a manifest of another type than an image or an index; kept",
    FindingKind.LOST_BLOB: "a blob whose bytes went while Docker Registry ran; not served",
    FindingKind.COPIED_REPOSITORY: "a repository whose files lost their times; not read again",
    FindingKind.GONE_REPOSITORY: "a repository that Docker Registry does not have any more; kept",
    FindingKind.DELETED_MANIFEST: "a manifest that Docker Registry has deleted; deleted here, too",
    FindingKind.DELETED_TAG: "a tag that Docker Registry has deleted; deleted here, too",
    FindingKind.ODD_MANIFEST: "a manifest as no client could push it now; kept, served as it is",
    FindingKind.UNFINISHED_UPLOAD: "an upload that was never finished; its bytes are left alone",
}
