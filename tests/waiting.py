"""Waiting for what is certain to come, however slow the machine is."""

import time
from collections.abc import Iterator

PATIENCE = 120.0
"""Seconds. Nobody waits for so long unless something is broken."""


def tries(what: str) -> Iterator[None]:
    """Give turns to look for something, until there was patience enough.

    Args:
        what: is wrong when it does not come.

    Raises:
        AssertionError: it did not.
    """
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        yield
    raise AssertionError(f"after {PATIENCE:.0f} s: {what}")
