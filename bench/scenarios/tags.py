"""A page of 100 tags out of 3,000, and the same page out of 300,000 (Entrepot alone)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from bench.client import Client
from bench.content import OCI_MANIFEST, make_image, push_image, push_tags
from bench.figures import ENTREPOT, Row, at_least, at_most
from bench.servers import Server
from bench.small_requests import load
from bench.turns import Turns, measure_requests

IMAGE = make_image("tags", [2048])
FEW, MANY = 3_000, 300_000
TAGS_A_REQUEST = 100
LARGE = "many tags"


def names(count: int) -> list[str]:
    return [f"build-{number:07d}" for number in range(count)]


def fill_few(server: Server) -> None:
    push_tags(server.port, "bench/tags", IMAGE, names(FEW))


def push_many_tags(port: int, repository: str, tags: list[str]) -> None:
    """Name many tags in each PUT by digest (`?tag=`, distribution-spec 1.2), 8 at once."""
    with Client(port) as client:
        push_image(client, repository, IMAGE, "first")
    target = f"/v2/{repository}/manifests/{IMAGE.digest}?"

    def some(start: int) -> None:
        with Client(port) as client:
            for begin in range(start, len(tags), 8 * TAGS_A_REQUEST):
                query = "&".join(f"tag={tag}" for tag in tags[begin : begin + TAGS_A_REQUEST])
                kind = {"Content-Type": OCI_MANIFEST}
                client.request("PUT", target + query, 201, headers=kind, body=IMAGE.manifest)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(some, range(0, 8 * TAGS_A_REQUEST, TAGS_A_REQUEST)))


def check_page(port: int, path: str) -> None:
    """Look that the page is there and has its 100 tags, before its speed is believed."""
    with Client(port) as client:
        page = client.request("GET", path, 200).body
    if page.count(b"build-") < 99:
        raise RuntimeError(f"{path} is no page of 100 tags: {page[:300]!r}")


def compare_sizes(turns: Turns) -> Row:
    """The time of a page in the middle: of a small and of a large repository, in turns."""
    server, count = turns.candidate, 30_000 if turns.quick else MANY
    push_many_tags(server.port, "bench/many-tags", names(count))
    row = Row(f"tags/list n=100 of {count:,} tags against {FEW:,}", "µs/request", series=LARGE)
    for _ in range(turns.rounds):
        for series, repository, size in (
            ("few tags", "bench/tags", FEW),
            (LARGE, "bench/many-tags", count),
        ):
            path = f"/v2/{repository}/tags/list?n=100&last=build-{size // 2:07d}"
            check_page(server.port, path)
            result = load(server, path, seconds=turns.seconds)
            row.add(series, 1e6 / result.per_second)
    row.wanted.append(at_most(1.2, "few tags"))
    row.notes.append(f"{ENTREPOT} alone; a page from the middle; 16 connections")
    return row


def run(turns: Turns) -> list[Row]:
    turns.give("tags", fill_few)
    path = "/v2/bench/tags/tags/list?n=100"
    for server in turns.registries.values():
        check_page(server.port, path)
    rate, cpu = measure_requests(turns, f"tags/list n=100 of {FEW:,} tags", path)
    rate.wanted.append(at_least(30))
    rows = [rate, cpu]
    if not turns.null_test:
        rows.append(compare_sizes(turns))
    return rows
