import asyncio

import pytest

from entrepot.ports.jobs import JobLedger, JobRun
from tests.contract.databases import JobsDatabase

pytestmark = pytest.mark.anyio

SECOND = 1_000_000
MINUTE = 60 * SECOND


async def test_a_job_that_was_never_seen_has_no_last_run(jobs: JobLedger) -> None:
    assert await jobs.last("sweep") is None


async def test_a_run_is_claimed_by_one_and_seen_by_all(
    jobs_database: JobsDatabase, jobs: JobLedger
) -> None:
    run = JobRun("sweep", "one", 10 + MINUTE, 10, None, "", "")
    assert await jobs.claim("sweep", "one", 10, MINUTE) == run
    other = jobs_database.open()
    assert await other.last("sweep") == run
    assert await other.claim("sweep", "two", 20, MINUTE) is None
    assert await other.claim("another", "two", 20, MINUTE) is not None


async def test_of_20_who_claim_at_once_one_gets_it(jobs_database: JobsDatabase) -> None:
    ledgers = [jobs_database.open() for _ in range(4)]
    claims = [
        ledgers[number % 4].claim("sweep", f"holder {number}", 5, MINUTE, since=5)
        for number in range(20)
    ]
    assert await asyncio.gather(*claims) == [None] * 20  # never seen: noted, and not due
    claims = [
        ledgers[number % 4].claim("sweep", f"holder {number}", 7, MINUTE, since=6)
        for number in range(20)
    ]
    assert len([run for run in await asyncio.gather(*claims) if run is not None]) == 1


async def test_the_claims_of_some_holders_are_let_go(jobs: JobLedger) -> None:
    holders = ["a/worker-1/x", "a/worker-10/x", "a/command-1/x", "ab/worker-1/x", "b/worker-1/x"]
    for holder in holders:
        await jobs.claim(holder, holder, 10, MINUTE)
    await jobs.renew(holders[0], holders[0], "half", 11, MINUTE)
    assert await jobs.release_all("a/worker-1/") == 1
    run = await jobs.claim(holders[0], "new", 20, MINUTE)
    assert run is not None
    assert run.progress == "half"
    for holder in holders[1:]:
        assert await jobs.claim(holder, "new", 20, MINUTE) is None
    assert await jobs.release_all("a/worker-") == 1
    assert await jobs.claim(holders[1], "new", 20, MINUTE) is not None


async def test_a_run_that_is_done_says_what_it_did(jobs: JobLedger) -> None:
    await jobs.claim("sweep", "one", 10, MINUTE)
    assert await jobs.finish("sweep", "one", "3 things swept", 20)
    assert await jobs.last("sweep") == JobRun("sweep", None, 0, 10, 20, "3 things swept", "")


async def test_a_scheduled_run_happens_once(jobs: JobLedger) -> None:
    await jobs.claim("sweep", "one", 10, MINUTE, since=0)
    due = 5 * MINUTE
    assert await jobs.claim("sweep", "one", due, MINUTE, since=due) is not None
    await jobs.finish("sweep", "one", "", due + 1)
    assert await jobs.claim("sweep", "two", due + 2, MINUTE, since=due) is None
    later = 10 * MINUTE
    assert await jobs.claim("sweep", "two", later, MINUTE, since=later) is not None


async def test_after_a_long_stop_a_run_is_caught_up_once(jobs: JobLedger) -> None:
    await jobs.claim("sweep", "one", 0, MINUTE, since=0)
    # It was due at 10, 20, … 90 minutes, and nobody was there.
    assert await jobs.claim("sweep", "two", 95 * MINUTE, MINUTE, since=90 * MINUTE) is not None
    await jobs.finish("sweep", "two", "", 95 * MINUTE)
    assert await jobs.claim("sweep", "two", 96 * MINUTE, MINUTE, since=90 * MINUTE) is None


async def test_a_job_that_is_first_seen_counts_as_run(jobs: JobLedger) -> None:
    assert await jobs.claim("sweep", "one", 10 * MINUTE, MINUTE, since=9 * MINUTE) is None
    assert await jobs.claim("sweep", "one", 12 * MINUTE, MINUTE, since=10 * MINUTE) is None
    assert await jobs.claim("sweep", "one", 12 * MINUTE, MINUTE, since=11 * MINUTE) is not None


async def test_a_run_whose_holder_died_is_gone_on_with(
    jobs_database: JobsDatabase, jobs: JobLedger
) -> None:
    await jobs.claim("sweep", "one", 10, MINUTE)
    assert await jobs.renew("sweep", "one", "at m", 20, MINUTE)
    other = jobs_database.open()
    assert await other.claim("sweep", "two", 20 + MINUTE - 1, MINUTE) is None
    # Not due by its schedule, and yet: what was begun is finished.
    again = await other.claim("sweep", "two", 20 + MINUTE, MINUTE, since=0)
    assert again == JobRun("sweep", "two", 20 + 2 * MINUTE, 10, None, "", "at m")


async def test_a_holder_that_lost_its_claim_can_change_nothing_any_more(jobs: JobLedger) -> None:
    await jobs.claim("sweep", "one", 0, MINUTE)
    taken = await jobs.claim("sweep", "two", MINUTE, MINUTE)
    assert not await jobs.renew("sweep", "one", "mine", MINUTE, 9 * MINUTE)
    assert not await jobs.release("sweep", "one", "mine")
    assert not await jobs.finish("sweep", "one", "mine", MINUTE)
    assert await jobs.last("sweep") == taken


async def test_a_run_that_is_let_go_is_gone_on_with_at_once(jobs: JobLedger) -> None:
    await jobs.claim("sweep", "one", 10, MINUTE)
    assert await jobs.release("sweep", "one", "at q")
    again = await jobs.claim("sweep", "two", 11, MINUTE, since=0)
    assert again == JobRun("sweep", "two", 11 + MINUTE, 10, None, "", "at q")


async def test_a_new_run_begins_without_the_progress_of_the_last(jobs: JobLedger) -> None:
    await jobs.claim("sweep", "one", 10, MINUTE)
    await jobs.renew("sweep", "one", "at z", 11, MINUTE)
    await jobs.finish("sweep", "one", "done", 12)
    run = await jobs.claim("sweep", "one", 20, MINUTE)
    assert run == JobRun("sweep", "one", 20 + MINUTE, 20, None, "", "")


async def test_nobody_finishes_what_nobody_claimed(jobs: JobLedger) -> None:
    assert not await jobs.finish("sweep", "one", "", 1)
    assert not await jobs.renew("sweep", "one", "", 1, MINUTE)
    assert await jobs.last("sweep") is None


async def test_a_job_that_was_never_seen_may_be_due_at_once_and_once(
    jobs_database: JobsDatabase,
) -> None:
    ledgers = [jobs_database.open() for _ in range(3)]

    async def claim(number: int, now: int) -> JobRun | None:
        ledger = ledgers[number % 3]
        return await ledger.claim(
            "backup", f"{number}", now, MINUTE, since=now - MINUTE, unseen_is_due=True
        )

    runs = [run for run in await asyncio.gather(*(claim(one, 5) for one in range(9))) if run]
    assert len(runs) == 1
    assert runs[0].holder is not None
    await ledgers[0].finish("backup", runs[0].holder, "", 6)
    assert await claim(9, 7) is None
    assert await claim(10, 5 + 2 * MINUTE) is not None
