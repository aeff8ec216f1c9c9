"""How long the slowest of a hundred manifest GETs takes while eight uploads run."""

from __future__ import annotations

import threading

from bench.figures import Row, at_most
from bench.pushing import in_processes, uploads_until
from bench.scenarios.manifests import REPOSITORY, fill
from bench.servers import Server
from bench.small_requests import Load, load
from bench.turns import Turns

UPLOADS = 8
CONNECTIONS = 4


def under_uploads(server: Server, seconds: float) -> Load:
    """Ask for a manifest in the middle of a time in which uploads run."""
    arguments = (server.port, seconds + 4, 32)
    errors: list[BaseException] = []

    def upload() -> None:
        try:
            in_processes(UPLOADS, uploads_until, *arguments)
        except BaseException as error:
            errors.append(error)

    uploads = threading.Thread(target=upload)
    uploads.start()
    threading.Event().wait(3)  # until every client is on its way
    try:
        path = f"/v2/{REPOSITORY}/manifests/latest"
        return load(server, path, seconds=seconds, connections=CONNECTIONS)
    finally:
        uploads.join()
        if errors:
            raise errors[0]


def run(turns: Turns) -> list[Row]:
    turns.give("app", fill)
    p99 = Row(f"manifest GET while {UPLOADS} uploads run, p99", "ms")
    p50 = Row(f"manifest GET while {UPLOADS} uploads run, p50", "ms")
    rate = Row(f"manifest GET while {UPLOADS} uploads run", "requests/s")
    for series, server in turns.each():
        result = under_uploads(server, turns.seconds)
        p99.add(series, result.outcome.p99_milliseconds)
        p50.add(series, result.outcome.p50_milliseconds)
        rate.add(series, result.per_second)
    p99.wanted.append(at_most(1))
    p99.notes.append(
        f"{CONNECTIONS} connections; each upload a PATCH of 32 MiB, one after the other; clients, "
        "generator and server share the machine's cores"
    )
    return [p99, p50, rate]
