"""A blob of 2 KiB, GET and HEAD, 16 connections."""

from __future__ import annotations

from bench.figures import DISTRIBUTION, Row, at_least, at_most
from bench.scenarios.manifests import IMAGE, REPOSITORY, fill
from bench.turns import Turns, measure_requests


def run(turns: Turns) -> list[Row]:
    turns.give("app", fill)
    path = f"/v2/{REPOSITORY}/blobs/{IMAGE.layers[0].digest}"
    head, head_cpu = measure_requests(turns, "blob HEAD", path, method="HEAD")
    head.wanted.append(at_least(12))
    head_cpu.wanted.append(at_most(0.3, DISTRIBUTION))
    get, get_cpu = measure_requests(turns, "blob GET of 2 KiB", path)
    get.wanted.append(at_least(9))
    return [head, head_cpu, get, get_cpu]
