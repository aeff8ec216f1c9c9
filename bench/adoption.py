"""How long adoption takes: `python -m bench.adoption [TAGS] [REPOSITORIES]`.

Writes a directory as Docker Registry does, and adopts it into a database on the same disk, with
durable commits, in a process of its own; then says how long it took and how much memory.
"""

import argparse
import asyncio
import resource
import shutil
import tempfile
import time
from pathlib import Path

from tests.unit.services.adoption.tree import RegistryTree

from entrepot.drivers.filesystem.foreign import DockerRegistryTree
from entrepot.drivers.sql.adoption import SqlAdoptionStore
from entrepot.ports.clock import SystemClock
from entrepot.services.adoption import adopt


def write_tree(root: Path, repositories: int, tags: int) -> None:
    """Write images of one config, three shared layers and one of their own, one tag each."""
    tree = RegistryTree(root)
    for number in range(repositories):
        name = f"team-{number % 20}/application-{number}"
        shared = [tree.blob(name, f"{number} layer {n}".encode() * 100) for n in range(3)]
        for tag in range(tags // repositories):
            config = tree.blob(name, f"config {number} {tag}".encode())
            own = tree.blob(name, f"own layer {number} {tag}".encode() * 20)
            digest = tree.image(name, config, [*shared, own])
            tree.tag(name, f"v1.{tag}", digest)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tags", type=int, nargs="?", default=20_000)
    parser.add_argument("repositories", type=int, nargs="?", default=200)
    parser.add_argument("--keep", type=Path, help="write the directory here, and leave it")
    arguments = parser.parse_args()
    root = arguments.keep or Path(tempfile.mkdtemp(prefix="entrepot-bench-"))
    try:
        write_tree(root, arguments.repositories, arguments.tags)
        measure(root)
    finally:
        if arguments.keep is None:
            shutil.rmtree(root)


def measure(root: Path) -> None:
    database = root / "entrepot" / "metadata.db"
    started, used = time.perf_counter(), time.process_time()
    store = SqlAdoptionStore.open(database)
    report = asyncio.run(adopt(DockerRegistryTree(root), store, SystemClock()))
    store.close()
    seconds, cpu = time.perf_counter() - started, time.process_time() - used
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    again = time.perf_counter()
    store = SqlAdoptionStore.open(database)
    asyncio.run(adopt(DockerRegistryTree(root), store, SystemClock()))
    store.close()
    print(f"a start that finds nothing changed: {time.perf_counter() - again:.2f} s")
    counts = report.counts
    print(
        f"{counts.tags} tags, {counts.manifests} manifests and {counts.blobs} blobs in "
        f"{counts.repositories} repositories: {seconds:.1f} s, {cpu:.1f} s of CPU, "
        f"{memory:.0f} MiB at most, {report.problems} problems"
    )


if __name__ == "__main__":
    main()
