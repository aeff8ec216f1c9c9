"""Manifests by tag and by digest, GET and HEAD, 16 connections."""

from __future__ import annotations

from bench.client import Client
from bench.content import KIBIBYTE, make_image, push_image
from bench.figures import DISTRIBUTION, Row, at_least, at_most
from bench.servers import Server
from bench.turns import Turns, measure_requests

IMAGE = make_image("manifests", [2 * KIBIBYTE] * 5)
REPOSITORY = "bench/app"
TIMES = 12


def fill(server: Server) -> None:
    with Client(server.port) as client:
        push_image(client, REPOSITORY, IMAGE, "latest")


def run(turns: Turns) -> list[Row]:
    turns.give("app", fill)
    by_tag = f"/v2/{REPOSITORY}/manifests/latest"
    by_digest = f"/v2/{REPOSITORY}/manifests/{IMAGE.digest}"
    rows: list[Row] = []
    newest = {
        "manifest GET by tag": (at_least(3.1, DISTRIBUTION), None),
        "manifest HEAD": (None, at_most(0.28, DISTRIBUTION)),
    }
    for work, path, method in (
        ("manifest GET by tag", by_tag, "GET"),
        ("manifest GET by digest", by_digest, "GET"),
        ("manifest HEAD", by_tag, "HEAD"),
    ):
        rate, cpu = measure_requests(turns, work, path, method=method)
        rate.wanted.append(at_least(TIMES))
        for row, wanted in zip((rate, cpu), newest.get(work, ()), strict=False):
            if wanted is not None:
                row.wanted.append(wanted)
        rate.notes.append(f"a manifest of {len(IMAGE.manifest):,} bytes with 5 layers")
        rows += [rate, cpu]
    return rows
