"""What the workers of a mirror tell each other: who fetches what, and when tags were looked at.

A fill is one thing of another registry that is being fetched: a blob into an upload, or a manifest.
Its key says what, in words that all workers choose alike. Who claims it is the only one to fetch
it, until it is finished, fails, is released, or its lease runs out; the others wait for what comes
of it. What a power loss takes of this is fetched anew.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class Problem(StrEnum):
    """Why a fill has failed."""

    UNKNOWN = "unknown"
    """The other registry has no such thing."""
    DENIED = "denied"
    """It refuses us."""
    BUSY = "busy"
    """It asks us to slow down."""
    OUTAGE = "outage"
    """It cannot be reached, or failed."""
    WRONG = "wrong"
    """What it sent is not what was asked for."""
    STORAGE = "storage"
    """There is no room here, or it cannot be written."""
    QUOTA = "quota"
    """The repository may have no more."""


@dataclass(frozen=True, slots=True)
class Failure:
    """How a fill has failed.

    Attributes:
        problem: what sort of failure it is.
        message: for people.
        at: microseconds since 1970, UTC.
    """

    problem: Problem
    message: str
    at: int


@dataclass(frozen=True, slots=True)
class Fill:
    """A fill as it is now.

    Attributes:
        upload_id: of the upload that takes the bytes; empty where there is none.
        size: bytes of the whole; None while nobody knows.
        until: when the claim ends by itself, in microseconds since 1970, UTC; 0 when nobody has it.
        failure: of the last attempt; None while there is a new one.
    """

    upload_id: str
    size: int | None = None
    until: int = 0
    failure: Failure | None = None


class Fills(Protocol):
    """Keeps fills. Everything raises MetadataOutage when the database fails."""

    async def claim(
        self, key: str, holder: str, now: int, until: int, upload_id: str = ""
    ) -> Fill | None:
        """Become the only one to fetch something; None while somebody else is.

        Args:
            key: what is fetched.
            holder: who claims, unique for each claim.
            now: microseconds since 1970, UTC.
            until: when the claim ends by itself, in the same unit.
            upload_id: of a new upload, for a fill that has none; one that an earlier attempt has
                left is resumed.
        """
        ...

    async def renew(self, key: str, holder: str, until: int, size: int | None = None) -> bool:
        """Hold on, and tell the size, if known by now; False when the claim was lost."""
        ...

    async def release(self, key: str, holder: str) -> bool:
        """Let go of a fill for others to go on with; False when the claim was lost."""
        ...

    async def finish(self, key: str, holder: str, now: int) -> bool:
        """Forget a fill whose outcome is there for everybody; False when the claim was lost.

        Forgets some others, too, as `fail` does: of which nothing was heard for a day, or, where
        there is nothing to go on with, for some minutes.
        """
        ...

    async def fail(
        self, key: str, holder: str, failure: Failure, *, keep_upload: bool = False
    ) -> bool:
        """Let go of a fill, and tell whoever waits why; False when the claim was lost.

        Args:
            key: what was to be fetched.
            holder: who has the claim.
            failure: what `find` gives until the next attempt.
            keep_upload: the next attempt is to go on with the upload.
        """
        ...

    async def find(self, key: str) -> Fill | None:
        """Look at a fill; None where there is none: it was finished, or never begun."""
        ...

    async def release_all(self, holders: str = "") -> int:
        """Let go of claims whose holders are known to have ended; tell how many.

        Args:
            holders: what the names of these holders begin with; empty for all.
        """
        ...


class CheckedTags(Protocol):
    """Keeps when tags were last compared with their upstream. Raises MetadataOutage."""

    async def checked_at(self, key: str) -> int | None:
        """Tell when; in microseconds since 1970, UTC. None for never, or too long ago."""
        ...

    async def note(self, key: str, now: int) -> None:
        """Write down that it was now. Forgets some that are older than a month."""
        ...

    async def forget(self, key: str) -> None:
        """Forget when it was, so that the tag is compared again."""
        ...
