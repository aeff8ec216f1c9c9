"""kill -9 of everything at any moment loses nothing acknowledged, and shows nothing half."""

import random
from pathlib import Path

from tests.acceptance.durability.crash.killing import kill_again_and_again


def test_fifteen_kills_lose_nothing(tmp_path: Path) -> None:
    seed = random.randrange(10**6)
    report = kill_again_and_again(
        tmp_path, 15, seed, tell=lambda report: print(f"seed {seed}: {report}")
    )
    assert report.acknowledged > 100
    assert report.uploads_resumed > 0
