"""Judges the tags of one repository: first it sees them all, then it says of each what becomes.

Memory is bounded by the rules' numbers, not by the tags: for each rule that counts there is a heap
of so many names.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

from entrepot.oci.linear_regex import LinearRegex
from entrepot.ports.clock import MICROSECONDS
from entrepot.ports.removal import DatedTag
from entrepot.services.retention.newest import Newest
from entrepot.services.retention.rules import RetentionRule
from entrepot.services.retention.verdict import Reason, Verdict
from entrepot.services.retention.versions import parse_version

_UNITS = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))


class Judge:
    """Judges the tags of one repository.

    Args:
        rules: those about this repository, in any order.
        now: microseconds since 1970, UTC.
    """

    def __init__(self, rules: Sequence[RetentionRule], now: int) -> None:
        self._rules = [_RuleJudge(rule, now) for rule in rules]

    @property
    def compares(self) -> bool:
        """Whether it has to see every tag before it can judge one."""
        return any(rule.rule.counts for rule in self._rules)

    @property
    def asks_pulls(self) -> bool:
        """Whether it matters when tags were pulled."""
        return any(rule.rule.asks_pulls for rule in self._rules)

    def see(self, dated: DatedTag) -> None:
        """Look at a tag; each once, in any order. Accessories are not counted."""
        if dated.accessory_of is not None:
            return
        for rule in self._rules:
            if rule.is_about(dated):
                rule.see(dated)

    def keeps(self, dated: DatedTag) -> bool:
        """Tell whether a tag stays: one rule that keeps it is enough, and so is no rule at all.

        No rule is about an accessory: the collector takes it when what it belongs to is gone.
        """
        if dated.accessory_of is not None:
            return True
        about = False
        for rule in self._rules:
            if rule.is_about(dated):
                about = True
                if rule.keeps(dated):
                    return True
        return not about

    def untags_only(self, dated: DatedTag) -> bool:
        """Tell whether the manifest of a tag that goes is left: one rule that says so is enough."""
        return any(rule.rule.untag_only for rule in self._rules if rule.is_about(dated))

    def verdict(self, dated: DatedTag) -> Verdict:
        """Tell what becomes of a tag, and what each rule says of it."""
        if dated.accessory_of is not None:
            why = f"belongs to {dated.accessory_of}: kept or removed with it"
            return Verdict(dated, (Reason("", True, why),))
        reasons = [rule.reason(dated) for rule in self._rules if rule.is_about(dated)]
        if not reasons:
            reasons = [Reason("", True, "no rule applies")]
        return Verdict(dated, tuple(reasons), self.untags_only(dated))


class _RuleJudge:
    def __init__(self, rule: RetentionRule, now: int) -> None:
        self.rule = rule
        self._now = now
        self._last = Newest(rule.last or 0)
        self._versions = Newest(rule.versions or 0)
        self._pulled = Newest(rule.pulled or 0)

    def is_about(self, dated: DatedTag) -> bool:
        return any(glob.matches(dated.tag) for glob in self.rule.tags)

    def see(self, dated: DatedTag) -> None:
        if self.rule.last is not None:
            self._last.see(dated.pushed_at, dated.tag)
        if self.rule.pulled is not None and dated.pulled_at is not None:
            self._pulled.see(dated.pulled_at, dated.tag)
        if self.rule.versions is not None and (version := parse_version(dated.tag)):
            self._versions.see((version, dated.pushed_at), dated.tag)

    def keeps(self, dated: DatedTag) -> bool:
        return any(says(dated).keeps for says in self._criteria)

    def reason(self, dated: DatedTag) -> Reason:
        said = []
        for says in self._criteria:
            answer = says(dated)
            if answer.keeps:
                return Reason(self.rule.name, True, answer.why())
            said.append(answer.why())
        return Reason(self.rule.name, False, "; ".join(said))

    @cached_property
    def _criteria(self) -> "list[Callable[[DatedTag], _Answer]]":
        """What the rule asks, in the order of what it costs."""
        rule = self.rule
        asked: list[tuple[object, Callable[[DatedTag], _Answer]]] = [
            (rule.younger, self._is_younger),
            (rule.pulled_within, self._was_pulled_within),
            (rule.last, self._is_among_last),
            (rule.pulled, self._is_among_pulled),
            (rule.versions, self._is_among_versions),
        ]
        criteria = [criterion for value, criterion in asked if value is not None]
        return criteria + [_matches(regex) for regex in rule.matching]

    def _is_younger(self, dated: DatedTag) -> "_Answer":
        age = self._now - dated.pushed_at
        return _Answer(age < (self.rule.younger or 0), lambda: f"pushed {_ago(age)}")

    def _was_pulled_within(self, dated: DatedTag) -> "_Answer":
        if dated.pulled_at is None:
            return _NEVER_PULLED
        age = self._now - dated.pulled_at
        return _Answer(age < (self.rule.pulled_within or 0), lambda: f"pulled {_ago(age)}")

    def _is_among_last(self, dated: DatedTag) -> "_Answer":
        held = self._last.holds(dated.pushed_at, dated.tag)
        return _among(held, f"the {self.rule.last} pushed last")

    def _is_among_pulled(self, dated: DatedTag) -> "_Answer":
        if dated.pulled_at is None:
            return _NEVER_PULLED
        held = self._pulled.holds(dated.pulled_at, dated.tag)
        return _among(held, f"the {self.rule.pulled} pulled last")

    def _is_among_versions(self, dated: DatedTag) -> "_Answer":
        version = parse_version(dated.tag)
        if version is None:
            return _NO_VERSION
        held = self._versions.holds((version, dated.pushed_at), dated.tag)
        return _among(held, f"the {self.rule.versions} newest versions")


@dataclass(frozen=True, slots=True)
class _Answer:
    keeps: bool
    why: Callable[[], str]


_NEVER_PULLED = _Answer(False, lambda: "never pulled")
_NO_VERSION = _Answer(False, lambda: "no semantic version")


def _among(held: bool, what: str) -> _Answer:
    return _Answer(held, lambda: f"among {what}" if held else f"not among {what}")


def _matches(regex: LinearRegex) -> Callable[[DatedTag], _Answer]:
    def says(dated: DatedTag) -> _Answer:
        found = regex.found_in(dated.tag)
        verb = "matches" if found else "does not match"
        return _Answer(found, lambda: f"{verb} {regex.text}")

    return says


def _ago(microseconds: int) -> str:
    seconds = max(0, microseconds) // MICROSECONDS
    for unit, length in _UNITS:
        if seconds >= length:
            return f"{seconds // length} {unit} ago"
    return "just now"
