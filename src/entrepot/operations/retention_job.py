"""A run of retention under a claim: it writes down how far it is, and goes on there."""

import logging
import time

from entrepot.oci.name import RepositoryName
from entrepot.operations.scheduled import Turn
from entrepot.services.retention import Counts, Retention

logger = logging.getLogger("entrepot.retention")

_SECONDS_A_NOTE = 1.0


async def apply_rules(retention: Retention, turn: Turn) -> str:
    """Apply the rules to every repository behind the last one that was done."""
    noted = time.monotonic()

    async def done(name: RepositoryName) -> None:
        nonlocal noted
        if time.monotonic() - noted >= _SECONDS_A_NOTE:
            noted = time.monotonic()
            await turn.note(name)

    return str(await retention.run(turn.progress, done))


async def tell_verdicts(retention: Retention, turn: Turn) -> str:
    """Log each tag that would go, and why; change nothing."""
    counts = Counts()
    async for name in retention.repositories(turn.progress):
        counts.repositories += 1
        async for verdict in retention.verdicts(name):
            counts.see(verdict)
            if verdict.keeps:
                continue
            why = " / ".join(map(str, verdict.reasons))
            logger.info("%s:%s would be removed: %s", name, verdict.dated.tag, why)
    return f"dry run: {counts}"
