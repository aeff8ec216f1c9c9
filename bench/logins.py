"""Entrepot with many accounts, and people who log in to them, so many a second."""

from __future__ import annotations

import sqlite3
import threading
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import yaml

from bench.client import Client
from bench.figures import ENTREPOT
from bench.guarded import PASSWORD, USER
from bench.servers import Server, configuration, free_port, started

_CLIENTS = 10


@contextmanager
def with_accounts(root: Path, users: int, program: str) -> Iterator[Server]:
    """Run Entrepot with accounts of one password, and a repository that everybody may pull.

    Args:
        root: its directory.
        users: how many, named user-0, user-1 and so on, beside the benchmark's own.
        program: of this checkout.
    """
    root.mkdir(parents=True, exist_ok=True)
    port = free_port()
    config = configuration(root, port)
    document = yaml.safe_load(config.read_text())
    rules = [
        {"who": ["anonymous"], "may": ["pull"], "repositories": ["bench/**"]},
        {"who": ["authenticated"], "may": ["pull", "push"], "repositories": ["bench/**"]},
    ]
    document["access"] = {"enabled": True, "rules": rules}
    config.write_text(yaml.safe_dump(document))
    with started(ENTREPOT, [program, "serve", str(config)], root, port, "/v2/") as server:
        _add_users(root / "data" / "entrepot" / "metadata.db", users)
        yield server


def _add_users(database: Path, users: int) -> None:
    from entrepot.services.access.argon2id import Argon2id

    kept = Argon2id().hash(PASSWORD.encode())
    with closing(sqlite3.connect(database, timeout=30)) as connection, connection:
        connection.executemany(
            "INSERT INTO accounts (name, kind, password_hash, password_changed_at, created_at)"
            " VALUES (?, 'user', ?, 1, 1)",
            [(name, kept) for name in (USER, *(f"user-{number}" for number in range(users)))],
        )


class Logins:
    """Logs in as one user after the other, evenly spread over the time.

    Args:
        port: of the server.
        rate: logins a second.
        first: number of the first user; none logs in twice, for the second time is remembered.
    """

    def __init__(self, port: int, rate: float, first: int) -> None:
        self._port = port
        self._rate = rate
        self._numbers = iter(range(first, 10**9))
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._threads = [threading.Thread(target=self._run) for _ in range(_CLIENTS)]
        self._begun = 0.0
        self.done = 0
        self.errors: list[BaseException] = []

    def __enter__(self) -> Logins:
        self._begun = time.monotonic()
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *outcome: object) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join()
        self.seconds = time.monotonic() - self._begun
        if self.errors:
            raise self.errors[0]

    def _run(self) -> None:
        try:
            with Client(self._port) as client:
                while not self._stopping.is_set():
                    self._log_in(client)
        except BaseException as error:
            self.errors.append(error)

    def _log_in(self, client: Client) -> None:
        with self._lock:
            number = next(self._numbers)
            due = self._begun + self.done / self._rate
            self.done += 1
        if self._stopping.wait(max(0.0, due - time.monotonic())):
            return
        basic = b64encode(f"user-{number}:{PASSWORD}".encode()).decode()
        client.request("GET", "/v2/", 200, headers={"Authorization": f"Basic {basic}"})
