"""The rules of retention, as values."""

from dataclasses import dataclass

from entrepot.oci.linear_regex import LinearRegex
from entrepot.oci.repository_glob import RepositoryGlobs
from entrepot.oci.tag_glob import TagGlob


@dataclass(frozen=True, slots=True)
class RetentionRule:
    """Which tags of some repositories stay; what no rule is about stays, too.

    Attributes:
        name: what reports call it.
        repositories: where.
        tags: which tags it is about.
        last: keep so many that were pushed last.
        versions: keep so many of the newest semantic versions.
        pulled: keep so many that were pulled last.
        younger: keep what was pushed less than so many microseconds ago.
        pulled_within: keep what was pulled less than so many microseconds ago.
        matching: keep that in which one of these is found.
        untag_only: leave the manifests of tags that go.
    """

    name: str
    repositories: RepositoryGlobs
    tags: tuple[TagGlob, ...]
    last: int | None = None
    versions: int | None = None
    pulled: int | None = None
    younger: int | None = None
    pulled_within: int | None = None
    matching: tuple[LinearRegex, ...] = ()
    untag_only: bool = False

    @property
    def asks_pulls(self) -> bool:
        """Whether it matters when tags were pulled."""
        return not self.pulled is self.pulled_within is None

    @property
    def counts(self) -> bool:
        """Whether tags have to be compared with each other."""
        return not self.last is self.versions is self.pulled is None
