"""Passes over all blobs: nothing is skipped, nothing good is condemned, and they go on."""

import asyncio
import time
from contextlib import closing

import pytest

from entrepot.drivers.sql.check import SqlInspector
from entrepot.drivers.sql.engines.sqlite.database import SqliteDatabase
from entrepot.drivers.sql.quarantine import SqlQuarantine
from entrepot.ports.quarantine import Reason
from entrepot.services.pace import Pacer
from entrepot.services.quarantine import Quarantining
from entrepot.services.scrub import Scrub, ScrubState
from tests.unit.services.check.harness import (
    APP,
    CONFIG,
    LAYER,
    OTHER,
    SHARED,
    Damaged,
    digest_of,
    with_stock,
)

CONTENTS = (CONFIG, LAYER, SHARED, OTHER)
FAST = 10**12


class Observed:
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.sizes: list[int] = []
        self.bad = 0

    def scrubbed(self, size: int, *, bad: bool) -> None:
        self.sizes.append(size)
        self.bad += bad


async def scrub(
    damaged: Damaged,
    progress: str = "",
    *,
    rate: float = FAST,
    observed: Observed | None = None,
    notes: list[str] | None = None,
) -> ScrubState:
    """Make a pass, and give what it wrote down last."""
    registry = damaged.registry
    written = notes if notes is not None else []

    async def note(text: str) -> None:
        written.append(text)

    inspector = registry.inspector
    quarantine = SqlQuarantine(registry.metadata.database)
    quarantining = Quarantining(quarantine, registry.blobs, inspector, registry.clock)
    with closing(SqliteDatabase(damaged.database, read_only=True)) as asked:
        rows = SqlInspector(asked)
        work = Scrub(rows, inspector, quarantine, quarantining, rate, observed or Observed())
        await work.run(progress, note)
    return ScrubState.read(written[-1] if written else progress)


async def quarantined(damaged: Damaged) -> dict[str, Reason]:
    rows = await SqlQuarantine(damaged.registry.metadata.database).listed(0, 100)
    return {row.blob.digest: row.reason for row in rows}


def flip(damaged: Damaged, content: str) -> None:
    damaged.file(content).write_text(content.swapcase())


def test_a_pass_reads_every_blob_once_and_finds_nothing_wrong() -> None:
    async def work(damaged: Damaged) -> None:
        observed = Observed()
        state = await scrub(damaged, observed=observed)
        assert sorted(observed.sizes) == sorted(len(content) for content in CONTENTS)
        assert (state.blobs, state.size) == (len(CONTENTS), sum(observed.sizes))
        assert (state.bad, observed.bad) == (0, 0)
        assert await quarantined(damaged) == {}

    with_stock(work)


def test_bad_blobs_are_put_into_quarantine_and_named_by_reason() -> None:
    async def work(damaged: Damaged) -> None:
        flip(damaged, LAYER)
        damaged.file(SHARED).unlink()
        damaged.file(OTHER).write_text(OTHER + "!")
        observed = Observed()
        state = await scrub(damaged, observed=observed)
        assert await quarantined(damaged) == {
            digest_of(LAYER): Reason.WRONG_BYTES,
            digest_of(SHARED): Reason.MISSING,
            digest_of(OTHER): Reason.WRONG_SIZE,
        }
        assert (state.bad, observed.bad) == (3, 3)

    with_stock(work)


def test_a_blob_that_is_whole_again_is_let_go_by_the_next_pass() -> None:
    async def work(damaged: Damaged) -> None:
        flip(damaged, LAYER)
        assert (await scrub(damaged)).bad == 1
        assert ((await scrub(damaged)).bad, len(await quarantined(damaged))) == (1, 1)
        damaged.file(LAYER).write_text(LAYER)
        state = await scrub(damaged)
        assert (state.bad, state.healed) == (0, 1)
        assert await quarantined(damaged) == {}
        found = await damaged.registry.metadata.blob(APP, digest_of(LAYER))
        assert found is not None
        assert not found.quarantined

    with_stock(work)


def test_a_pass_that_was_stopped_goes_on_behind_what_was_done() -> None:
    async def work(damaged: Damaged) -> None:
        with closing(SqliteDatabase(damaged.database, read_only=True)) as asked:
            known = await SqlInspector(asked).blobs(0, 10)
        flip(damaged, LAYER)
        middle = next(one for one in known if one.blob.digest == digest_of(LAYER))
        done = ScrubState(after=middle.number, blobs=2, size=100, bad=1)
        observed = Observed()
        state = await scrub(damaged, done.written(), observed=observed)
        left = [one for one in known if one.number > middle.number]
        assert len(observed.sizes) == len(left)
        assert (state.blobs, state.bad) == (2 + len(left), 1)
        assert await quarantined(damaged) == {}  # it lies before the place where the pass goes on

    with_stock(work)


def test_cancelling_a_pass_ends_it_in_the_middle_of_a_blob() -> None:
    async def work(damaged: Damaged) -> None:
        running = asyncio.ensure_future(scrub(damaged, rate=0.01))
        await asyncio.sleep(0.2)
        began = time.monotonic()
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        # The threads must end, too: a worker waits for them when it stops.
        damaged.registry.inspector.close()
        assert time.monotonic() - began < 60.0  # the smallest blob takes minutes at this rate

    with_stock(work)


@pytest.mark.anyio
async def test_the_rate_is_kept() -> None:
    pacer = Pacer(1_000_000)
    began = time.monotonic()
    for _ in range(10):
        await pacer(30_000)
    assert time.monotonic() - began >= 0.3


@pytest.mark.anyio
async def test_what_was_not_read_is_not_saved_up() -> None:
    pacer = Pacer(1_000_000)
    await pacer(1)
    await asyncio.sleep(0.3)
    began = time.monotonic()
    await pacer(200_000)
    assert time.monotonic() - began >= 0.2
