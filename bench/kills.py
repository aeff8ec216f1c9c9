"""The long crash test: at least 200 kills under load. `python -m bench.kills`.

The same as tests/acceptance/durability/test_crash.py, for longer. Ends with a sentence of what it
did, or with what was lost.
"""

from __future__ import annotations

import argparse
import random
import tempfile
from pathlib import Path

from tests.acceptance.durability.crash.killing import Report, kill_again_and_again

DISK = Path("/var/tmp")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.kills", description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=1.0, help="longest load between two kills")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument("--data", type=Path, default=DISK, help="where the data lies meanwhile")
    options = parser.parse_args()

    def tell(report: Report) -> None:
        if report.kills % 10 == 0:
            print(f"{report.seconds:6.0f} s  {report}", flush=True)

    with tempfile.TemporaryDirectory(prefix="entrepot-kills-", dir=options.data) as folder:
        report = kill_again_and_again(
            Path(folder), options.kills, options.seed, options.seconds, tell
        )
    print(
        f"seed {options.seed}: {report.kills} kills, {report.kills_while_starting} of them during"
        f" a start, in {report.seconds:.0f} s: {report.acknowledged} acknowledged changes,"
        f" {report.uploads_resumed} uploads resumed, {report.bytes_compared / 1e9:.1f} GB read back"
        " and compared; nothing lost, nothing half"
    )


if __name__ == "__main__":
    main()
