"""Measure Entrepot beside Debian's docker-registry: `python -m bench`."""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from bench.figures import DISTRIBUTION, DOCKER, ENTREPOT
from bench.machine import describe
from bench.memory import touch
from bench.report import Results
from bench.scenarios import SCENARIOS
from bench.servers import Server, distribution, distribution_program, docker_registry, entrepot
from bench.table import plain
from bench.turns import Turns

# /var/tmp is on a disk where /tmp may be memory: durability is part of what is measured.
DISK = Path("/var/tmp")


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--list", action="store_true", help="name the scenarios and end")
    parser.add_argument("--only", metavar="NAME[,NAME]", help="run these scenarios")
    parser.add_argument("--rounds", type=int, help="turns of each server (5; quick: 2)")
    parser.add_argument("--seconds", type=float, help="load in each turn (4; quick: 1)")
    parser.add_argument("--quick", action="store_true", help="a short look: small sizes")
    parser.add_argument("--null-test", action="store_true", help="docker-registry on both sides")
    parser.add_argument("--output", type=Path, default=Path(__file__).parent, metavar="DIR")
    parser.add_argument("--data", type=Path, default=DISK, help="where the data lies meanwhile")
    parser.add_argument("--redraw", action="store_true", help="only rewrite from results.json")
    options = parser.parse_args(arguments)
    names = options.only.split(",") if options.only else list(SCENARIOS)
    if unknown := [name for name in names if name not in SCENARIOS]:
        parser.error(f"no such scenario: {', '.join(unknown)}; --list names them")
    options.names = names
    options.rounds = options.rounds or (2 if options.quick else 5)
    options.seconds = options.seconds or (1.0 if options.quick else 4.0)
    return options


@contextmanager
def running_registries(options: argparse.Namespace) -> Iterator[Turns]:
    """Start the registries in a directory of this run; Docker Registry 3.1 where it was built."""
    root = Path(tempfile.mkdtemp(prefix="entrepot-bench-", dir=options.data))
    root.chmod(0o755)
    candidate = docker_registry if options.null_test else entrepot
    try:
        with ExitStack() as running:
            registries: dict[str, Server] = {}
            registries[DOCKER] = running.enter_context(docker_registry(root / "a"))
            if (program := distribution_program()) is None:
                print("no Docker Registry 3.1: bench/install-packages builds it where Go is")
            else:
                newest = distribution(root / "c", program)
                registries[DISTRIBUTION] = running.enter_context(newest)
            registries[ENTREPOT] = running.enter_context(candidate(root / "b"))
            yield Turns(
                registries=registries,
                root=root,
                rounds=options.rounds,
                seconds=options.seconds,
                quick=options.quick,
                null_test=options.null_test,
            )
    finally:
        shutil.rmtree(root, ignore_errors=True)


def measure(options: argparse.Namespace) -> int:
    """Run the scenarios; what one of them raises does not lose the others."""
    how = {"rounds": str(options.rounds), "seconds a turn": f"{options.seconds:g}"}
    if options.quick:
        how["quick"] = "yes: a look, not a measurement"
    if options.null_test:
        how["null test"] = "docker-registry stands on both sides"
    results = Results(describe(options.data), how, {})
    failed = []
    print(f"touched {touch() / (1 << 30):.1f} GiB of memory", flush=True)
    with running_registries(options) as turns:
        for name in options.names:
            begun = time.monotonic()
            print(f"{name} ...", end=" ", flush=True)
            try:
                results.rows[name] = SCENARIOS[name](turns)
            except Exception as error:
                failed.append(name)
                print(f"failed: {type(error).__name__}: {error}", flush=True)
                continue
            print(f"{time.monotonic() - begun:.0f} s", flush=True)
            results.write(options.output)
    print(f"\n{plain(results.all_rows)}\n\nwritten to {options.output}/RESULTS.md")
    return 1 if failed else 0


def main() -> int:
    options = parse(sys.argv[1:])
    if options.list:
        for name, scenario in SCENARIOS.items():
            about = (sys.modules[scenario.__module__].__doc__ or "").strip().partition("\n")[0]
            print(f"{name:14} {about}")
        return 0
    if options.redraw:
        Results.from_json((options.output / "results.json").read_text()).write(options.output)
        return 0
    return measure(options)


if __name__ == "__main__":
    sys.exit(main())
