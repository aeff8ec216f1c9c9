"""How a process that Granian has started becomes a worker."""

from __future__ import annotations

from typing import TYPE_CHECKING

from entrepot.server.orders import Orders

if TYPE_CHECKING:
    from entrepot.server.worker import Worker


def load(orders: Orders) -> Worker:
    """Build a worker; Granian calls this in each process that it starts.

    The supervisor hands it over and never calls it, and so does without the worker's code.
    """
    from entrepot.server.worker import work

    return work(orders)
