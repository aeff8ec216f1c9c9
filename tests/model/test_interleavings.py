"""Every order in which a collector and clients can meet, in small stories; see scripts.py."""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.model.exploring import Stage, at_random, with_one_turn_within
from tests.model.scheduler import Orders
from tests.model.scripts import CROWD, SCRIPTS, Script, image


@pytest.fixture
def folder() -> Iterator[Path]:
    with TemporaryDirectory(dir="/dev/shm") as folder:
        yield Path(folder)


def try_orders(folder: Path, script: Script, preemptions: int, most: int) -> None:
    stage = Stage(folder, script)
    orders = Orders(preemptions, most)
    for choose in orders:
        stage.run(choose)
    assert orders.tried == 1 or orders.tried > 8


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_no_order_breaks_a_promise_or_leaves_anything(folder: Path, script: Script) -> None:
    """All orders with one preemption of those with two tasks, some of those with three."""
    try_orders(folder, script, 1, 60)


PAIRS = [script for script in SCRIPTS if script.prepare is image]


@pytest.mark.parametrize("script", PAIRS, ids=lambda script: script.name)
@pytest.mark.parametrize("swapped", [False, True])
def test_no_order_does_in_which_one_confirms_late(
    folder: Path, script: Script, swapped: bool
) -> None:
    """What was asked before time passed is answered after it, in the middle of a collection."""
    stage = Stage(folder, script)
    one, other = sorted({name for name, _ in stage.run(at_random("0")).steps}, reverse=swapped)
    for steps in range(25):
        stage.run(with_one_turn_within(one, other, steps))


@pytest.mark.long
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_no_order_with_more_preemptions_does(folder: Path, script: Script) -> None:
    try_orders(folder, script, 3, 4_000)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_a_kill_at_any_step_loses_nothing_that_the_next_does_not_mend(
    folder: Path, script: Script
) -> None:
    stage = Stage(folder, script)
    whole = stage.run(at_random("0"))
    steps: dict[str, int] = {}
    for name, _ in whole.steps:
        steps[name] = steps.get(name, 0) + 1
    for name, number in steps.items():
        for step in range(1, number, 1 if number < 12 else 3):
            stage.run(at_random(f"{name} {step}"), kill=(name, step))


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_random_orders_do_not_either(folder: Path, script: Script) -> None:
    stage = Stage(folder, script)
    for seed in range(10):
        stage.run(at_random(str(seed)))


@pytest.mark.parametrize("seeds", [40, pytest.param(2_000, marks=pytest.mark.long)])
def test_random_orders_of_a_crowd_do_not_either(folder: Path, seeds: int) -> None:
    stage = Stage(folder, CROWD)
    for seed in range(seeds):
        stage.run(at_random(str(seed)))


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
@pytest.mark.parametrize("seeds", [10, pytest.param(500, marks=pytest.mark.long)])
def test_turns_within_transactions_do_not_either(folder: Path, script: Script, seeds: int) -> None:
    stage = Stage(folder, script, stepped=True)
    within = 0
    for seed in range(seeds):
        steps = stage.run(at_random(str(seed))).steps
        within += sum(
            before != name and what.startswith("in a transaction")
            for (before, _), (name, what) in pairwise(steps)
        )
    assert within > seeds or len({name for name, _ in steps}) == 1


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_a_kill_within_a_transaction_takes_it_back(folder: Path, script: Script) -> None:
    stage = Stage(folder, script, stepped=True)
    steps: dict[str, list[int]] = {}
    counted: dict[str, int] = {}
    for name, what in stage.run(at_random("0")).steps:
        if not what.startswith("waits"):  # in another order it may not have to
            counted[name] = counted.get(name, 0) + 1
        if what.startswith("in a transaction"):
            steps.setdefault(name, []).append(counted[name])
    assert steps
    for name, within in steps.items():
        for step in within[:: max(1, len(within) // 6)]:
            if step == counted[name]:
                continue  # its last, and nothing comes before which it could be killed
            stage.run(at_random(f"{name} {step}"), kill=(name, step))
