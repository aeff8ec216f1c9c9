"""A process that adopts one directory and says each step of it, to be killed: `… ROOT`."""

import sys
from pathlib import Path

from entrepot.drivers.sqlite import adoption_log
from tests.unit.services.adoption.harness import adopt_tree

if __name__ == "__main__":
    adoption_log.CHECKPOINT_ROWS = 50  # many moments to be killed at, in a small tree
    adopt_tree(Path(sys.argv[1]), progress=lambda progress: print("step", flush=True))
