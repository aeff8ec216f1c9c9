"""The counters of usage against a recount."""

from collections.abc import Awaitable, Callable, Iterable

from entrepot.ports.usage import CounterDifference, RecountPage
from entrepot.services.check.findings import Fault, Finding
from entrepot.services.check.tools import PAGE, Check, Stage


async def check_counters(check: Check) -> None:
    """Count everything anew; wrong counters are set right where that is asked for."""
    check.progress(Stage.COUNTERS, check.counts)
    recount, repair = check.stores.recount, check.repair

    async def repositories(after: int) -> RecountPage:
        return await recount.repositories(after, PAGE, repair=repair)

    async def shared_blobs(after: int) -> RecountPage:
        return await recount.shared_blobs(after, PAGE, repair=repair)

    await _pages(check, repositories)
    await _pages(check, shared_blobs)
    _tell(check, await recount.totals(repair=repair))


async def _pages(check: Check, recounted: Callable[[int], Awaitable[RecountPage]]) -> None:
    after: int | None = 0
    while after is not None:
        page = await recounted(after)
        _tell(check, page.differences)
        after = page.next


def _tell(check: Check, differences: Iterable[CounterDifference]) -> None:
    done = "set right" if check.repair else ""
    for wrong in differences:
        detail = f"{wrong.counter} says {wrong.kept}, there are {wrong.counted}"
        reference = f"{wrong.scope} {wrong.name}".strip()
        check.found(Finding(Fault.WRONG_COUNTER, "", reference, detail, done, check.repair))
