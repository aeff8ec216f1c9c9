"""A process that adopts one directory, to be killed: `python -m … ROOT`."""

import sys
from pathlib import Path

from entrepot.drivers.sqlite import adoption_log
from tests.unit.services.adoption.harness import adopt_tree

if __name__ == "__main__":
    adoption_log.CHECKPOINT_ROWS = 50  # many moments to be killed at, in a small tree
    print("ready", flush=True)
    adopt_tree(Path(sys.argv[1]))
