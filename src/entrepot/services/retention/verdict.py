"""What retention says of a tag."""

from dataclasses import dataclass

from entrepot.ports.removal import DatedTag


@dataclass(frozen=True, slots=True)
class Reason:
    """What one rule says.

    Attributes:
        rule: its name; empty where none has a say.
        keeps: whether the tag stays for its sake.
        why: in words.
    """

    rule: str
    keeps: bool
    why: str

    def __str__(self) -> str:
        return f"{self.rule}: {self.why}" if self.rule else self.why


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of a tag, and why: one rule that keeps it is enough.

    Attributes:
        dated: the tag.
        reasons: what each rule says that is about it.
        untag_only: leave its manifest when it goes.
    """

    dated: DatedTag
    reasons: tuple[Reason, ...]
    untag_only: bool = False

    @property
    def keeps(self) -> bool:
        """Whether the tag stays."""
        return any(reason.keeps for reason in self.reasons)
