"""kill -9 of everything at any moment loses nothing acknowledged, and shows nothing half."""

import asyncio
import random
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.acceptance.durability.crash.client import Client
from tests.acceptance.durability.crash.killing import Report, kill_again_and_again, load, look
from tests.acceptance.durability.crash.ledger import Ledger
from tests.acceptance.durability.server import Server


def test_fifteen_kills_lose_nothing(tmp_path: Path) -> None:
    seed = random.randrange(10**6)
    report = kill_again_and_again(
        tmp_path, 15, seed, tell=lambda report: print(f"seed {seed}: {report}")
    )
    assert report.acknowledged > 100
    assert report.uploads_resumed > 0


def lose_blob(data: Path) -> None:
    for file in data.glob("docker/registry/v2/blobs/sha256/*/*/data"):
        file.unlink()


def change_blob(data: Path) -> None:
    for file in data.glob("docker/registry/v2/blobs/sha256/*/*/data"):
        file.write_bytes(file.read_bytes()[:-1] + b"\0")


def lose_transaction(data: Path) -> None:
    with closing(sqlite3.connect(data / "entrepot" / "metadata.db")) as database:
        database.execute("DELETE FROM tags")
        database.commit()


def lose_uploads(data: Path) -> None:
    for file in data.glob("entrepot/uploads/*"):
        file.unlink()


@pytest.mark.parametrize(
    ("harm", "wanted"),
    [
        (lose_blob, "500"),
        (change_blob, "has wrong bytes"),
        (lose_transaction, "is None, and not one of"),
        (lose_uploads, "does not go on"),
    ],
)
def test_what_a_kill_would_lose_is_found(
    tmp_path: Path, harm: Callable[[Path], None], wanted: str
) -> None:
    ledger = Ledger()
    clients = [Client(n, ledger, random.Random(n)) for n in range(4)]
    server = Server(tmp_path)
    asyncio.run(load(server, clients, 1.5))
    harm(server.data)
    with pytest.raises(AssertionError, match=wanted):
        look(Server(tmp_path), ledger, clients, ledger.touched, Report())
