"""Quotas: what more would be is refused with 403 DENIED, which says used, limit and wanted."""

import socket
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.waiting import tries
from tests.wire.conftest import MakeRegistry
from tests.wire.harness.contents import CONFIG, IMAGE, IMAGE_2, LAYER, LAYER_2, Content
from tests.wire.harness.exchange import Reply, Request
from tests.wire.harness.http1 import Http1
from tests.wire.harness.raw import RawConnection
from tests.wire.harness.rules import Rule, Step, delete, get, path_of, play, request, rule
from tests.wire.harness.server import Registry
from tests.wire.harness.steps import (
    UPLOADS,
    base,
    begin,
    chunk,
    finish,
    full_base,
    patch,
    push_blob,
    push_manifest,
    put_manifest,
)

MIB = 1024 * 1024
BASE = CONFIG.size + LAYER.size
FULL = BASE + IMAGE.size
BIG = Content(b"b" * 3000)
DELETING = {"storage": {"delete": {"enabled": True}}}


def repositories(**limits: int) -> dict[str, Any]:
    return {"quotas": {"repositories": [{"match": ["**"], **limits}]}, **DELETING}


def namespaces(**limits: int) -> dict[str, Any]:
    return {"quotas": {"namespaces": [{"match": ["*"], **limits}]}, **DELETING}


def total(**limits: int) -> dict[str, Any]:
    return {"quotas": {"total": limits}, **DELETING}


def whole(content: Content, name: str = "<name>") -> Step:
    target = f"/v2/{name}/blobs/uploads/"
    return request("POST", target, content.payload, {"digest": content.digest})


def mount(content: Content) -> Step:
    return request("POST", UPLOADS, None, {"mount": content.digest, "from": "<other>"})


def lacks(content: Content, name: str = "<name>") -> Step:
    return get(f"/v2/{name}/blobs/{content.digest}").answers(404)


