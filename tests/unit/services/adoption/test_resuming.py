"""Adoption happens once, and goes on where it was killed."""

import asyncio
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from entrepot.drivers.sql.adoption import SqlAdoptionStore
from entrepot.drivers.sql.engines.sqlite.database import SqliteDatabase
from entrepot.drivers.sql.engines.sqlite.migrations import migrate
from entrepot.drivers.sql.metadata import SqlMetadata
from entrepot.errors import MetadataOutage
from entrepot.oci.digest import Digest
from entrepot.ports.blobs import Location
from entrepot.ports.metadata import StoredBlob, Transaction
from entrepot.services.adoption import Outcome
from tests.unit.services.adoption.harness import Served, adopt_tree, content, database
from tests.unit.services.adoption.tree import Content, RegistryTree, fingerprint

KILLS = 8


def write_large(root: Path, repositories: int = 8, images: int = 40) -> None:
    """Write several transactions' worth, with something wrong in each repository."""
    tree = RegistryTree(root)
    for number in range(repositories):
        name = f"team/{number % 3}/app-{number}"
        for tag in range(images):
            own = tree.blob(name, f"layer {number} {tag}".encode())
            shared = tree.blob(name, f"shared {tag}".encode())
            image = tree.image(name, tree.blob(name, b"{}"), [own, shared])
            tree.tag(name, f"v{tag}", image)
        tree.tag(name, "lost", Content("sha256:" + 64 * "b", 1))
        tree.data(own.digest).write_bytes(b"damaged")
        tree.upload(name, f"upload-{number}", b"half")
    tree.data(shared.digest).write_bytes(b"damaged, too")


def state(root: Path) -> str:
    """How far an adoption is: "nothing", "half" or "done"."""
    if not database(root).exists():
        return "nothing"
    connection = sqlite3.connect(database(root))
    try:
        rows = connection.execute("SELECT finished_at FROM adoption").fetchall()
    except sqlite3.OperationalError:
        return "nothing"  # not even its tables
    finally:
        connection.close()
    if not rows:
        return "nothing"
    return "half" if rows[0][0] is None else "done"


