"""Wrong credentials of long ago are forgotten in the background."""

import asyncio
from pathlib import Path

from entrepot.operations.jobs import forgetting_job
from entrepot.ports.clock import MICROSECONDS
from tests.contract.guess_databases import SqliteGuessDatabase

DAY = 24 * 3600 * MICROSECONDS


class Today:
    def now(self) -> int:
        return 100 * DAY


def test_what_is_older_than_a_month_goes(tmp_path: Path) -> None:
    database = SqliteGuessDatabase(tmp_path)
    ledger = database.open()

    async def work() -> None:
        await ledger.count("long ago", 69 * DAY, 0)
        await ledger.count("lately", 71 * DAY, 0)
        await forgetting_job(ledger, Today()).work()
        assert (await ledger.record("long ago")).failures == 0
        assert (await ledger.record("lately")).failures == 1

    try:
        asyncio.run(work())
    finally:
        database.close()
