"""What clients were told, and so what a registry may say afterwards.

Everything that can be looked at is a register: a blob or a manifest of a repository is there or
not, a tag names a digest or none. A change that was acknowledged holds until a later one; of a
change whose answer never came, either may be true.
"""

import math
import time
from dataclasses import dataclass, field

Value = str | None
Key = tuple[str, str, str]
"""Kind (blob, manifest, tag), repository, and digest or tag."""

THERE = "there"


@dataclass(slots=True)
class Change:
    """One try to set a register; times in seconds of the monotonic clock.

    Attributes:
        value: what it sets.
        began: before the request was sent.
        ended: when the acknowledgement was read; infinite while there is none.
    """

    value: Value
    began: float
    ended: float = math.inf

    def acknowledge(self) -> None:
        """Note that the registry has said that it is done."""
        self.ended = time.monotonic()


@dataclass
class Ledger:
    """All registers.

    Attributes:
        registers: the changes of each one that may still matter; an unknown one holds None.
        acknowledged: how many changes were acknowledged in all.
        problems: what the registry said or did that it must not.
    """

    registers: dict[Key, list[Change]] = field(default_factory=dict)
    touched: set[Key] = field(default_factory=set)
    acknowledged: int = 0
    problems: list[str] = field(default_factory=list)

    def begin(self, key: Key, value: Value) -> Change:
        """Note that a change is about to be asked for."""
        change = Change(value, time.monotonic())
        self.registers.setdefault(key, [Change(None, 0, 0)]).append(change)
        self.touched.add(key)
        return change

    def acknowledge(self, *changes: Change) -> None:
        """Note that the registry has said that these are done."""
        for change in changes:
            change.acknowledge()
            self.acknowledged += 1

    def possible(self, key: Key) -> set[Value]:
        """Tell what the register may hold now that nobody changes it."""
        changes = self.registers.get(key, [Change(None, 0, 0)])
        newest = max((c.began for c in changes if c.ended < math.inf), default=0.0)
        return {change.value for change in changes if change.ended >= newest}

    def observe(self, key: Key, value: Value) -> None:
        """Hold what was seen against what is possible; from now on it holds nothing else."""
        possible = self.possible(key)
        if value not in possible:
            self.problems.append(f"{' '.join(key)} is {value}, and not one of {possible}")
        now = time.monotonic()
        self.registers[key] = [Change(value, now, now)]

    def current(self, key: Key) -> Value:
        """Tell what a register holds that only one client changes, one change after the other."""
        return self.registers[key][-1].value if key in self.registers else None
