"""Every refusal and failure that Entrepot raises, as one tree. Nothing here knows HTTP.

EntrepotError
├── ConfigurationError            a setting cannot be used as it is written
├── ClientError                   what the caller sent or asked cannot be done
│   ├── InvalidName               a repository name breaks the grammar
│   ├── InvalidTag                a tag breaks the grammar
│   ├── InvalidDigest             a digest is malformed, unsupported, or not that of the bytes
│   ├── InvalidManifest           a manifest cannot be read or contradicts itself
│   │   └── ManifestTooLarge      a manifest is over the limit
│   ├── InvalidPagination         `n` or `last` of a list cannot be used
│   ├── InvalidRange              a Range or Content-Range cannot be satisfied
│   ├── InvalidRequest            another part of a request cannot be read
│   ├── SizeMismatch              a body is not as long as was declared
│   ├── UnknownName               the repository does not exist
│   ├── UnknownManifest           no such manifest or tag in the repository
│   ├── UnknownReferences         a manifest refers to what the repository does not have
│   ├── UnknownBlob               no such blob in the repository
│   ├── UnknownUpload             no such upload session in the repository
│   ├── UploadBusy                another request is writing to the upload session
│   ├── ClientGone                the client went away before its request was whole
│   ├── Unauthenticated           nobody knows who the caller is
│   ├── TooManyGuesses            wrong credentials came too often
│   ├── UnknownAccount            no such user, robot, token, group or rule
│   ├── NameTaken                 a user, robot, token, group or rule has this name already
│   ├── Denied                    the caller may not do this
│   ├── QuotaExceeded             more would lie somewhere than a quota allows
│   ├── ImmutableTag              a rule says that the tag stays where it is
│   ├── NeededByIndex             an index has the manifest as its child
│   └── Unsupported               a known operation that is switched off or not offered
└── Outage                        the registry cannot do now what it was rightly asked
    ├── StorageOutage             the blob storage failed
    │   ├── StorageFull           there is no room for more bytes
    │   ├── DamagedBlob           stored bytes contradict their row
    │   └── QuarantinedBlob       a blob's bytes are known to be gone or wrong
    ├── MetadataOutage            the database failed or stayed locked
    │   ├── DamagedDatabase       the database's file contradicts itself
    │   └── NewerDatabase         the database was written by a newer Entrepot
    └── Overloaded                a limit on work at once was reached
"""

from collections.abc import Mapping
from typing import Any


class EntrepotError(Exception):
    """The root of the tree.

    Args:
        message: one sentence for the person who reads it: what was wrong.
        detail: what helps a program or a person find it (names, digests, limits).
    """

    def __init__(self, message: str, detail: Mapping[str, Any] | list[Any] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.detail = detail


class ConfigurationError(EntrepotError):
    """A setting cannot be used as it is written."""


class ClientError(EntrepotError):
    """What the caller sent or asked cannot be done; sending it again will not help."""


class InvalidName(ClientError):
    """A repository name breaks the grammar of the distribution specification."""


class InvalidTag(ClientError):
    """A tag breaks the grammar of the distribution specification."""


class InvalidDigest(ClientError):
    """A digest is malformed, of an unsupported algorithm, or not the digest of the bytes."""


class InvalidManifest(ClientError):
    """A manifest cannot be read or contradicts itself, its media type or what is stored."""


class ManifestTooLarge(InvalidManifest):
    """A manifest is larger than the registry accepts."""


class InvalidPagination(ClientError):
    """`n` or `last` of a list cannot be used."""


class InvalidRange(ClientError):
    """A Range or Content-Range cannot be satisfied.

    Args:
        message: what was wrong.
        size: bytes that the upload session has received; None when that was not looked at.
        upload: the upload session, in the same case.
    """

    def __init__(self, message: str, size: int | None = None, upload: Any = None) -> None:
        super().__init__(message, None if size is None else {"size": size})
        self.size = size
        self.upload = upload


class InvalidRequest(ClientError):
    """A part of a request that has no error of its own cannot be read."""


class SizeMismatch(ClientError):
    """A body is longer or shorter than was declared."""


class UnknownName(ClientError):
    """The repository does not exist, or not for this caller."""


class UnknownManifest(ClientError):
    """The repository has no such manifest or tag."""


class UnknownReferences(ClientError):
    """A manifest refers to blobs or manifests that the repository does not have.

    Args:
        digests: each missing digest, once, in the manifest's order.

    Attributes:
        digests: the first of them: a manifest can name tens of thousands.
        more: how many there are beyond these.
    """

    MOST = 100

    def __init__(self, digests: list[str]) -> None:
        self.digests = digests[: self.MOST]
        self.more = len(digests) - len(self.digests)
        super().__init__(
            f"the repository lacks what the manifest refers to: {', '.join(self.digests)}"
            + (f" and {self.more:,} more" if self.more else ""),
            [{"digest": digest} for digest in self.digests],
        )


class UnknownBlob(ClientError):
    """The repository has no such blob."""


class UnknownUpload(ClientError):
    """The repository has no such upload session."""


class UploadBusy(ClientError):
    """Another request is writing to the upload session."""


class ClientGone(ClientError):
    """The client went away, or fell silent too long, before its request was whole."""


class Unauthenticated(ClientError):
    """Nobody knows who the caller is: credentials are missing, wrong, or of nobody.

    Args:
        message: for a person; the same for an unknown name and a wrong secret.
        problem: `invalid_token` when a token is wrong or expired, `insufficient_scope` when it
            does not reach as far as this (RFC 6750 section 3.1); empty when there was none.
    """

    def __init__(self, message: str = "authentication is required", problem: str = "") -> None:
        super().__init__(message)
        self.problem = problem


class TooManyGuesses(ClientError):
    """Wrong credentials came too often for this account or from this address.

    Args:
        retry_after: seconds until the next try is looked at.
    """

    def __init__(self, retry_after: int) -> None:
        super().__init__("too many wrong credentials; wait before trying again")
        self.retry_after = retry_after


class UnknownAccount(ClientError):
    """There is no such user, robot, token, group or rule."""


class NameTaken(ClientError):
    """A user, robot, token, group or rule has this name already."""


class Denied(ClientError):
    """The caller may not do this."""


class QuotaExceeded(ClientError):
    """More would lie in a repository, a namespace or the registry than its quota allows."""


class ImmutableTag(ClientError):
    """A rule says that the tag stays where it is: it is neither moved nor deleted."""


class NeededByIndex(ClientError):
    """An index has the manifest as its child, and children are protected."""


class Unsupported(ClientError):
    """A known operation that is switched off or not offered."""


class Outage(EntrepotError):
    """The registry cannot do now what it was rightly asked; later it may."""


class StorageOutage(Outage):
    """The blob storage failed."""


class StorageFull(StorageOutage):
    """The blob storage has no room for more bytes."""


class DamagedBlob(StorageOutage):
    """Stored bytes are missing or contradict their row."""


class QuarantinedBlob(StorageOutage):
    """A blob's bytes are known to be gone or wrong; the next push heals it."""


class MetadataOutage(Outage):
    """The database failed, or stayed locked by another program for too long."""


class DamagedDatabase(MetadataOutage):
    """The database's file contradicts itself, or is none."""


class NewerDatabase(MetadataOutage):
    """The database was written by a newer Entrepot than this one."""


class Overloaded(Outage):
    """A limit on work at once was reached."""
