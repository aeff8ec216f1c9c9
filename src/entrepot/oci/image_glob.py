"""Patterns over images: `REPOSITORIES` or `REPOSITORIES:TAGS`, such as `library/*:3.*`."""

from dataclasses import dataclass
from typing import Self

from entrepot.oci.repository_glob import RepositoryGlob
from entrepot.oci.tag_glob import TagGlob


@dataclass(frozen=True, slots=True)
class ImageGlob:
    """A pattern that was read once.

    Attributes:
        repositories: whose images are meant.
        tags: which of their tags; None for all, and for images without a tag.
    """

    repositories: RepositoryGlob
    tags: TagGlob | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a pattern.

        Raises:
            ValueError: it is none; the message says what was expected.
        """
        repositories, colon, tags = text.partition(":")
        glob = RepositoryGlob.parse(repositories)
        if glob.of_user:
            raise ValueError("{user} has no meaning here, as nobody logs in")
        return cls(glob, TagGlob.parse(tags) if colon else None)

    def matches_all(self, repository: str) -> bool:
        """Tell whether everything in a repository is meant."""
        return self.tags is None and self.repositories.matches(repository)

    def matches(self, repository: str, tag: str) -> bool:
        """Tell whether a tag of a repository is meant."""
        if self.tags is not None and not self.tags.matches(tag):
            return False
        return self.repositories.matches(repository)