def adopt_and_kill(root: Path, steps: int, seconds: float) -> None:
    """Adopt in another process, and kill it some time behind a step, unless it is done."""
    module = "tests.unit.services.adoption.killable"
    command = [sys.executable, "-m", module, str(root)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        for _ in range(steps):
            if not process.stdout.readline():
                assert process.wait() == 0
                return
        time.sleep(seconds)
        process.kill()


def test_killed_at_random_moments_it_ends_as_if_nothing_had_been(tmp_path: Path) -> None:
    root = tmp_path / "data"
    write_large(root)
    before = fingerprint(root)
    adopt_tree(root)
    expected = content(root)
    chance = random.Random(7)
    killed_halfway = 0
    while killed_halfway < KILLS:
        shutil.rmtree(root / "entrepot")
        attempts = 0
        while state(root) != "done":
            attempts += 1
            adopt_and_kill(root, chance.randint(0, 20), chance.uniform(0, 0.02))
            killed_halfway += state(root) == "half"
        assert content(root) == expected, f"after {attempts} attempts"
    assert fingerprint(root) == before


def test_killed_behind_any_commit_it_ends_as_if_nothing_had_been(tmp_path: Path) -> None:
    root = tmp_path / "data"
    write_large(root, repositories=3, images=25)
    adopt_tree(root)
    expected = content(root)
    command = [sys.executable, "-m", "tests.unit.services.adoption.killable", str(root)]
    for commits in range(1, 100):
        shutil.rmtree(root / "entrepot")
        ended = subprocess.run([*command, str(commits)], capture_output=True, check=False)
        if ended.returncode == 0:
            break
        assert ended.returncode == -signal.SIGKILL, ended.stderr
        adopt_tree(root)
        assert content(root) == expected, f"killed behind {commits} commits"
    assert commits > 4, "it was killed behind several"


def test_it_goes_on_behind_the_last_repository_that_is_whole(tmp_path: Path) -> None:
    tree = RegistryTree(tmp_path)
    for name in ("a", "a-b", "a/b", "c"):
        tree.tag(name, "v1", tree.image(name, tree.blob(name, name.encode()), []))
    adopt_tree(tmp_path)
    expected = content(tmp_path)
    connection = sqlite3.connect(database(tmp_path))
    connection.execute("UPDATE adoption SET finished_at = NULL, reached = 'a/b'")
    connection.commit()
    connection.close()
    # Not read again: whatever lies in repositories up to a/b is known.
    shutil.rmtree(tree.registry / "repositories/a/_manifests")
    (tree.registry / "repositories/a/_manifests").write_text("would be refused")
    report = adopt_tree(tmp_path)
    assert report.outcome is Outcome.RESUMED
    assert content(tmp_path) == expected


def test_when_it_is_done_the_tree_is_not_read_again(tmp_path: Path) -> None:
    tree = RegistryTree(tmp_path)
    image = tree.image("app", tree.blob("app", b"{}"), [])
    tree.tag("app", "v1", image)
    first = adopt_tree(tmp_path)
    tree.data(image.digest).unlink()  # a manifest that is read again would be missed
    second = adopt_tree(tmp_path)
    assert second.outcome is Outcome.ADOPTED_BEFORE
    assert (second.counts, second.finished_at) == (first.counts, first.finished_at)
    assert Served(tmp_path).repositories() == ["app"]


def test_an_empty_directory_is_marked_and_not_looked_at_again(tmp_path: Path) -> None:
    assert adopt_tree(tmp_path).outcome is Outcome.NOTHING_TO_ADOPT
    assert adopt_tree(tmp_path).outcome is Outcome.ADOPTED_BEFORE


def test_a_database_that_entrepot_has_filled_is_not_mixed_with_the_tree(tmp_path: Path) -> None:
    tree = RegistryTree(tmp_path)
    tree.tag("deleted", "v1", tree.image("deleted", tree.blob("deleted", b"{}"), []))
    fill_database(tmp_path)
    assert adopt_tree(tmp_path).outcome is Outcome.NOTHING_TO_ADOPT
    assert adopt_tree(tmp_path).outcome is Outcome.ADOPTED_BEFORE
    assert not Served(tmp_path).exists("deleted")


def fill_database(root: Path) -> None:
    async def run() -> None:
        metadata = SqlMetadata(SqliteDatabase(database(root)))

        async def change(transaction: Transaction) -> None:
            blob = StoredBlob(Digest.of(b"pushed"), 6, Location("somewhere"))
            await transaction.keep_blob(blob, 1)

        await metadata.change(change)
        metadata.close()

    migrate(database(root), "metadata", durable=True)
    asyncio.run(run())


def test_again_adds_what_is_new_and_keeps_what_is_known(tmp_path: Path) -> None:
    tree = RegistryTree(tmp_path)
    old = tree.image("app", tree.blob("app", b"old"), [])
    tree.tag("app", "v1", old)
    tree.tag("app", "lost", Content("sha256:" + 64 * "b", 1))
    assert adopt_tree(tmp_path).problems == 1
    shutil.rmtree(tree.tag_folder("app", "lost"))
    new = tree.image("app", tree.blob("app", b"new"), [])
    tree.tag("app", "v1", new)
    tree.tag("app", "v2", new)
    report = adopt_tree(tmp_path, again=True)
    assert (report.outcome, report.findings) == (Outcome.ADOPTED, ())
    assert (report.counts.tags, report.counts.manifests) == (2, 2)
    served = Served(tmp_path)
    found = [served.manifest("app", tag) for tag in ("v1", "v2")]
    assert [one and one.digest for one in found] == [new.digest, new.digest]
    assert served.manifest("app", old.digest) is not None


def test_two_do_not_adopt_at_once(tmp_path: Path) -> None:
    RegistryTree(tmp_path).blob("app", b"{}")
    holder = SqlAdoptionStore.open(database(tmp_path))
    asyncio.run(holder.begin(1, again=False))
    with pytest.raises(MetadataOutage, match="another process is adopting"):
        adopt_tree(tmp_path)
    holder.close()
    assert adopt_tree(tmp_path).outcome is Outcome.ADOPTED
    assert sorted(path.name for path in (tmp_path / "entrepot").iterdir()) == ["metadata.db"]
