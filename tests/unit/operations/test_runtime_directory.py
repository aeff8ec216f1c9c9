import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from entrepot.operations.health_flag import HealthFlag
from entrepot.operations.runtime_directory import (
    Lock,
    RuntimeDirectory,
    WorkerSeat,
    is_held,
)

HOLD = """
import sys, time
from pathlib import Path
from entrepot.operations.runtime_directory import RuntimeDirectory, WorkerSeat
seat = WorkerSeat.take(RuntimeDirectory(Path(sys.argv[1])))
print(seat.number, flush=True)
time.sleep(60)
"""


def test_a_number_is_free_again_when_its_process_was_killed(tmp_path: Path) -> None:
    directory = RuntimeDirectory.create(tmp_path)
    command = [sys.executable, "-c", HOLD, str(directory.path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "1\n"
        seat = WorkerSeat.take(directory)
        assert seat.number == 2
        assert directory.workers() == [1, 2]
        process.kill()
        process.wait()
    assert directory.workers() == [2]
    again = WorkerSeat.take(directory)
    assert again.number == 1
    seat.release()
    again.release()
    assert directory.workers() == []
    directory.remove()
    assert list(tmp_path.iterdir()) == []


def test_a_lock_has_one_holder(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    assert not is_held(path)
    lock = Lock.take(path)
    assert lock is not None
    assert Lock.take(path) is None
    assert is_held(path)
    lock.release()
    lock.release()
    assert not is_held(path)


def make_old(directory: Path) -> None:
    old = time.time() - 3600
    os.utime(directory, (old, old))


def test_what_killed_supervisors_left_is_removed_and_nothing_else(tmp_path: Path) -> None:
    alive = RuntimeDirectory.create(tmp_path)
    left, strange, young = (tmp_path / f"entrepot-{name}" for name in ("left", "strange", "young"))
    for path in (left, strange, young):
        path.mkdir()
    for path in (left, young):
        (path / "supervisor").touch()
    (strange / "precious").touch()
    for path in (alive.path, left, strange):
        make_old(path)
    directory = RuntimeDirectory.create(tmp_path)
    assert set(tmp_path.iterdir()) == {alive.path, strange, young, directory.path}
    alive.remove()
    directory.remove()


def test_systemd_says_where(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUNTIME_DIRECTORY", f"{tmp_path}:/elsewhere")
    directory = RuntimeDirectory.create()
    assert directory.path.parent == tmp_path
    directory.remove()


def test_only_its_owner_may_look_into_it(tmp_path: Path) -> None:
    directory = RuntimeDirectory.create(tmp_path)
    assert directory.path.stat().st_mode & 0o777 == 0o700
    directory.remove()


def test_the_flag_is_seen_by_everybody_who_has_it_open(tmp_path: Path) -> None:
    supervisor, worker = (HealthFlag(tmp_path / "health") for _ in range(2))
    assert not worker.failing
    supervisor.set(True)
    assert worker.failing
    supervisor.set(False)
    assert not worker.failing
    supervisor.close()
    worker.close()
