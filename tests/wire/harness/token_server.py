"""A registry with accounts and a token server, in this process."""

import base64
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import jwt

from entrepot.ports.access import OPERATOR
from entrepot.ports.clock import SystemClock
from entrepot.services.access.passwords import Passwords
from entrepot.services.access.users import Users
from tests.wire.harness.applications import Running
from tests.wire.harness.exchange import Reply, Request
from tests.wire.harness.in_process import LoopThread

PASSWORD = "a long password of the tests"
ACCESS = {
    "enabled": True,
    "rules": [
        {"who": ["user:alice"], "may": ["pull", "push"], "repositories": ["team/**"]},
        {"who": ["user:bob"], "may": ["pull"], "repositories": ["team/app"]},
        {"who": ["anonymous"], "may": ["pull"], "repositories": ["public/**"]},
    ],
    "token": {"services": ["elsewhere"]},
}
FORM = (("Content-Type", "application/x-www-form-urlencoded"),)


class Guarded:
    """A registry with accounts and a token server."""

    def __init__(self, loop: LoopThread, folder: Path, changes: dict[str, Any]) -> None:
        self.running = Running(loop, folder, {"access": ACCESS, **changes})
        passwords = Passwords()
        users = Users(self.running.drivers.accounts, passwords, SystemClock())
        for name in ("alice", "bob"):
            loop.run(users.add(OPERATOR, name, PASSWORD))
        passwords.close()

    def send(
        self,
        method: str,
        target: str,
        headers: tuple[tuple[str, str], ...] = (),
        body: bytes | None = None,
    ) -> Reply:
        return self.running.transport.send(Request(method, target, headers, body))

    def get(self, name: str = "", secret: str = PASSWORD, **query: str | list[str]) -> Reply:
        headers = (basic(name, secret),) if name else ()
        return self.send("GET", f"/auth/token?{urlencode(query, doseq=True)}", headers)

    def post(self, **form: str) -> Reply:
        return self.send("POST", "/auth/token", FORM, urlencode(form).encode())

    def password_grant(self, name: str, secret: str = PASSWORD, **more: str) -> Reply:
        return self.post(
            grant_type="password",
            username=name,
            password=secret,
            service="entrepot",
            client_id="tests",
            **more,
        )


def basic(name: str, secret: str) -> tuple[str, str]:
    return "Authorization", f"Basic {base64.b64encode(f'{name}:{secret}'.encode()).decode()}"


def bearer(token: str) -> tuple[str, str]:
    return "Authorization", f"Bearer {token}"


def claims(reply: Reply) -> dict[str, Any]:
    assert reply.status == 200, reply.told()
    return jwt.decode(reply.json()["token"], options={"verify_signature": False})


def access(reply: Reply) -> list[str]:
    return [
        f"{one['type']}:{one['name']}:{','.join(one['actions'])}" for one in claims(reply)["access"]
    ]
