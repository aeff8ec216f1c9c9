"""The sections ``catalog`` and ``tags``."""

from dataclasses import dataclass, field
from typing import Annotated

from entrepot.config.fields import LongSeconds, ReadBy, at_least

_PAGE = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class HistorySettings:
    """``tags.history``.

    Args:
        keep: newest lines of each tag that are kept.
        age: seconds after which a line goes, however few there are.
    """

    keep: Annotated[int, at_least(1)] = 100
    age: LongSeconds = 365 * 86_400.0


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
