"""When and from where accounts and tokens were last used: gathered, and written down now and then.

Nobody waits for it. What was gathered in the last seconds before a crash is lost.
"""

import asyncio
import logging

from entrepot.errors import EntrepotError
from entrepot.ports.accounts import Accounts, LastUse
from entrepot.ports.clock import MICROSECONDS
from entrepot.services.cache import MEBIBYTE, Cache

logger = logging.getLogger("entrepot.access")

DELAY_SECONDS = 10.0
PRECISION_MICROSECONDS = 60 * MICROSECONDS
"""A use from the same address within this time of one that was written is not written."""

_GATHERED = 16_384
_WRITTEN_BYTES = 2 * MEBIBYTE
# In one transaction, which runs in one go: a request that comes meanwhile waits for it.
_AT_ONCE = 50


class LastUses:
    """Gathers uses.

    Args:
        accounts: where they are written down.
        delay: seconds that uses are gathered before they are written.
    """

    def __init__(self, accounts: Accounts, delay: float = DELAY_SECONDS) -> None:
        self._accounts = accounts
        self._delay = delay
        self._gathered: dict[tuple[int, int | None], LastUse] = {}
        self._written: Cache[tuple[int, int | None], LastUse] = Cache(
            _WRITTEN_BYTES, PRECISION_MICROSECONDS / MICROSECONDS
        )
        self._timer: asyncio.TimerHandle | None = None
        self._writing: asyncio.Task[None] | None = None

    def note(self, use: LastUse) -> None:
        """Remember that somebody logged in."""
        key = (use.account, use.token)
        written = self._written.get(key)
        if (
            written is not None
            and written.address == use.address
            and use.at - written.at < PRECISION_MICROSECONDS
        ):
            return
        if len(self._gathered) < _GATHERED or key in self._gathered:
            self._gathered[key] = use
        if self._timer is None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(self._delay, self._write_soon)

    async def write(self) -> None:
        """Write down what was gathered; called at the end, too."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._writing is not None and self._writing is not asyncio.current_task():
            await asyncio.wait([self._writing])
        uses = list(self._gathered.values())
        self._gathered = {}
        for begin in range(0, len(uses), _AT_ONCE):
            await self._write(uses[begin : begin + _AT_ONCE])

    async def _write(self, uses: list[LastUse]) -> None:
        try:
            await self._accounts.change(lambda writer: writer.note_uses(uses))
        except EntrepotError as error:
            logger.warning("last uses of %d accounts are lost: %s", len(uses), error.message)
            return
        for use in uses:
            self._written.keep((use.account, use.token), use)

    def _write_soon(self) -> None:
        self._timer = None
        self._writing = asyncio.get_running_loop().create_task(self.write())
