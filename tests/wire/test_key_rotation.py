"""The key that signs is replaced under load, with two workers, and no request fails."""

import asyncio
import base64
import http.client
import json
import subprocess
import threading
import time
from pathlib import Path

import jwt

from entrepot.drivers.sql.engines.sqlite.database import SqliteDatabase
from entrepot.drivers.sql.metadata import SqlMetadata
from entrepot.drivers.sql.tokens import SqlTokenStore
from entrepot.services.token_server.certificates import make_signing_key
from tests.waiting import PATIENCE, tries
from tests.wire.harness.server import PROGRAM, Registry

PASSWORD = "a long password of the tests"
RULE = {"who": ["user:alice"], "may": ["pull", "push"], "repositories": ["team/**"]}
BASIC = base64.b64encode(f"alice:{PASSWORD}".encode()).decode()
SCOPE = "repository:team/app:pull,push"
# Workers look at the keys every 5 s: the next one is published for far longer than that.
PUBLISHED_SECONDS = 15


class Client(threading.Thread):
    """Gets a token and uses it, again and again, on connections of its own."""

    def __init__(self, authority: str) -> None:
        super().__init__()
        self._authority = authority
        self.over = threading.Event()
        self.kids: list[str] = []
        self.tokens: list[str] = []
        self.failures: list[str] = []

    def run(self) -> None:
        while not self.over.is_set():
            status, body = self._ask(f"/auth/token?scope={SCOPE}", f"Basic {BASIC}")
            if status != 200:
                self.failures.append(f"no token: {status} {body!r}")
                continue
            token = json.loads(body)["token"]
            self.tokens.append(token)
            self.kids.append(jwt.get_unverified_header(token)["kid"])
            for used in {token, self.tokens[0]}:
                status, body = self.use(used)
                if status != 404:  # let in; there is no such repository
                    self.failures.append(f"refused: {status} {body!r}")

    def use(self, token: str) -> tuple[int, bytes]:
        return self._ask("/v2/team/app/tags/list", f"Bearer {token}")

    def _ask(self, target: str, authorization: str) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection(self._authority, timeout=PATIENCE)
        try:
            connection.request("GET", target, headers={"Authorization": authorization})
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()


async def add_next_key(path: Path, seconds: float) -> str:
    """Make the next key, as a worker does when it is due."""
    database = SqlMetadata(SqliteDatabase(path))
    try:
        store = SqlTokenStore(database.database)
        authority = await store.authority()
        assert authority is not None
        (first,) = await store.signing_keys()
        now = time.time_ns() // 1000
        signs_from = now + int(seconds * 1_000_000)
        key = make_signing_key(authority, first.number + 1, signs_from, now)
        assert await store.keep_signing_key(key, now)
        return key.kid
    finally:
        database.close()


def test_no_request_fails_while_the_key_is_replaced(tmp_path: Path) -> None:
    registry = Registry(tmp_path, {"access": {"enabled": True, "rules": [RULE]}})
    registry.start()
    clients = [Client(registry.authority) for _ in range(3)]
    try:
        config = f"--config={tmp_path / 'config.yml'}"
        command = [str(PROGRAM), "user", "add", "alice", "--password-stdin", config]
        subprocess.run(command, input=PASSWORD.encode(), check=True, capture_output=True)
        for client in clients:
            client.start()
        while not all(client.kids for client in clients):
            time.sleep(0.05)
            assert all(client.is_alive() for client in clients)
        path = registry.data / "entrepot" / "metadata.db"
        new = asyncio.run(add_next_key(path, PUBLISHED_SECONDS))
        for _ in tries("the new key does not sign"):
            if all(client.kids[-20:] == [new] * 20 for client in clients):
                break
            time.sleep(0.1)
    finally:
        for client in clients:
            client.over.set()
        for client in clients:
            if client.ident is not None:
                client.join()
        code = registry.stop()
    assert [client.failures[:3] for client in clients] == [[], [], []]
    assert code == 0
    log = registry.log.read_text()
    assert "Traceback" not in log
    assert PASSWORD not in log
    assert clients[0].tokens[0] not in log
