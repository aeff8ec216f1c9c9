"""A power loss keeps what was acknowledged: shown on the system calls, for kill -9 proves nothing.

Each way to push or remove something is taken under strace; when its answer leaves, everything
that it relies on must have been synced. The same with one sync taken out must be found out.
"""

import re
import sqlite3
from contextlib import closing
from pathlib import Path

from tests.acceptance.durability.power import Acknowledgement, Disk
from tests.acceptance.durability.pushes import WAYS, push_blob
from tests.acceptance.durability.server import Server, running
from tests.acceptance.durability.trace import read_trace, strace
from tests.waiting import tries

MUTATIONS = Path(__file__).parent / "mutations"
ONE_WORKER = {"server": {"workers": 1}}

LARGE = 20_000
# What is left out while one blob is pushed, and what must be missed then.
LEFT_OUT = [
    (r"never /uploads/[^/]+$", r"uploads/.* got the name .*/data before it was synced"),
    (r"late /uploads/[^/]+$", r"uploads/.* got the name .*/data before it was synced"),
    (r"never /sha256/../[0-9a-f]{64}$", r"/sha256/../[0-9a-f]{64} is not on the disk"),
    (r"never /sha256/..$", r"/sha256/.. is not on the disk"),
    (r"never /sha256$", r"/sha256 is not on the disk"),
    ("synchronous NORMAL", r"metadata.db-wal is not on the disk"),
]


# What is left out while a small blob is settled, and what must be missed when all is over.
UNSETTLED = [
    (r"never /uploads/[^/]+ \(deleted\)$", r"/sha256/../[0-9a-f]{64}/data"),
    (r"never /sha256/../[0-9a-f]{64}$", r"/sha256/../[0-9a-f]{64}"),
    (r"never /sha256/..$", r"/sha256/.."),
    (r"never /sha256$", r"/sha256"),
]


def disk(folder: Path) -> Disk:
    found = Disk(str(folder), f"{folder}/new/data")
    found.follow(read_trace(folder / "trace"))
    return found


def follow(folder: Path) -> list[Acknowledgement]:
    return disk(folder).acknowledgements


def rows(server: Server) -> int:
    """Count the small blobs that are kept in the database at this moment."""
    with closing(sqlite3.connect(server.data / "entrepot" / "metadata.db")) as database:
        number: int = database.execute("SELECT count(*) FROM redo").fetchone()[0]
        return number


def until_small_blobs_wait(server: Server) -> int:
    """Push small blobs until one is not synced by its commit; tell how many that were."""
    for number, _ in enumerate(tries("no small blob is kept in the database")):
        push_blob(server, "first", f"until small blobs wait: {number}".encode())
        if rows(server):
            return number + 1
    raise AssertionError


def until_all_are_settled(server: Server) -> None:
    for _ in tries("small blobs stay in the database"):
        if not rows(server):
            return


def test_everything_is_on_the_disk_before_its_acknowledgement_leaves(tmp_path: Path) -> None:
    before, data = strace(tmp_path / "trace"), tmp_path / "new" / "data"
    with running(tmp_path, ONE_WORKER, before=before, data=data) as server:
        first = until_small_blobs_wait(server)
        for way, go, _ in WAYS:
            answer = go(server)
            assert answer.status in (201, 202), (way, answer)
    found_on_disk = disk(tmp_path)
    assert found_on_disk.unsettled() == []
    assert len(found_on_disk.blobs) > 1, "small blobs were not synced by their commits"
    acknowledged = found_on_disk.acknowledgements
    assert [found.faults for found in acknowledged[:first]] == [[]] * first
    for (way, _, has_blob), found in zip(WAYS, acknowledged[first:], strict=True):
        assert found.faults == [], way
        assert found.names == has_blob, way
        assert found.database_writes > 0, way


def careless(folder: Path, mutation: str) -> Server:
    """Start a registry that leaves syncs out; the file `mutation` says which from now on."""
    (folder / "mutation").write_text(mutation)
    env = {"PYTHONPATH": str(MUTATIONS), "ENTREPOT_TEST_MUTATION": str(folder / "mutation")}
    before, data = strace(folder / "trace"), folder / "new" / "data"
    return Server(folder, ONE_WORKER, before=before, env=env, data=data)


def test_each_sync_of_a_push_is_missed_when_it_is_left_out(tmp_path: Path) -> None:
    server = careless(tmp_path, "none")
    try:
        push_blob(server, "a", b"first")
        for number, (mutation, _) in enumerate(LEFT_OUT):
            (tmp_path / "mutation").write_text(mutation)
            push_blob(server, "a", f"blob {number}".encode().ljust(LARGE))
    finally:
        server.stop()
    first, *others = follow(tmp_path)
    assert first.faults == []
    known: set[str] = set()
    for (mutation, wanted), found in zip(LEFT_OUT, others, strict=True):
        new = set(found.faults) - known
        assert any(re.search(wanted, fault) for fault in new), (mutation, found)
        known |= set(found.faults)


def test_a_small_blob_is_missed_when_neither_file_nor_row_is_kept(tmp_path: Path) -> None:
    server = careless(tmp_path, "none")
    try:
        first = until_small_blobs_wait(server)
        for mutation in ("row", "synchronous NORMAL"):
            (tmp_path / "mutation").write_text(mutation)
            push_blob(server, "a", f"a small blob, {mutation}".encode())
    finally:
        server.stop()
    *before, no_row, no_sync = follow(tmp_path)
    assert [found.faults for found in before] == [[]] * first
    assert any(re.search(r"/sha256/../\w{64}/data is not", fault) for fault in no_row.faults)
    assert any("metadata.db-wal is not on the disk" in fault for fault in no_sync.faults)


def test_each_sync_of_what_waited_is_missed_when_it_is_left_out(tmp_path: Path) -> None:
    server = careless(tmp_path, "none")
    try:
        until_small_blobs_wait(server)
        for number, (mutation, wanted) in enumerate(UNSETTLED):
            until_all_are_settled(server)
            (tmp_path / "mutation").write_text(mutation)
            push_blob(server, "a", f"small blob {number}".encode())
            until_all_are_settled(server)
            missed = disk(tmp_path).unsettled()
            assert any(re.search(f"{wanted}$", path) for path in missed), (mutation, missed)
            (tmp_path / "mutation").write_text("none")
    finally:
        server.stop()


def test_each_sync_of_a_start_is_missed_when_it_is_left_out(tmp_path: Path) -> None:
    folders = ["", "/new", "/new/data", "/new/data/entrepot", "/new/data/docker"]
    folders += [f"/new/data/docker/{below}" for below in ("registry", "registry/v2")]
    paths = [f"{tmp_path}{folder}" for folder in folders]
    server = careless(tmp_path, f"never ^({'|'.join(paths)})$")
    try:
        push_blob(server, "a", b"first")
    finally:
        server.stop()
    (found,) = follow(tmp_path)
    missed = {fault.removesuffix(" is not on the disk") for fault in found.faults}
    # SQLite itself syncs the folder of its database.
    assert missed == set(paths) - {f"{tmp_path}/new/data/entrepot"}
