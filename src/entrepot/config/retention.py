"""The section ``retention``, Entrepot's own: which tags stay."""

from dataclasses import dataclass, field
from typing import Annotated

from entrepot.config.fields import ReadBy, Switch, Text, one_of
from entrepot.config.long_durations import LongSeconds
from entrepot.config.patterns import Expressions, RepositoryPatterns, TagPatterns

# As many names are held in memory, for each rule that counts.
_MOST = 10_000


def _count(value: object) -> int:
    text = str(value).strip() if isinstance(value, str | int) else ""
    if text.isascii() and text.isdigit() and len(text) < 9 and 1 <= int(text) <= _MOST:
        return int(text)
    raise ValueError(f"a whole number from 1 to {_MOST}")


def _cron(value: object) -> str:
    from entrepot.config.cron import check_cron

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