CASES: list[tuple[dict[str, Any], Rule]] = [
    (
        repositories(bytes=FULL),
        rule(
            "quotas.repositories: opening",
            "where the quota is used up, no upload begins, and the message says why",
            base(),
            push_manifest(IMAGE, "v1"),
            request("POST", UPLOADS).answers(
                403,
                code="DENIED",
                says=["the quota of repository <name> is ", " used, more wanted; delete images"],
            ),
        ),
    ),
    (
        repositories(bytes=FULL),
        rule(
            "quotas.repositories: the same again",
            "a push of what the repository has already is taken even where the quota is used up",
            base(),
            push_manifest(IMAGE, "v1"),
            whole(LAYER).answers(201),
            mount(LAYER).answers(201),
            push_manifest(IMAGE, "v1"),
            push_manifest(IMAGE, "v2"),
            push_manifest(IMAGE),
        ),
    ),
    (
        repositories(bytes=100),
        rule(
            "quotas.repositories: declared length",
            "a blob that is declared to be too long is refused, at once and by sessions",
            whole(LAYER).answers(403, code="DENIED", says=["2 KiB more wanted"]),
            begin(),
            patch(LAYER.payload).answers(403, code="DENIED"),
            get("<location>").answers(403, code="DENIED", says=["2 KiB more wanted"]),
            patch(b"x").answers(403, code="DENIED", says=["2 KiB more wanted"]),
            finish(LAYER.digest).answers(403, code="DENIED", says=["2 KiB more wanted"]),
            request("DELETE", "<location>").answers(204),
            begin(),
            finish(LAYER.digest, LAYER.payload).answers(403, code="DENIED"),
            begin(),
            chunk(b"x" * 60, 0).answers(202),
            chunk(b"x" * 60, 60).answers(403, code="DENIED", says=["120 B more wanted"]),
            lacks(LAYER),
            whole(LAYER_2).answers(201),
        ),
    ),
    (
        repositories(bytes=CONFIG.size + LAYER_2.size),
        rule(
            "quotas.repositories: mounting",
            "a mount counts as a push; what does not fit stays away",
            whole(LAYER, "<other>").answers(403),
            push_blob(CONFIG),
            push_blob(LAYER_2, name="<other>"),
            mount(LAYER_2).answers(201),
            push_blob(Content(b"x"), name="<other>"),
            mount(Content(b"x")).answers(403, code="DENIED", says=["1 B more wanted"]),
            lacks(Content(b"x")),
        ),
    ),
    (
        repositories(bytes=FULL),
        rule(
            "quotas.repositories: manifests",
            "a manifest counts too: one that does not fit is refused, with its tags",
            push_blob(CONFIG, LAYER, Content(b"x")),
            put_manifest(IMAGE, "v1").answers(403, code="DENIED"),
            get("/v2/<name>/manifests/v1").answers(404),
            get(f"/v2/<name>/manifests/{IMAGE.digest}").answers(404),
            delete(f"/v2/<name>/blobs/{Content(b'x').digest}").answers(202),
            push_manifest(IMAGE, "v1"),
        ),
    ),
    (
        repositories(tags=2),
        rule(
            "quotas.repositories: tags",
            "new tags are refused over the quota; tags that are there move freely",
            full_base(),
            push_manifest(IMAGE, "1"),
            push_manifest(IMAGE, "2"),
            put_manifest(IMAGE, "3").answers(
                403, code="DENIED", says=["is 2 tags: 2 used, 1 more wanted; delete tags"]
            ),
            push_manifest(IMAGE_2, "2"),
            push_manifest(IMAGE_2),
            delete("/v2/<name>/manifests/1").answers(202),
            push_manifest(IMAGE, "3"),
        ),
    ),
    (
        namespaces(repositories=1),
        rule(
            "quotas.namespaces: repositories",
            "a new repository is refused over the quota, at its first upload and at its manifest",
            base(),
            whole(LAYER, "<other>").answers(201),
            push_blob(CONFIG, name="<other>"),
            push_manifest(IMAGE, "v1"),
            put_manifest(IMAGE, "v1", "<other>").answers(
                403, code="DENIED", says=["the quota of namespace wire is 1 repository: 1 used"]
            ),
            request("POST", "/v2/<other>/blobs/uploads/").answers(403, code="DENIED"),
            delete(f"/v2/<name>/manifests/{IMAGE.digest}").answers(202),
            push_manifest(IMAGE, "v1", "<other>"),
        ),
    ),
    (
        namespaces(bytes=2 * FULL - BASE),
        rule(
            "quotas.namespaces: bytes",
            "a blob counts once a namespace, however many of its repositories have it",
            base(),
            push_manifest(IMAGE, "v1"),
            mount(LAYER).answers(201),
            push_blob(LAYER, CONFIG, name="<other>"),
            push_manifest(IMAGE, "v1", "<other>"),
            whole(Content(b"x"), "<other>").answers(403, code="DENIED"),
        ),
    ),
    (
        total(bytes=BASE + 10),
        rule(
            "quotas.total",
            "the quota of the registry holds for all together",
            base(),
            whole(BIG, "elsewhere/<name>").answers(
                403, code="DENIED", says=["the quota of this registry is "]
            ),
            whole(Content(b"0123456789"), "elsewhere/<name>").answers(201),
            whole(Content(b"y"), "elsewhere/<name>").answers(403, code="DENIED"),
        ),
    ),
    (
        {
            "quotas": {
                "repositories": [
                    {"match": ["free/**"]},
                    {"match": ["**", "!spared/**"], "bytes": 10},
                ]
            }
        },
        rule(
            "quotas.repositories[].match",
            "the first rule that matches decides; a repository that none matches has no quota",
            whole(BIG).answers(403),
            whole(BIG, "spared/<name>").answers(201),
            whole(BIG, "free/<name>").answers(201),
        ),
    ),
]


@pytest.mark.parametrize(("changes", "row"), CASES, ids=[str(case) for _, case in CASES])
def test_row(
    make_registry: MakeRegistry, names: dict[str, str], changes: dict[str, Any], row: Rule
) -> None:
    play(row, make_registry(changes), names)


