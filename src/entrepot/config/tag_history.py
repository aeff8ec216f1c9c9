"""``tags.history``, Entrepot's own: how much of where tags pointed is kept."""

from dataclasses import dataclass
from typing import Annotated

from entrepot.config.fields import at_least
from entrepot.config.long_durations import LongSeconds


@dataclass(frozen=True, slots=True, kw_only=True)
class HistorySettings:
    """``tags.history``.

    Args:
        keep: newest lines of each tag that are kept.
        age: seconds after which a line goes, however few there are.
    """

    keep: Annotated[int, at_least(1)] = 100
    age: LongSeconds = 365 * 86_400.0
