"""The sections ``scrub`` and ``backup``: how what is stored is looked after by itself."""

from dataclasses import dataclass
from typing import Annotated

from entrepot.config.fields import ReadBy, at_least, size_of_at_least
from entrepot.config.long_durations import parse_long_duration

_SMALLEST_RATE = 64 * 1024


def _interval(value: object) -> float:
    if str(value).strip() in ("0", "0s"):
        return 0.0
    try:
        return parse_long_duration(value)
    except ValueError as error:
        raise ValueError(f"{error}, or 0 for never") from None


Interval = Annotated[float, ReadBy(_interval)]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScrubSettings:
    """``scrub``: reading every blob in the background and comparing it with its digest.

    Args:
        every: seconds from the begin of one pass to that of the next; 0 switches it off.
        rate: bytes a second that are read at most.
    """

    every: Interval = 30 * 24 * 3600.0
    rate: Annotated[int, size_of_at_least(_SMALLEST_RATE)] = 32 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupSettings:
    """``backup``: snapshots of the database, beside the blobs.

    Args:
        every: seconds from one snapshot to the next; 0 switches it off.
        keep: how many snapshots stay; older ones are removed.
    """

    every: Interval = 24 * 3600.0
    keep: Annotated[int, at_least(1)] = 7