def ask(server: Registry, sent: Request) -> Reply:
    with closing(Http1(server.authority, chunked=sent.header("x-chunked") is not None)) as client:
        return client.send(sent)


@pytest.mark.parametrize("declared", [True, False])
def test_pushes_that_race_for_the_last_bytes_never_go_over(tmp_path: Path, declared: bool) -> None:
    """Six blobs of 1 MiB, room for three: over two workers, three get in and three are told."""
    changes = {
        "quotas": {"namespaces": [{"match": ["*"], "bytes": 3 * MIB + 500}]},
        "server": {"workers": 2},
    }
    server = Registry(tmp_path, changes)
    server.start()
    try:
        blobs = [Content(bytes([65 + number]) * MIB) for number in range(6)]

        def push(number: int) -> list[int]:
            name = f"team/app{number % 3}"
            opened = ask(server, Request("POST", f"/v2/{name}/blobs/uploads/"))
            if opened.status != 202:
                return [opened.status]
            session = path_of(opened.header("Location") or "")
            blob = blobs[number]
            chunked = () if declared else (("x-chunked", "yes"),)
            sent = ask(server, Request("PATCH", session, chunked, blob.payload))
            if sent.status != 202:
                return [202, sent.status]
            done = ask(server, Request("PUT", f"{session}?digest={blob.digest}"))
            return [202, 202, done.status]

        with ThreadPoolExecutor(6) as pool:
            outcomes = list(pool.map(push, range(6)))
        taken = [number for number, statuses in enumerate(outcomes) if statuses[-1] == 201]
        assert all(statuses[-1] in (201, 403) for statuses in outcomes), outcomes
        assert len(taken) <= 3
        for number, blob in enumerate(blobs):
            path = f"/v2/team/app{number % 3}/blobs/{blob.digest}"
            assert ask(server, Request("HEAD", path)).status == (200 if number in taken else 404)
        # Nobody holds room any more: what is left of it can be had.
        for number, blob in enumerate(blobs):
            if len(taken) < 3 and number not in taken:
                path = f"/v2/team/app{number % 3}/blobs/uploads/?digest={blob.digest}"
                assert ask(server, Request("POST", path, (), blob.payload)).status == 201
                taken.append(number)
        assert len(list((server.data / "docker/registry/v2/blobs/sha256").glob("*/*/data"))) == 3
    finally:
        assert server.stop() == 0


def wait_until_nobody_listens(server: Registry) -> None:
    """The workers of a killed registry follow it; until then they would answer for the next."""
    for _ in tries("somebody listens still"):
        try:
            socket.create_connection(("127.0.0.1", server.port), 1).close()
        except ConnectionRefusedError:
            return
        except OSError:
            pass  # one that is just ending
        time.sleep(0.02)


def test_a_worker_killed_while_it_receives_leaves_no_room_taken_for_long(tmp_path: Path) -> None:
    changes = {
        "quotas": {"repositories": [{"match": ["**"], "bytes": 2 * MIB}]},
        "server": {"workers": 1, "timeouts": {"lease": "1s"}},
    }
    server = Registry(tmp_path, changes)
    server.start()
    try:
        opened = ask(server, Request("POST", "/v2/app/blobs/uploads/"))
        session = path_of(opened.header("Location") or "")
        with RawConnection(server.authority) as raw:
            raw.begin_body(f"PATCH {session} HTTP/1.1", f"Content-Length: {MIB}")
            server.kill()
        wait_until_nobody_listens(server)
        server.start()
        blob = Content(b"y" * (2 * MIB))
        path = f"/v2/app/blobs/uploads/?digest={blob.digest}"
        for _ in tries("the room of the dead worker stays taken"):
            if ask(server, Request("POST", path, (), blob.payload)).status == 201:
                break
            time.sleep(0.1)
        refused = ask(server, Request("POST", "/v2/app/blobs/uploads/"))
        assert refused.status == 403
        assert "2 MiB: 2 MiB used" in refused.json()["errors"][0]["message"]
    finally:
        assert server.stop() == 0
