"""Hostile requests: never a 5xx, never a traceback, never a leaked file or session."""

import contextlib
import json
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.wire.harness.applications import Running
from tests.wire.harness.contents import IMAGE
from tests.wire.harness.every_answer import check_error_body
from tests.wire.harness.exchange import Reply, Request
from tests.wire.harness.hostile import Attack, attacks
from tests.wire.harness.in_process import LoopThread, attack
from tests.wire.harness.rules import path_of, play, rule
from tests.wire.harness.steps import base, push_manifest

SESSION = "<session>"
A_SIEGE = 8


@pytest.fixture(scope="module")
def besieged(tmp_path_factory: pytest.TempPathFactory, loop: LoopThread) -> Iterator[Running]:
    """A registry with an image in it, for this module alone."""
    running = Running(loop, tmp_path_factory.mktemp("fuzz"), {})
    for name in ("fuzz/a", "fuzz/b"):
        pushes = rule("", "push", base(), push_manifest(IMAGE, "v1"))
        play(pushes, running.transport, {"name": name})
    yield running
    running.close()


def siege(running: Running, loop: LoopThread, plan: list[Attack]) -> set[str]:
    """Send requests one after the other; tells the sessions that were begun."""
    begun = set()
    session = open_session(running)
    begun.add(session)
    for planned in plan:
        sent = planned.request
        target = sent.target.replace(SESSION, session)
        request = Request(sent.method, target, sent.headers, sent.body, sent.declare_length)
        reply = loop.run(
            attack(running.application, request, running.transport.authority, planned.gone_after)
        )
        if reply is None:
            assert planned.gone_after is not None, f"no answer to {request}"
            continue
        check(request, reply)
        opened = reply.header("Docker-Upload-UUID")
        if opened is not None:
            begun.add(opened)
    return begun


def open_session(running: Running) -> str:
    reply = running.transport.send(Request("POST", "/v2/fuzz/a/blobs/uploads/"))
    return path_of(reply.header("Location") or "").rpartition("/")[2]


def check(request: Request, reply: Reply) -> None:
    told = f"{request}\n{reply.told()}"
    assert 200 <= reply.status < 500, told
    assert b"Traceback" not in reply.body, told
    assert b'File "' not in reply.body, told
    for name, value in reply.headers:
        assert "\r" not in value, f"{name} carries a line break: {told}"
        assert "\n" not in value, f"{name} carries a line break: {told}"
    if reply.status >= 400 and request.method != "HEAD":
        check_error_body(reply, told)


def sessions(running: Running) -> dict[str, str]:
    """Every session that nobody is writing to, and its repository."""
    far_ahead = running.drivers.clock.now() + 10**12
    idle = running.loop.run(running.drivers.sessions.idle_since(far_ahead, "", 1_000))
    return {session.id: str(session.repository) for session in idle}


def cancel(running: Running) -> None:
    """Cancel every upload, as a client would."""
    for session, name in sessions(running).items():
        running.transport.send(Request("DELETE", f"/v2/{name}/blobs/uploads/{session}"))


def uploads(running: Running) -> list[Path]:
    return list((running.data / "entrepot" / "uploads").iterdir())


def blobs_without_a_row(running: Running) -> set[str]:
    """Files below blobs/ that the database does not know."""
    database = running.data / "entrepot" / "metadata.db"
    with contextlib.closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        known = {row[0] for row in connection.execute("SELECT location FROM blobs")}
    root = running.data
    found = {str(path.relative_to(root)) for path in (root / "docker").rglob("*") if path.is_file()}
    return found - known


def open_files() -> int:
    return len(os.listdir("/proc/self/fd"))


@given(st.data())
def test_a_siege_gets_no_5xx_and_leaves_nothing_behind(
    besieged: Running, loop: LoopThread, data: st.DataObject
) -> None:
    plan = data.draw(st.lists(attacks(SESSION), min_size=1, max_size=A_SIEGE))
    cancel(besieged)
    before = open_files()
    begun = siege(besieged, loop, plan)
    assert besieged.observer.under_way == 0, "a request never ends"
    assert set(sessions(besieged)) <= begun, "a session of which no client was told"
    cancel(besieged)
    assert sessions(besieged) == {}
    assert uploads(besieged) == []
    assert blobs_without_a_row(besieged) == set()
    assert open_files() <= before + 2


@given(payload=st.binary(max_size=2_000), media_type=st.text(max_size=30))
def test_any_bytes_pushed_as_a_manifest_are_refused_or_taken_whole(
    besieged: Running, payload: bytes, media_type: str
) -> None:
    headers = (("Content-Type", media_type.encode("latin-1", "replace").decode("latin-1")),)
    reply = besieged.transport.send(Request("PUT", "/v2/fuzz/b/manifests/any", headers, payload))
    assert reply.status in {201, 400}, reply.told()
    if reply.status == 201:
        found = besieged.transport.send(Request("GET", "/v2/fuzz/b/manifests/any"))
        assert found.body == payload


@given(st.lists(st.tuples(st.integers(0, 400), st.integers(0, 400)), max_size=6))
def test_chunks_in_any_order_never_leave_a_hole(
    besieged: Running, spans: list[tuple[int, int]]
) -> None:
    session = f"/v2/fuzz/a/blobs/uploads/{open_session(besieged)}"
    content = bytes(index % 251 for index in range(1_000))
    have = 0
    for start, length in spans:
        headers = (("Content-Range", f"{start}-{start + length - 1}"),)
        piece = content[start : start + length]
        reply = besieged.transport.send(Request("PATCH", session, headers, piece))
        if start == have and length > 0:
            assert reply.status == 202, reply.told()
            have += length
        else:
            assert reply.status in {400, 416}, reply.told()
        status = besieged.transport.send(Request("GET", session))
        assert status.header("Range") == f"0-{max(0, have - 1)}"
    assert besieged.transport.send(Request("DELETE", session)).status == 204


@given(st.lists(st.sampled_from(["fuzz/a", "fuzz/b", "fuzz/c"]), max_size=5), st.binary())
def test_a_wrong_digest_is_never_visible_anywhere(
    besieged: Running, names: list[str], content: bytes
) -> None:
    wrong = f"sha256:{'f' * 64}"
    for name in names:
        target = f"/v2/{name}/blobs/uploads/?digest={wrong}"
        reply = besieged.transport.send(Request("POST", target, (), content))
        assert reply.status == 400
        assert json.loads(reply.body)["errors"][0]["code"] == "DIGEST_INVALID"
        found = besieged.transport.send(Request("HEAD", f"/v2/{name}/blobs/{wrong}"))
        assert found.status == 404
    assert uploads(besieged) == []
    assert blobs_without_a_row(besieged) == set()
