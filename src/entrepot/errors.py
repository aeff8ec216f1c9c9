"""Every refusal and failure that Entrepot raises, as one tree. Nothing here knows HTTP.

EntrepotError
├── ConfigurationError            a setting is invalid
├── ClientError                   the request cannot be fulfilled
│   ├── InvalidName               a repository name breaks the grammar
│   ├── InvalidTag                a tag breaks the grammar
│   ├── InvalidDigest             a digest is malformed, unsupported, or does not match the bytes
│   ├── InvalidManifest           a manifest cannot be read or contradicts itself
│   │   └── ManifestTooLarge      a manifest is over the limit
│   ├── InvalidPagination         `n` or `last` of a list is invalid
│   ├── InvalidRange              a Range or Content-Range cannot be satisfied
│   ├── InvalidRequest            another part of a request cannot be read
│   ├── SizeMismatch              a body does not have its declared length
│   ├── UnknownName               the repository does not exist
│   ├── UnknownManifest           no such manifest or tag in the repository
│   ├── UnknownReferences         a manifest refers to content that the repository lacks
│   ├── UnknownBlob               no such blob in the repository
│   ├── UnknownUpload             no such upload session in the repository
│   ├── UploadBusy                another request is writing to the upload session
│   ├── ClientGone                the client went away before its request was complete
│   ├── Unauthenticated           credentials are missing or invalid
│   ├── TooManyGuesses            too many wrong credentials
│   ├── UnknownUpstreamContent    another registry has no such manifest, blob or repository
│   ├── UnknownAccount            no such user, robot, token, group or rule
│   ├── NameTaken                 the name of a user, robot, token, group or rule is taken
│   ├── Denied                    the caller may not do this
│   ├── QuotaExceeded             a quota would be exceeded
│   ├── ImmutableTag              a rule forbids moving or deleting the tag
│   ├── NeededByIndex             an index has the manifest as its child
│   └── Unsupported               a known operation that is disabled or not supported
├── AddressInUse                  another program listens on an address that is wanted
└── Outage                        a valid request cannot be fulfilled at the moment
    ├── StorageOutage             the blob storage failed
    │   ├── StorageFull           there is no room for more bytes
    │   ├── DamagedBlob           stored bytes contradict their row
    │   └── QuarantinedBlob       a blob's bytes are known to be missing or wrong
    ├── MetadataOutage            the database failed or remained locked
    │   ├── DamagedDatabase       the database's file contradicts itself
    │   └── NewerDatabase         the database was written by a newer Entrepot
    ├── UpstreamOutage            another registry cannot be reached, is too slow or failed
    │   ├── UpstreamBusy          another registry asks us to slow down
    │   ├── UpstreamDenied        another registry refuses our credentials, or asks for some
    │   └── UpstreamFault         another registry answered what cannot be understood or is wrong
    └── Overloaded                a concurrency limit was reached
"""

from collections.abc import Mapping
from typing import Any


