"""Both registries with passwords, Entrepot with rules and tokens, and a client that has one."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import yaml

from bench.client import Client
from bench.figures import DOCKER
from bench.servers import Server, configuration, free_port, started
from entrepot.ports.access import OPERATOR

USER, PASSWORD = "alice", "correct horse"
BASIC = f"Basic {b64encode(f'{USER}:{PASSWORD}'.encode()).decode()}"
RULES, GROUPS = 1000, 200


class KnownClient(Client):
    """A client that sends its password with each request."""

    def head(self, method: str, target: str, headers: dict[str, str]) -> bytes:
        return super().head(method, target, {"Authorization": BASIC, **headers})


@contextmanager
def with_passwords(series: str, root: Path, cost: int, name: str | None = None) -> Iterator[Server]:
    """Run one of both registries with a file of passwords by bcrypt of a cost."""
    root.mkdir(parents=True, exist_ok=True)
    port = free_port()
    config = configuration(root, port)
    with config.open("a") as file:
        file.write(f"auth:\n  htpasswd:\n    realm: bench\n    path: {_passwords(root, cost)}\n")
    with _running(series, config, root, port, name or series) as server:
        yield server


@contextmanager
def with_rules(root: Path, name: str) -> Iterator[Server]:
    """Run Entrepot with a thousand rules that name two hundred groups, all of them the user's."""
    root.mkdir(parents=True, exist_ok=True)
    port = free_port()
    config = configuration(root, port)
    document = yaml.safe_load(config.read_text())
    document["auth"] = {"htpasswd": {"realm": "bench", "path": str(_passwords(root, 4))}}
    document["access"] = {
        "enabled": True,
        "rules": [_rule(number) for number in range(RULES)],
        "token": {"lifetime": "1h"},
    }
    config.write_text(yaml.safe_dump(document))
    _make_groups(config)
    with _running("entrepot", config, root, port, name) as server:
        yield server


def token(server: Server, scope: str) -> str:
    """Ask the token server for a token, as a value of Authorization."""
    with KnownClient(server.port) as client:
        answer = client.request("GET", f"/auth/token?service=entrepot&scope={scope}", 200)
    return f"Bearer {json.loads(answer.body)['token']}"


def _running(
    series: str, config: Path, root: Path, port: int, name: str
) -> AbstractContextManager[Server]:
    own = str(Path(sys.executable).with_name("entrepot"))
    program = "docker-registry" if series == DOCKER else own
    return started(name, [program, "serve", str(config)], root, port, "/v2/")


def _passwords(root: Path, cost: int) -> Path:
    file = root / "htpasswd"
    command = ["htpasswd", "-ciBC", str(cost), str(file), USER]
    subprocess.run(command, input=PASSWORD.encode(), check=True, capture_output=True)
    return file


def _rule(number: int) -> dict[str, list[str]]:
    """One of many; the last lets the user do what is measured, by a group."""
    repositories = ["bench/**"] if number == RULES - 1 else [f"team-{number}/**", f"*/app-{number}"]
    return {
        "who": [f"group:group-{number % GROUPS}"],
        "may": ["pull", "push"],
        "repositories": repositories,
    }


def _make_groups(config: Path) -> None:
    from entrepot.assembly.accounts import open_administration
    from entrepot.assembly.backend import Backend
    from entrepot.config import load

    async def work() -> None:
        settings = load(config, {}).settings
        await Backend(settings).prepare()
        with open_administration(settings) as administration:
            for number in range(GROUPS):
                await administration.groups.add(OPERATOR, f"group-{number}", [USER], external=True)

    asyncio.run(work())
