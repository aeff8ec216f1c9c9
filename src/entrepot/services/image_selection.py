"""Choosing images by patterns: `team/*:v1.*`, `app@sha256:…`, with or without an age."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Self

from entrepot.errors import UnknownManifest, UnknownName
from entrepot.oci.digest import HEX_LENGTH, Digest
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Tag
from entrepot.oci.repository_glob import RepositoryGlob
from entrepot.oci.tag_glob import TagGlob
from entrepot.ports.metadata import MetadataReader
from entrepot.ports.removal import DatedTag, DatedTags
from entrepot.services.image_removal import Candidate

_PAGE = 1000
_EVERY_TAG = "*"


@dataclass(frozen=True, slots=True)
class Selector:
    """What somebody wrote.

    Attributes:
        repositories: where; a name is a pattern of itself.
        tags: which tags; None where a digest is given.
        digest: of one manifest.
    """

    repositories: RepositoryGlob
    tags: TagGlob | None
    digest: Digest | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read REPOSITORY, REPOSITORY:TAG or REPOSITORY@DIGEST; patterns are allowed.

        Raises:
            ValueError: it is none of these; the message says what was expected.
            InvalidDigest: what follows the @ is no digest.
        """
        repository, at, digest = text.partition("@")
        if at:
            return cls(RepositoryGlob.parse(repository), None, Digest.parse(digest))
        # A colon before the last slash would be the port of a registry, which has no place here.
        head, slash, last = text.rpartition("/")
        last, colon, tag = last.partition(":")
        return cls(
            RepositoryGlob.parse(f"{head}{slash}{last}"),
            TagGlob.parse(tag if colon else _EVERY_TAG),
        )

    @property
    def name(self) -> RepositoryName | None:
        """The one repository that is meant; None for a pattern."""
        text = self.repositories.text
        return None if "*" in text or "{" in text else RepositoryName(text)

    @property
    def tag(self) -> Tag | None:
        """The one tag that is meant; None for a pattern."""
        text = "*" if self.tags is None else self.tags.text
        return None if "*" in text or "?" in text else Tag(text)

    def means(self, dated: DatedTag) -> bool:
        """Tell whether a tag is meant."""
        if self.tags is None or not self.tags.matches(dated.tag):
            return False
        return dated.accessory_of is None or any(
            f"{algorithm}-" in self.tags.text for algorithm in HEX_LENGTH
        )


class ImageSelection:
    """Finds images.

    Args:
        metadata: what exists.
        dated: the tags with their times.
    """

    def __init__(self, metadata: MetadataReader, dated: DatedTags) -> None:
        self._metadata = metadata
        self._dated = dated

    async def find(self, selector: Selector, before: int) -> AsyncIterator[Candidate]:
        """Find what a selector means, page by page.

        A pattern means images: their accessories, such as signatures, go with them. Only a
        selector that has `sha256-` or `sha512-` in it means accessories themselves.

        Args:
            selector: what is wanted.
            before: tags that were pushed at or after this moment are left out.

        Raises:
            UnknownName: there is no repository of that very name.
            UnknownManifest: it has no such manifest, or no tag of that very name.
        """
        if selector.name is not None:
            found = False
            async for candidate in self._in(selector.name, selector, before):
                found = True
                yield candidate
            if not found:
                await self._explain(selector.name, selector)
            return
        after = ""
        while page := await self._metadata.repositories(after, _PAGE):
            for name in page:
                if selector.repositories.matches(name):
                    async for candidate in self._in(name, selector, before):
                        yield candidate
            after = page[-1]

    async def _in(
        self, name: RepositoryName, selector: Selector, before: int
    ) -> AsyncIterator[Candidate]:
        if selector.digest is not None:
            if await self._metadata.manifest_by_digest(name, selector.digest) is not None:
                yield Candidate(name, None, selector.digest)
            return
        after = ""
        while page := await self._dated.dated_tags(name, after, _PAGE):
            for dated in page:
                if selector.means(dated) and dated.pushed_at < before:
                    yield Candidate(name, dated.tag, dated.digest, dated.pushed_at)
            after = page[-1].tag

    async def _explain(self, name: RepositoryName, selector: Selector) -> None:
        if not await self._metadata.repository_exists(name):
            raise UnknownName(f"there is no repository {name}", {"name": name})
        if selector.digest is not None:
            raise UnknownManifest(f"repository {name} has no manifest {selector.digest}")
        tag = selector.tag
        if tag is not None and await self._metadata.manifest_by_tag(name, tag) is None:
            raise UnknownManifest(f"repository {name} has no tag {tag}")
