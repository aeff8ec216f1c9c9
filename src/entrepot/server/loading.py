"""How a process from the nursery becomes a worker."""

import socket

from entrepot.server.orders import Orders


def become_worker(orders: Orders, listener: socket.socket) -> None:
    """Load a worker's code, and run it; the supervisor names this and does without the code.

    Args:
        orders: of the supervisor.
        listener: bound.
    """
    from entrepot.server.worker import work

    work(orders, listener)
