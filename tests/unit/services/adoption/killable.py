"""A process that adopts one directory and says each step of it, to be killed: `… ROOT`.

With a number, `… ROOT COMMITS`, it kills itself at the first statement behind that many commits.
"""

import os
import signal
import sqlite3
import sys
from pathlib import Path
from typing import Any

from entrepot.drivers.sql import adoption_log
from entrepot.drivers.sql.engines.sqlite import bulk
from entrepot.drivers.sql.engines.sqlite.connection import connect
from tests.unit.services.adoption.harness import adopt_tree


def die_behind(commits: int) -> None:
    passed = 0

    def watch(statement: str) -> None:
        nonlocal passed
        if passed >= commits:
            os.kill(os.getpid(), signal.SIGKILL)
        if statement == "COMMIT":
            passed += 1

    def connect_watched(*arguments: Any, **options: Any) -> sqlite3.Connection:
        connection = connect(*arguments, **options)
        connection.set_trace_callback(watch)
        return connection

    vars(bulk)["connect"] = connect_watched


if __name__ == "__main__":
    adoption_log.CHECKPOINT_ROWS = 50  # many moments to be killed at, in a small tree
    if len(sys.argv) > 2:
        die_behind(int(sys.argv[2]))
    adopt_tree(Path(sys.argv[1]), progress=lambda progress: print("step", flush=True))
