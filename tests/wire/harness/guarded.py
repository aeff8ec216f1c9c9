"""A registry with users, rules and something to steal."""

from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import bcrypt

from tests.wire.harness.applications import Running
from tests.wire.harness.contents import CONFIG, EMPTY, IMAGE, LAYER, Content, artifact
from tests.wire.harness.exchange import Reply, Request
from tests.wire.harness.in_process import LoopThread
from tests.wire.harness.rules import first_code

USERS = ("alice", "bob", "carol")
SECRET_LAYER = Content(b"nobody but alice may read this")
SIGNATURE = artifact("application/vnd.example.signature", subject=IMAGE)

RULES: list[dict[str, list[str]]] = [
    {
        "who": ["user:alice"],
        "may": ["pull", "push", "delete", "list"],
        "repositories": ["secret/**", "shared/**", "public/**"],
    },
    {
        "who": ["user:bob"],
        "may": ["pull", "push", "delete", "list"],
        "repositories": ["{user}/**"],
    },
    {"who": ["user:bob"], "may": ["pull"], "repositories": ["shared/**"]},
    {"who": ["anonymous"], "may": ["pull", "list"], "repositories": ["public/**"]},
]
"""alice has everything, bob what is his and reads what is shared, carol nothing."""


def password_of(user: str) -> str:
    """Every user's password."""
    return f"{user}'s password"


def basic(user: str, secret: str | None = None) -> str:
    """The header of a user."""
    pair = f"{user}:{password_of(user) if secret is None else secret}"
    return f"Basic {b64encode(pair.encode()).decode()}"


def htpasswd(folder: Path) -> dict[str, Any]:
    """Write a file of the users; gives the section that names it."""
    file = folder / "htpasswd"
    folder.mkdir(parents=True, exist_ok=True)
    lines = [
        f"{user}:{bcrypt.hashpw(password_of(user).encode(), bcrypt.gensalt(4)).decode()}\n"
        for user in USERS
    ]
    file.write_text("".join(lines))
    return {"htpasswd": {"realm": "Tests", "path": str(file)}}


class Guarded:
    """A registry, and ways to ask it as somebody.

    Args:
        loop: where it runs.
        folder: where its data lies.
        changes: laid over its configuration.
    """

    def __init__(
        self, loop: LoopThread, folder: Path, changes: Mapping[str, Any] | None = None
    ) -> None:
        access = {"enabled": True, "rules": RULES}
        settings = {"auth": htpasswd(folder), "access": access, **(changes or {})}
        self.running = Running(loop, folder, settings)

    def close(self) -> None:
        """Let go of everything."""
        self.running.close()

    def ask(
        self,
        user: str,
        method: str,
        target: str,
        body: bytes | None = None,
        address: str = "192.0.2.1",
        **headers: str,
    ) -> Reply:
        """Send a request as a user; as nobody with an empty name."""
        named = [(name.replace("_", "-"), value) for name, value in headers.items()]
        if user:
            named.append(("authorization", basic(user)))
        sent = Request(method, target, tuple(named), body)
        return self.running.transport.send(sent, address)

    def token(self, user: str, *scopes: str) -> str:
        """Ask the token server for a token, as docker does."""
        query = "&".join(["service=entrepot", *(f"scope={scope}" for scope in scopes)])
        reply = self.ask(user, "GET", f"/auth/token?{query}")
        assert reply.status == 200, reply.told()
        token: str = reply.json()["token"]
        return token

    def with_token(self, token: str, method: str, target: str, body: bytes | None = None) -> Reply:
        """Send a request with a token."""
        return self.ask("", method, target, body, authorization=f"Bearer {token}")

    def push(self, user: str, name: str, *blobs: Content) -> None:
        """Push blobs and an image that is tagged `v1`."""
        for blob in (CONFIG, LAYER, EMPTY, *blobs):
            target = f"/v2/{name}/blobs/uploads/?digest={blob.digest}"
            reply = self.ask(user, "POST", target, blob.payload)
            assert reply.status == 201, reply.told()
        for content, reference in ((IMAGE, "v1"), (SIGNATURE, SIGNATURE.digest)):
            target = f"/v2/{name}/manifests/{reference}"
            reply = self.ask(user, "PUT", target, content.payload, content_type=content.media_type)
            assert reply.status == 201, reply.told()


def refused(reply: Reply) -> tuple[int, str]:
    """The status and the code of a refusal."""
    return reply.status, str(first_code(reply))


def looks(reply: Reply) -> tuple[Any, ...]:
    """All of an answer that a stranger could tell apart, without what was asked for."""
    return reply.status, tuple(sorted(name for name, _ in reply.headers)), reply.body
