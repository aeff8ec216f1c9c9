"""The sections ``catalog`` and ``tags``: how long lists may be, and the history of tags."""

from dataclasses import dataclass, field
from typing import Annotated

from entrepot.config.fields import ReadBy, at_least
from entrepot.config.tag_history import HistorySettings

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
    """``tags``.

    Args:
        maxtags: the most tags in one answer.
        history: how much of where tags pointed is kept.
    """

    maxtags: Page = _PAGE
    history: HistorySettings = field(default_factory=HistorySettings)
