"""What is remembered of wrong credentials, by all workers together; a power loss may forget it.

A subject is whatever is counted by itself: an address, or an account from an address.
"""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class GuessRecord:
    """What is known of a subject. Times are microseconds since 1970, UTC.

    Attributes:
        failures: wrong credentials since the last pause that was long enough.
        waits_until: nothing that comes from it is looked at before.
        succeeded_at: about when its credentials were last right; 0 for never.
    """

    failures: int = 0
    waits_until: int = 0
    succeeded_at: int = 0


class GuessLedger(Protocol):
    """Counts. All of it raises MetadataOutage when the database fails."""

    async def record(self, subject: str) -> GuessRecord:
        """Tell what is known of a subject."""
        ...

    async def count(self, subject: str, now: int, forgotten: int) -> int:
        """Count a wrong credential.

        Args:
            subject: whose.
            now: the time.
            forgotten: when the one before is older than this, counting begins anew.

        Returns:
            How many there are.
        """
        ...

    async def wait(self, subject: str, until: int) -> None:
        """Let a subject wait, unless it has to wait longer already."""
        ...

    async def succeed(self, subject: str, now: int) -> None:
        """Remember that credentials were right."""
        ...

    async def waiting(self, now: int, limit: int) -> dict[str, int]:
        """Tell who has to wait, and until when; those who wait longest, where there are more."""
        ...

    async def forget(self, before: int, keep: int) -> int:
        """Forget subjects of which nothing was heard since, and more of them above a number.

        Args:
            before: the moment.
            keep: how many may stay.

        Returns:
            How many were forgotten.
        """
        ...
