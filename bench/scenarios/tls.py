"""What TLS costs: manifests over kept connections, a big blob each way, new handshakes."""

from __future__ import annotations

from contextlib import ExitStack

from bench.client import Client
from bench.content import MEBIBYTE, push_image
from bench.figures import DOCKER, ENTREPOT, Row, at_least, at_most
from bench.processes import cpu_seconds
from bench.pushing import BigBody, put_blob
from bench.scenarios.manifests import IMAGE, REPOSITORY, fill
from bench.secure import SecureClient, discard, make_certificate, secure_registry, shake_hands
from bench.servers import Server
from bench.small_requests import load
from bench.turns import Turns, add_load, note_generator, request_rows

PLAIN = f"{ENTREPOT}, plain"
BLOBS = "bench/tls"

Servers = list[tuple[str, Server, bool]]
"""Series, server, and whether it speaks TLS."""


def run(turns: Turns) -> list[Row]:
    turns.give("app", fill)
    with ExitStack() as stack:
        certificate, key = make_certificate(turns.root)
        servers: Servers = [(PLAIN, turns.candidate, False)]
        for series in (ENTREPOT, DOCKER):
            root = turns.root / f"tls-{series}"
            server = stack.enter_context(secure_registry(series, root, certificate, key))
            with SecureClient(server.port) as client:
                push_image(client, REPOSITORY, IMAGE, "latest")
            servers.append((series, server, True))
        return [*_manifests(turns, servers), *_blobs(turns, servers), *_handshakes(turns, servers)]


def _manifests(turns: Turns, servers: Servers) -> list[Row]:
    rate, cpu = request_rows("manifest GET over TLS, kept connections")
    path = f"/v2/{REPOSITORY}/manifests/latest"
    for _ in range(turns.rounds):
        for series, server, secure in servers:
            scheme = "https" if secure else "http"
            add_load(rate, cpu, series, load(server, path, seconds=turns.seconds, scheme=scheme))
    rate.wanted.append(at_least(0.75, PLAIN))
    cpu.wanted.append(at_most(1 / 0.75, PLAIN))
    rate.notes.append("wrk, 16 connections; its own share of the encryption is on the same cores")
    return [rate, cpu]


def _blobs(turns: Turns, servers: Servers) -> list[Row]:
    size = (32 if turns.quick else 256) * MEBIBYTE
    body = BigBody(size)
    name = f"{size // MEBIBYTE} MiB over TLS: CPU"
    get, put = Row(f"blob GET of {name}", "CPU s/GB"), Row(f"blob PUT of {name}", "CPU s/GB")
    for _ in range(turns.rounds):
        for series, server, secure in servers:
            digest = body.renew()
            with (SecureClient if secure else Client)(server.port) as client:
                before = cpu_seconds(server.pid)
                put_blob(client, BLOBS, memoryview(body.data), digest)
                put.add(series, (cpu_seconds(server.pid) - before) / (size / 1e9))
            before = cpu_seconds(server.pid)
            moved = discard(server.port, f"/v2/{BLOBS}/blobs/{digest}", secure=secure)
            get.add(series, (cpu_seconds(server.pid) - before) / (moved / 1e9))
            with (SecureClient if secure else Client)(server.port) as client:
                client.request("DELETE", f"/v2/{BLOBS}/blobs/{digest}", 202, 405, 501)
    for row in (get, put):
        row.wanted.append(at_most(1.6, PLAIN))
    return [get, put]


def _handshakes(turns: Turns, servers: Servers) -> list[Row]:
    rate = Row("new TLS handshakes", "handshakes/s")
    cpu = Row("new TLS handshakes: CPU", "µs/handshake")
    rate.instead = cpu.work
    for _ in range(turns.rounds):
        for series, server, secure in servers:
            if secure:
                done = shake_hands(server, turns.seconds)
                rate.add(series, done.count / done.seconds)
                cpu.add(series, done.server_cpu_seconds / done.count * 1e6)
                if series == rate.series:
                    own = done.generator_cpu_seconds / done.seconds
                    note_generator(rate, own, done.idle_cores)
    rate.wanted.append(at_least(1))
    cpu.wanted.append(at_most(1))
    rate.notes.append("openssl s_time -new, 4 clients; ECDSA over P-256, TLS 1.3, no resumption")
    return [rate, cpu]
