"""The sections ``catalog`` and ``tags``: how long a page of a list may be."""

from dataclasses import dataclass
from typing import Annotated

from entrepot.config.fields import ReadBy, at_least

_PAGE = 1000


def _page(value: object) -> int:
    number = int(at_least(-(10**18)).read(value))
    # As in Docker Registry: zero and less mean the default.
    return number if number > 0 else _PAGE


Page = Annotated[int, ReadBy(_page)]


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogSettings:
    """``catalog``: the most repositories in one answer."""

    maxentries: Page = _PAGE


@dataclass(frozen=True, slots=True, kw_only=True)
class TagsSettings:
    """``tags``: the most tags in one answer."""

    maxtags: Page = _PAGE
