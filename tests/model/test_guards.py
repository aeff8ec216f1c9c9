"""Each guard of the collector is needed: without it some order breaks a promise."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from entrepot.errors import DamagedBlob
from tests.model.exploring import Stage, at_random, with_one_turn_within
from tests.model.guards import GUARDS, Guard
from tests.model.scheduler import Choose, Orders
from tests.model.scripts import SCRIPTS

PREEMPTIONS = 2
MOST = 400
BY_NAME = {script.name: script for script in SCRIPTS}
DECISION = Path(__file__).parents[2] / "docs" / "decisions" / "0015-collecting-while-serving.md"


def broken(stage: Stage, choose: Choose, kill: tuple[str, int] | None = None) -> bool:
    try:
        stage.run(choose, kill)
    except (AssertionError, DamagedBlob):  # a broken promise, or an image without its bytes
        return True
    return False


def some_kill_breaks(stage: Stage) -> bool:
    return any(
        broken(stage, at_random(f"{step} {seed}"), ("collector 1", step))
        for step in range(1, 15)
        for seed in range(3)
    )


@pytest.mark.parametrize("guard", GUARDS, ids=lambda guard: guard.name)
def test_without_the_guard_some_order_is_fatal(
    monkeypatch: pytest.MonkeyPatch, guard: Guard
) -> None:
    with TemporaryDirectory(dir="/dev/shm") as folder:
        stage = Stage(Path(folder), BY_NAME[guard.script])
        guard.take_out(monkeypatch)
        if guard.kills:
            assert some_kill_breaks(stage)
        elif guard.within is not None:
            orders = (with_one_turn_within(*guard.within, steps) for steps in range(25))
            assert any(broken(stage, choose) for choose in orders)
        else:
            assert any(broken(stage, choose) for choose in Orders(PREEMPTIONS, MOST))


def test_the_decision_lists_every_guard() -> None:
    text = DECISION.read_text("utf-8")
    assert [guard.name for guard in GUARDS if f"| {guard.name} |" not in text] == []
