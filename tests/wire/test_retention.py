"""`entrepot retention run` beside a running registry: pulls of a moment ago count."""

import json
import socket
import subprocess
import time
from contextlib import closing
from pathlib import Path

import pytest

from tests.waiting import PATIENCE, tries
from tests.wire.harness.contents import IMAGE, image
from tests.wire.harness.exchange import Request
from tests.wire.harness.http1 import Http1
from tests.wire.harness.rules import play, rule
from tests.wire.harness.server import PROGRAM, Registry
from tests.wire.harness.steps import base, push_manifest

SETTINGS = {
    "server": {"workers": 2},
    "retention": {"rules": [{"repositories": ["**"], "keep": {"pulledwithin": "1d"}}]},
    "pulls": {"interval": "1h"},
}
IMAGES = {f"v{number}": image(annotations={"n": str(number)}) for number in range(12)}
PULLED = ["v10", "v3", "v4", "v5", "v7", "v8"]


def retain(registry: Registry) -> str:
    command: list[str | Path] = [PROGRAM, "retention", "run", "--config", registry.configuration]
    told = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert told.returncode == 0, told.stderr
    return str(told.stdout)


def tags(registry: Registry) -> list[str]:
    with closing(Http1(registry.authority, chunked=False)) as client:
        reply = client.send(Request("GET", "/v2/app/tags/list"))
    listed: list[str] = json.loads(reply.body)["tags"]
    return listed


def pull(registry: Registry, tag: str) -> None:
    """Pull on a connection of its own, which any of the workers may have."""
    client = Http1(registry.authority, chunked=False)
    assert client.send(Request("GET", f"/v2/app/manifests/{tag}")).status == 200
    client.close()


def wait_until_nobody_listens(registry: Registry) -> None:
    """The workers end with their supervisor, and a moment later."""
    for _ in tries("a worker listens still"):
        try:
            socket.create_connection(("127.0.0.1", registry.port)).close()
        except ConnectionRefusedError:
            return
        time.sleep(0.05)


@pytest.mark.parametrize("killed", [False, True])
def test_nothing_goes_that_was_pulled_a_moment_ago(tmp_path: Path, *, killed: bool) -> None:
    registry = Registry(tmp_path, SETTINGS)
    registry.start()
    try:
        retained(registry, killed=killed)
    finally:
        registry.kill()


def retained(registry: Registry, *, killed: bool) -> None:
    names = {"name": "app"}
    pushes = [push_manifest(content, tag) for tag, content in IMAGES.items()]
    client = Http1(registry.authority, chunked=False)
    play(rule("", "push", base(), push_manifest(IMAGE, "latest"), pushes), client, names)
    client.close()
    if killed:  # what workers leave that could say nothing more holds nobody up
        pull(registry, "v0")
        registry.kill()
        wait_until_nobody_listens(registry)
        registry.start()
    for tag in PULLED:
        pull(registry, tag)
    told = retain(registry)
    assert f"{len(PULLED)} tags kept" in told
    assert tags(registry) == PULLED
    assert registry.stop() == 0
