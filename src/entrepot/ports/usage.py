"""How much lies where: what quotas are held against, what `entrepot usage` shows, and a recount.

The counters are part of the metadata and change in the transaction that changes what they count.
A blob counts once a repository, once a namespace (the first component of a repository's name),
and once in the registry.
"""

from dataclasses import dataclass
from typing import NamedTuple, Protocol

from entrepot.oci.digest import Digest
from entrepot.oci.name import RepositoryName


@dataclass(frozen=True, slots=True)
class Used:
    """What quotas limit, of one repository, one namespace or the registry.

    Attributes:
        bytes: of blobs, each once, and of manifests.
        tags: number of them.
        repositories: those that have a manifest; of a repository, 1 or 0.
    """

    bytes: int = 0
    tags: int = 0
    repositories: int = 0


@dataclass(frozen=True, slots=True)
class UsedAround:
    """What is used where a name belongs; zeros where nothing was pushed yet."""

    repository: Used = Used()
    namespace: Used = Used()
    registry: Used = Used()


@dataclass(frozen=True, slots=True)
class HeldAround:
    """Whether a repository, its namespace and the registry count a blob already."""

    repository: bool
    namespace: bool
    registry: bool


class QuotaCounters(Protocol):
    """Tells what quotas are held against."""

    async def held(self, name: RepositoryName, digest: Digest) -> HeldAround:
        """Tell where around a repository a blob is counted already: there it costs nothing."""
        ...

    async def used(self, name: RepositoryName) -> UsedAround:
        """Tell what is used in a repository, in its namespace and in the registry."""
        ...


class UsageRow(NamedTuple):
    """What a repository, a namespace or a tag has; all but the first six in bytes.

    A tuple, for a list has one for each of very many repositories.

    Attributes:
        id: the number by which the database knows it; of a tag, that of its manifest.
        name: of the repository, the namespace or the tag.
        repositories: those that have a manifest.
        tags: number of them.
        manifests: number of them.
        blobs: number of them, each once.
        manifest_bytes: the manifests themselves.
        blob_bytes: blobs, each once.
        exclusive_blob_bytes: of these, blobs that no other one of its kind has.
        referenced_bytes: what the manifests say of their configs and layers, each time anew.
        reclaimable_bytes: blobs that are waiting to be collected, for no manifest needs them there;
            of a namespace, each once a repository.
        exclusive_manifest_bytes: manifests that would go with it.
    """

    id: int
    name: str
    repositories: int
    tags: int
    manifests: int
    blobs: int
    manifest_bytes: int
    blob_bytes: int
    exclusive_blob_bytes: int
    referenced_bytes: int
    reclaimable_bytes: int
    exclusive_manifest_bytes: int

    @property
    def bytes(self) -> int:
        """Blobs, each once, and manifests: what quotas limit."""
        return self.blob_bytes + self.manifest_bytes

    @property
    def logical(self) -> int:
        """Manifests, and what each of them refers to."""
        return self.referenced_bytes + self.manifest_bytes

    @property
    def exclusive(self) -> int:
        """Of `bytes`, what would go with it alone."""
        return self.exclusive_blob_bytes + self.exclusive_manifest_bytes

    @property
    def shared(self) -> int:
        """Of `bytes`, what others have too."""
        return self.bytes - self.exclusive

    @property
    def reclaimable(self) -> int:
        """What waits to be collected."""
        return self.reclaimable_bytes


@dataclass(frozen=True, slots=True)
class Reclaimable:
    """What the collector could take, in bytes.

    Attributes:
        unneeded: blobs that repositories have and that no manifest anywhere needs, each once.
        unlinked: blobs that no repository has.
        doomed: files whose blob is gone, and which are about to be removed.
    """

    unneeded: int
    unlinked: int
    doomed: int

    @property
    def total(self) -> int:
        """All of it."""
        return self.unneeded + self.unlinked + self.doomed


@dataclass(frozen=True, slots=True)
class RegistryUsage:
    """What the registry has; the last three in bytes.

    Attributes:
        repositories: those that have a manifest.
        tags: number of them.
        manifests: number of them.
        blobs: blobs that a repository has, each once.
        manifest_bytes: the manifests themselves.
        blob_bytes: blobs that a repository has, each once.
        known_bytes: the same with blobs that no repository has any more.
    """

    repositories: int
    tags: int
    manifests: int
    blobs: int
    manifest_bytes: int
    blob_bytes: int
    known_bytes: int


class UsageReader(Protocol):
    """Lists what lies where, in pages. All of it raises MetadataOutage when the database fails."""

    async def registry(self) -> RegistryUsage:
        """Tell what the registry has."""
        ...

    async def repositories(self, after: str, limit: int) -> list[UsageRow]:
        """List repositories by name, in pages that begin behind a name."""
        ...

    async def namespaces(self, after: str, limit: int) -> list[UsageRow]:
        """List namespaces by name, in pages that begin behind a name."""
        ...

    async def tags(self, repository: int, after: str, limit: int) -> list[UsageRow]:
        """List a repository's tags by name, in pages that begin behind a name.

        A tag has the manifest that it points to, what that one refers to, and what refers to
        these as its subject. Its own is what nothing else in the repository holds, and of blobs
        what no other repository has.
        """
        ...

    async def reclaimable(self) -> Reclaimable:
        """Tell what the collector could take, in the whole registry."""
        ...


@dataclass(frozen=True, slots=True)
class CounterDifference:
    """A counter that is wrong.

    Attributes:
        scope: `repository`, `namespace` or `registry`, or `blob` where it is told how many
            repositories of a namespace have one.
        name: of which one.
        counter: its name.
        kept: what it says.
        counted: what it should say.
    """

    scope: str
    name: str
    counter: str
    kept: int
    counted: int


@dataclass(frozen=True, slots=True)
class RecountPage:
    """What a page of a recount found, and where the next one begins; None after the last."""

    differences: list[CounterDifference]
    next: int | None


class UsageRecount(Protocol):
    """Counts from nothing, each page in one transaction, beside whatever else goes on."""

    async def repositories(self, after: int, limit: int, *, repair: bool) -> RecountPage:
        """Recount repositories, by number.

        Args:
            after: 0, then what the page before says.
            limit: repositories at most.
            repair: set wrong counters right, in the same transaction.
        """
        ...

    async def shared_blobs(self, after: int, limit: int, *, repair: bool) -> RecountPage:
        """Recount how many repositories of each namespace have a blob, by the blobs' numbers.

        Args:
            after: 0, then what the page before says.
            limit: blobs at most.
            repair: set wrong counters right, in the same transaction.
        """
        ...

    async def totals(self, *, repair: bool) -> list[CounterDifference]:
        """Recount the namespaces and the registry from what the other two count."""
        ...
