"""Patterns of repositories and tags in a configuration: checked here, kept as text."""

from collections.abc import Callable
from typing import Annotated, Any

from entrepot.config.fields import ReadBy
from entrepot.oci.image_glob import ImageGlob
from entrepot.oci.linear_regex import LinearRegex
from entrepot.oci.repository_glob import RepositoryGlobs
from entrepot.oci.tag_glob import TagGlob


def _list_of(
    what: str, check: Callable[[list[str]], object], *, may_be_empty: bool = False
) -> ReadBy:
    def read(value: object) -> tuple[str, ...]:
        texts = list(value) if isinstance(value, list | tuple) else None
        if texts is None or not all(isinstance(text, str) for text in texts):
            raise ValueError(what)
        if not texts and not may_be_empty:
            raise ValueError(what)
        try:
            check(texts)
        except ValueError as error:
            raise ValueError(f"{what} ({error})") from None
        return tuple(texts)

    return ReadBy(read)


def _each(parse: Callable[[str], Any]) -> Callable[[list[str]], object]:
    return lambda texts: [parse(text) for text in texts]


def _repositories(texts: list[str]) -> None:
    if RepositoryGlobs.parse(texts).of_user:
        raise ValueError("{user} has no meaning here, as nobody logs in")


RepositoryPatterns = Annotated[
    tuple[str, ...],
    _list_of("a list of patterns of repositories, such as [team/**]", _repositories),
]
TagPatterns = Annotated[
    tuple[str, ...], _list_of("a list of patterns of tags, such as [v*]", _each(TagGlob.parse))
]
ImagePatterns = Annotated[
    tuple[str, ...],
    _list_of(
        "a list of patterns of images, such as [library/*, team/app:v*]", _each(ImageGlob.parse)
    ),
]
Expressions = Annotated[
    tuple[str, ...],
    _list_of(
        "a list of regular expressions, such as [^release-]",
        _each(LinearRegex),
        may_be_empty=True,
    ),
]
