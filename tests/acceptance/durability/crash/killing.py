"""Start, load, kill, start again, look: as often as is asked."""

import asyncio
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.acceptance.durability.crash.client import Client
from tests.acceptance.durability.crash.inspection import Inspection
from tests.acceptance.durability.crash.ledger import Key, Ledger
from tests.acceptance.durability.server import Server

CLIENTS = 8


@dataclass
class Report:
    """What a run did; bytes are those that were read back and compared."""

    kills: int = 0
    kills_while_starting: int = 0
    acknowledged: int = 0
    uploads_resumed: int = 0
    bytes_compared: int = 0
    seconds: float = 0


def kill_again_and_again(
    folder: Path,
    kills: int,
    seed: int,
    load_seconds: float = 1.0,
    tell: Callable[[Report], None] = lambda _: None,
) -> Report:
    """Kill a registry under load, and look at it after each restart.

    Args:
        folder: where its data lies.
        kills: how many times.
        seed: of what clients do and of the moments of the kills.
        load_seconds: the longest time that clients have between two kills.
        tell: is told how far it is after each kill.

    Raises:
        AssertionError: something that was acknowledged is lost, or something half is visible.
    """
    randomness, report, ledger = random.Random(seed), Report(), Ledger()
    clients = [Client(n, ledger, random.Random(f"{seed}-{n}")) for n in range(CLIENTS)]
    began = time.monotonic()
    while report.kills < kills:
        if randomness.random() < 0.15:
            server = Server(folder, wait=False)
            time.sleep(randomness.uniform(0, 1.0))
            server.kill()
            report.kills_while_starting += 1
        else:
            server = Server(folder)
            look(server, ledger, clients, ledger.touched, report)
            asyncio.run(load(server, clients, randomness.uniform(0.05, load_seconds)))
        report.kills += 1
        report.seconds = time.monotonic() - began
        tell(report)
    server = Server(folder)
    try:
        look(server, ledger, clients, set(ledger.registers), report)
    finally:
        server.stop()
    report.seconds = time.monotonic() - began
    return report


async def load(server: Server, clients: list[Client], seconds: float) -> None:
    """Let clients work for some seconds, and kill the registry under them."""
    tasks = [asyncio.create_task(client.work(server.port)) for client in clients]
    await asyncio.sleep(seconds)
    await asyncio.to_thread(server.kill)
    await asyncio.gather(*tasks)


def look(
    server: Server, ledger: Ledger, clients: list[Client], keys: set[Key], report: Report
) -> None:
    """Look at these registers after a restart; the registry is killed when something is wrong."""
    inspection = Inspection(server.port, ledger)
    try:
        asyncio.run(inspection.run(set(keys), clients))
        assert not ledger.problems, "\n".join(ledger.problems)
    except BaseException:
        server.kill()
        raise
    report.bytes_compared += inspection.bytes_read
    report.acknowledged = ledger.acknowledged
    report.uploads_resumed += sum(len(client.uploads) for client in clients)
    for client in clients:
        client.uploads.clear()
    ledger.touched.clear()
