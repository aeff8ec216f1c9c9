"""What is kept: ``retention``, ``immutable``, ``pulls``, ``gc``, ``scrub`` and ``backup``."""

from dataclasses import dataclass, field
from typing import Annotated

from entrepot.config.durations import parse_long_duration
from entrepot.config.fields import (
    LongSeconds,
    PositiveSeconds,
    ReadBy,
    Switch,
    Text,
    at_least,
    one_of,
    size_of_at_least,
)
from entrepot.config.patterns import Expressions, RepositoryPatterns, TagPatterns

# As many names are held in memory, for each rule that counts.
_MOST = 10_000

_SMALLEST_RATE = 64 * 1024


def _count(value: object) -> int:
    text = str(value).strip() if isinstance(value, str | int) else ""
    if text.isascii() and text.isdigit() and len(text) < 9 and 1 <= int(text) <= _MOST:
        return int(text)
    raise ValueError(f"a whole number from 1 to {_MOST}")


def _cron(value: object) -> str:
    from entrepot.config.durations import check_cron

    return check_cron(value if isinstance(value, str) else "")


Count = Annotated[int, ReadBy(_count)]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepSettings:
    """``keep`` of a rule: a tag stays when one of these holds.

    Args:
        last: it is among so many that were pushed last.
        versions: it is among so many of the newest semantic versions.
        pulled: it is among so many that were pulled last.
        younger: it was pushed less than so many seconds ago.
        pulledwithin: it was pulled less than so many seconds ago.
        matching: one of these expressions is found in it.
    """

    last: Count | None = None
    versions: Count | None = None
    pulled: Count | None = None
    younger: LongSeconds | None = None
    pulledwithin: LongSeconds | None = None
    matching: Expressions = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionRuleSettings:
    """One of ``retention.rules``.

    Args:
        repositories: where; those with ``!`` in front take away from the others.
        name: what reports call it; its place in the list by default.
        tags: which tags it is about; all by default.
        keep: which of these stay.
        untagged: whether the manifest of a tag that goes is deleted, too, when nothing else holds
            it, or left as an untagged one.
    """

    repositories: RepositoryPatterns
    name: Text = ""
    tags: TagPatterns = ("*",)
    keep: KeepSettings
    untagged: Annotated[str, one_of("delete", "keep")] = "delete"


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionSettings:
    """``retention``.

    Args:
        schedule: when the rules are applied, in cron's form, UTC; None only by hand.
        dryrun: only log what they would take.
        rules: which tags stay.
    """

    schedule: Annotated[str, ReadBy(_cron)] | None = None
    dryrun: Switch = False
    rules: tuple[RetentionRuleSettings, ...] = field(default_factory=tuple)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImmutableRuleSettings:
    """One of ``immutable``: tags that are neither moved nor deleted.

    Args:
        repositories: where; those with ``!`` in front take away from the others.
        tags: which.
        exempt: robots, by name, for whom the rule does not hold.
    """

    repositories: RepositoryPatterns
    tags: TagPatterns = ("*",)
    exempt: tuple[Text, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PullsSettings:
    """``pulls``.

    Args:
        enabled: write down when each manifest was last pulled.
        interval: seconds between two writes; a crash loses the pulls since the last one.
    """

    enabled: Switch = True
    interval: PositiveSeconds = 60.0


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