class EntrepotError(Exception):
    """The root of the tree.

    Args:
        message: one sentence that says what is wrong, for people.
        detail: the names, digests or limits concerned, for programs.
    """

    def __init__(self, message: str, detail: Mapping[str, Any] | list[Any] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.detail = detail


class ConfigurationError(EntrepotError):
    """A setting is invalid."""


class AddressInUse(EntrepotError):
    """Another program listens on an address that is wanted. Trying again may help."""


class ClientError(EntrepotError):
    """The request cannot be fulfilled; sending it again will not help."""


class InvalidName(ClientError):
    """A repository name breaks the grammar of the distribution specification."""


class InvalidTag(ClientError):
    """A tag breaks the grammar of the distribution specification."""


class InvalidDigest(ClientError):
    """A digest is malformed, of an unsupported algorithm, or does not match the bytes."""


class InvalidManifest(ClientError):
    """A manifest cannot be read, or contradicts itself, its media type or stored content."""


class ManifestTooLarge(InvalidManifest):
    """A manifest is larger than the registry accepts."""


class InvalidPagination(ClientError):
    """`n` or `last` of a list is invalid."""


class InvalidRange(ClientError):
    """A Range or Content-Range cannot be satisfied.

    Args:
        message: what is wrong.
        size: bytes that the upload session has received; None if unknown.
        upload: the upload session, in the same case.
    """

    def __init__(self, message: str, size: int | None = None, upload: Any = None) -> None:
        super().__init__(message, None if size is None else {"size": size})
        self.size = size
        self.upload = upload


class InvalidRequest(ClientError):
    """A part of a request without an error of its own cannot be read."""


class SizeMismatch(ClientError):
    """A body is longer or shorter than declared."""


class UnknownName(ClientError):
    """The repository does not exist, or the caller may not see it."""


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
            f"the repository lacks content that the manifest refers to: {', '.join(self.digests)}"
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
    """The client went away, or was silent for too long, before its request was complete."""


class Unauthenticated(ClientError):
    """The caller is unknown: credentials are missing or invalid.

    Args:
        message: for people; the same for an unknown name and a wrong secret.
        problem: `invalid_token` when a token is wrong or expired, `insufficient_scope` when it
            does not allow this (RFC 6750 section 3.1); empty when there was none.
    """

    def __init__(self, message: str = "authentication is required", problem: str = "") -> None:
        super().__init__(message)
        self.problem = problem


class TooManyGuesses(ClientError):
    """There were too many wrong credentials for this account or from this address.

    Args:
        retry_after: seconds until the next attempt is checked.
    """

    def __init__(self, retry_after: int) -> None:
        super().__init__("too many wrong credentials; wait before trying again")
        self.retry_after = retry_after


class UnknownUpstreamContent(ClientError):
    """Another registry has no such manifest, blob or repository."""


class UnknownAccount(ClientError):
    """There is no such user, robot, token, group or rule."""


class NameTaken(ClientError):
    """A user, robot, token, group or rule already has this name."""


class Denied(ClientError):
    """The caller may not do this."""


class QuotaExceeded(ClientError):
    """The quota of a repository, a namespace or the registry would be exceeded."""


class ImmutableTag(ClientError):
    """A rule says that the tag may be neither moved nor deleted."""


class NeededByIndex(ClientError):
    """The manifest is the child of an index, and children are protected."""


class Unsupported(ClientError):
    """A known operation that is disabled or not supported."""


class Outage(EntrepotError):
    """A valid request cannot be fulfilled at the moment; retrying later may help."""


class StorageOutage(Outage):
    """The blob storage failed."""


class StorageFull(StorageOutage):
    """The blob storage has no room for more bytes."""


class DamagedBlob(StorageOutage):
    """Stored bytes are missing or contradict their row."""


class QuarantinedBlob(StorageOutage):
    """A blob's bytes are known to be missing or wrong; the next push repairs it."""


class MetadataOutage(Outage):
    """The database failed, or another program kept it locked for too long."""


class DamagedDatabase(MetadataOutage):
    """The file of the database contradicts itself, or is not a database."""


class NewerDatabase(MetadataOutage):
    """The database was written by a newer Entrepot than this one."""


class UpstreamOutage(Outage):
    """Another registry cannot be reached, is too slow, or failed."""


class UpstreamBusy(UpstreamOutage):
    """Another registry asks us to slow down.

    Args:
        message: for people.
        retry_after: seconds that it asks us to wait; None where it does not say.
    """

    def __init__(self, message: str, retry_after: int | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class UpstreamDenied(UpstreamOutage):
    """Another registry refuses our credentials, or asks for some that we do not have."""


class UpstreamFault(UpstreamOutage):
    """Another registry answered what cannot be understood, or bytes that are wrong."""


class Overloaded(Outage):
    """A concurrency limit was reached."""
