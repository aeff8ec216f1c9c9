"""Collecting: a full sweep beside pulls, a deleted tag's bytes, Docker Registry's own collector."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

from bench import shared_layers
from bench.client import Client
from bench.content import KIBIBYTE, Image, make_image, push_image
from bench.figures import DOCKER, ENTREPOT, Row, at_least, at_most
from bench.servers import Server, configuration, docker_registry, entrepot, free_port, started
from bench.small_requests import load
from bench.turns import Turns

MANIFESTS, BLOBS = 1_000_000, 200_000
IMAGES, IMAGES_A_REPOSITORY = 2_000, 100
GRACE = 10.0
SWEEPING, RESTING = "beside a sweep", "no sweep"


@contextmanager
def collecting(root: Path, section: str) -> Iterator[tuple[Server, int]]:
    """Run Entrepot with a section `gc`, and give the port of its metrics."""
    root.mkdir(parents=True, exist_ok=True)
    port, debug = free_port(), free_port()
    config = configuration(root, port)
    with config.open("a") as file:
        file.write(
            f"  debug:\n    addr: 127.0.0.1:{debug}\n    prometheus:\n      enabled: true\n"
            f"gc:\n{section}"
        )
    program = Path(sys.executable).with_name("entrepot")
    with started(ENTREPOT, [str(program), "serve", str(config)], root, port, "/v2/") as server:
        yield server, debug


def swept(debug: int) -> float:
    with urlopen(f"http://127.0.0.1:{debug}/metrics", timeout=10) as page:
        text = page.read().decode()
    found = re.search(r"^entrepot_gc_swept_rows_total (\S+)$", text, re.MULTILINE)
    return float(found[1]) if found else 0.0


class SweepWatch:
    """Looks at how far sweeps are, until it is stopped."""

    def __init__(self, debug: int) -> None:
        self._debug = debug
        self._seen: list[tuple[float, float]] = []
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()

    def _watch(self) -> None:
        while not self._end.wait(0.5):
            self._seen.append((time.monotonic(), swept(self._debug)))

    def rate(self) -> float:
        """Stop; give the rows a second while one was under way."""
        self._end.set()
        self._thread.join()
        steps = list(zip(self._seen, self._seen[1:], strict=False))
        busy = [(then, now) for then, now in steps if now[1] > then[1]]
        seconds = sum(now[0] - then[0] for then, now in busy)
        return sum(now[1] - then[1] for then, now in busy) / seconds if seconds else 0.0


def wait_for_sweep(debug: int) -> None:
    begin, deadline = swept(debug), time.monotonic() + 120
    while swept(debug) == begin:
        if time.monotonic() > deadline:
            raise RuntimeError("no sweep began")
        time.sleep(0.2)


def beside_pulls(turns: Turns) -> list[Row]:
    manifests, blobs = (50_000, 10_000) if turns.quick else (MANIFESTS, BLOBS)
    root = turns.root / "sweep"
    shared_layers.fill(root, manifests, blobs)
    size = f"{manifests:,} manifests over {blobs:,} blobs"
    rows = Row(f"full sweep of {size}", "rows/s")
    pulls = Row(f"manifest GET by tag beside a full sweep of {size}", "requests/s", series=SWEEPING)
    slowest = Row(f"{pulls.work}: 99th percentile", "ms", series=SWEEPING)
    path = f"/v2/{shared_layers.FIRST_REPOSITORY}/manifests/v1"
    untagged = "  untagged:\n    enabled: true\n"
    for _ in range(turns.rounds):
        for series, every in ((RESTING, "0"), (SWEEPING, "1s")):
            with collecting(root, f"  sweep: {every}\n{untagged}") as (server, debug):
                if series == SWEEPING:
                    wait_for_sweep(debug)
                watch = SweepWatch(debug)
                outcome = load(server, path, seconds=turns.seconds)
                rate = watch.rate()
                if series == SWEEPING:
                    rows.add(ENTREPOT, rate)
                pulls.add(series, outcome.per_second)
                slowest.add(series, outcome.outcome.p99_milliseconds)
    rows.wanted.append(at_least(20_000, None))
    rows.notes.append("while 16 connections pull; manifests, links and blobs")
    pulls.wanted.append(at_least(0.8, RESTING))
    slowest.wanted.append(at_most(2, RESTING))
    for row in (pulls, slowest):
        row.notes.append(f"{ENTREPOT} alone; 16 connections")
    return [rows, pulls, slowest]


def stored(root: Path) -> int:
    return sum(1 for _ in (root / "data/docker").glob("**/data"))


def deleted_tag(turns: Turns) -> Row:
    """The time from deleting a tag to the last of its bytes, beyond the grace."""
    grace = 2.0 if turns.quick else GRACE
    row = Row("from deleting a tag to its bytes' end, beyond the grace", "s")
    section = f"  grace: {grace:g}s\n  untagged:\n    enabled: true\n    after: 1s\n"
    root = turns.root / "deleted-tag"
    with collecting(root, section) as (server, _), Client(server.port) as client:
        for number in range(turns.rounds):
            push_image(client, "bench/gone", make_image(f"gone {number}", [KIBIBYTE] * 3), "v1")
            assert stored(root) >= 4
            client.request("DELETE", "/v2/bench/gone/manifests/v1", 202)
            began = time.monotonic()
            while stored(root) and time.monotonic() - began < grace + 300:
                time.sleep(0.1)
            row.add(ENTREPOT, time.monotonic() - began - grace)
    row.wanted.append(at_most(60, None))
    row.notes.append(f"gc.grace {grace:g} s, gc.interval 1m, gc.untagged.enabled")
    return row


def collect_once(turns: Turns) -> Row:
    """Both collectors over the same tree: half of its images were deleted."""
    count = 100 if turns.quick else IMAGES
    row = Row(f"collecting a tree of {count:,} images, half of them deleted", "s")
    images = [make_image(f"tree {number}", [KIBIBYTE] * 4) for number in range(count)]
    docker, own = turns.root / "tree-docker", turns.root / "tree-entrepot"
    with docker_registry(docker) as server:
        fill_tree(server, images)
    command = ["docker-registry", "garbage-collect", str(docker / "config.yml")]
    row.add(DOCKER, timed(command, docker))
    with entrepot(own) as server:
        fill_tree(server, images)
        program = Path(sys.executable).with_name("entrepot")
        command = [str(program), "gc", "--now", "--grace", "0s", str(own / "config.yml")]
        row.add(ENTREPOT, timed(command, own))
    left = {series: stored(root) for series, root in ((DOCKER, docker), (ENTREPOT, own))}
    if left[ENTREPOT] != count // 2 * 5:
        raise RuntimeError(f"{left[ENTREPOT]} blobs are left, not {count // 2 * 5}")
    row.notes.append(
        f"{DOCKER} must not take pushes meanwhile; {ENTREPOT} serves everything, and would wait "
        "for the grace, which is 0s here"
    )
    return row


def fill_tree(server: Server, images: list[Image]) -> None:
    """Push images, and delete each second one: 2.8 looks at all tags of a repository for it."""
    names = [f"bench/tree-{number // IMAGES_A_REPOSITORY}" for number in range(len(images))]
    with Client(server.port) as client:
        for number, (name, image) in enumerate(zip(names, images, strict=True)):
            push_image(client, name, image, f"v{number}")
        for name, image in list(zip(names, images, strict=True))[::2]:
            client.request("DELETE", f"/v2/{name}/manifests/{image.digest}", 202)


def timed(command: list[str], root: Path) -> float:
    began = time.perf_counter()
    with (root / "collected").open("wb") as log:
        subprocess.run(command, check=True, stdout=log, stderr=log, cwd=root)
    return time.perf_counter() - began


def run(turns: Turns) -> list[Row]:
    rows = [collect_once(turns)]
    if not turns.null_test:
        rows += [deleted_tag(turns), *beside_pulls(turns)]
    return rows
