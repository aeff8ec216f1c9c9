"""Events say where a change came from, as a real server sees it behind a proxy."""

import http.client
import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.waiting import PATIENCE
from tests.wire.harness.contents import CONFIG, LAYER, Content, image
from tests.wire.harness.server import Registry

IMAGE = image(LAYER, config=CONFIG)
AGENT = "docker/27.0 of-the-tests"
CLIENT = "203.0.113.9"


def send(registry: Registry, method: str, target: str, content: Content, agent: str) -> int:
    headers = {
        "User-Agent": agent,
        "X-Forwarded-For": CLIENT,
        "Content-Type": content.media_type,
    }
    with closing(http.client.HTTPConnection(registry.authority, timeout=PATIENCE)) as connection:
        connection.request(method, target, content.payload, headers)
        return connection.getresponse().status


def push(registry: Registry, agent: str = AGENT) -> None:
    for blob in (CONFIG, LAYER):
        target = f"/v2/team/app/blobs/uploads/?digest={blob.digest}"
        assert send(registry, "POST", target, blob, agent) == 201
    assert send(registry, "PUT", "/v2/team/app/manifests/1", IMAGE, agent) == 201


def recorded(registry: Registry) -> list[dict[str, Any]]:
    (path,) = registry.data.rglob("metadata.db")
    with closing(sqlite3.connect(path)) as connection:
        connection.row_factory = sqlite3.Row
        return [dict(row) for row in connection.execute("SELECT * FROM events ORDER BY number")]


def logged_requests(registry: Registry) -> dict[str, str]:
    """What the log has as the method of each request."""
    entries = (line for line in registry.log.read_text().splitlines() if line.startswith("{"))
    requests = {}
    for entry in map(json.loads, entries):
        if "http.request.id" in entry and "http.request.method" in entry:
            requests[entry["http.request.id"]] = entry["http.request.method"]
    return requests


def pushed_through_a_proxy(folder: Path, trusted: list[str]) -> tuple[Registry, list[Any]]:
    changes = {
        "http": {"trustedproxies": trusted},
        "log": {"formatter": "json"},
        "node": {"name": "first"},
    }
    registry = Registry(folder, changes)
    registry.start()
    try:
        push(registry)
    finally:
        registry.stop()
    return registry, recorded(registry)


def test_events_have_the_address_that_a_trusted_proxy_tells(tmp_path: Path) -> None:
    registry, events = pushed_through_a_proxy(tmp_path, ["127.0.0.0/8"])
    assert {"repository.created", "manifest.pushed", "tag.created"} <= {e["kind"] for e in events}
    assert {(e["address"], e["user_agent"], e["node"]) for e in events} == {
        (CLIENT, AGENT, "first")
    }
    requests = logged_requests(registry)
    assert {requests[e["request_id"]] for e in events if e["kind"] == "tag.created"} == {"PUT"}
    assert {requests[e["request_id"]] for e in events if e["kind"] == "repository.created"} == {
        "POST"
    }


def test_nobody_else_can_forge_an_address(tmp_path: Path) -> None:
    _, events = pushed_through_a_proxy(tmp_path, ["192.0.2.0/24"])
    assert {e["address"] for e in events} == {"127.0.0.1"}
