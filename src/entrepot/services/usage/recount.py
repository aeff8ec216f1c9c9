"""Recounts what the counters say, from nothing, and sets them right.

Repositories first, then which blobs namespaces share, then the sums of both: each relies upon the
one before.
"""

from collections.abc import AsyncIterator

from entrepot.ports.usage import CounterDifference, UsageRecount

_REPOSITORIES_A_PAGE = 100
_BLOBS_A_PAGE = 1000


async def differences(recount: UsageRecount) -> AsyncIterator[list[CounterDifference]]:
    """Compare every counter with what there is.

    Args:
        recount: does the counting; others may go on changing what is counted.

    Yields:
        What each page found: an empty list where everything agreed.

    Raises:
        MetadataOutage: the database failed.
    """
    async for page in _walk(recount, repair=False):
        yield page


async def repair(recount: UsageRecount) -> AsyncIterator[list[CounterDifference]]:
    """Do the same, and set wrong counters right.

    Yields:
        What each page found and has set right.

    Raises:
        MetadataOutage: the database failed; the pages before are repaired.
        StorageFull: the database has no room.
    """
    async for page in _walk(recount, repair=True):
        yield page


async def _walk(recount: UsageRecount, *, repair: bool) -> AsyncIterator[list[CounterDifference]]:
    after: int | None = 0
    while after is not None:
        page = await recount.repositories(after, _REPOSITORIES_A_PAGE, repair=repair)
        yield page.differences
        after = page.next
    after = 0
    while after is not None:
        page = await recount.shared_blobs(after, _BLOBS_A_PAGE, repair=repair)
        yield page.differences
        after = page.next
    yield await recount.totals(repair=repair)
