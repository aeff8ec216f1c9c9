"""The section ``gc``: collecting what nothing needs, while the registry serves."""

from dataclasses import dataclass, field
from typing import Annotated

from entrepot.config.care import Interval
from entrepot.config.fields import PositiveSeconds, ReadBy, Switch
from entrepot.config.long_durations import parse_long_duration

LongSeconds = Annotated[float, ReadBy(parse_long_duration)]


@dataclass(frozen=True, slots=True, kw_only=True)
class UntaggedSettings:
    """``gc.untagged``: manifests that no tag, index or kept subject holds.

    Args:
        enabled: whether they go.
        after: seconds that they are kept; never less than ``gc.grace``.
    """

    enabled: Switch = False
    after: LongSeconds = 7 * 24 * 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class GcSettings:
    """``gc``.

    Args:
        enabled: collect by itself; ``entrepot gc`` works without it.
        interval: seconds within which everything that has changed is looked at.
        grace: seconds that everything lives after it was confirmed, or last needed.
        sweep: seconds from one full sweep to the next; 0 switches it off.
        untagged: manifests that nothing holds.
    """

    enabled: Switch = True
    interval: PositiveSeconds = 60.0
    grace: PositiveSeconds = 3600.0
    sweep: Interval = 24 * 3600.0
    untagged: UntaggedSettings = field(default_factory=UntaggedSettings)
