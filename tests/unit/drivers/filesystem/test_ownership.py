import os
from pathlib import Path

import pytest

from entrepot.drivers.filesystem.ownership import hold, join, nobody_beside, work_beside
from entrepot.drivers.filesystem.storage import prepare
from entrepot.errors import StorageOutage


@pytest.fixture
def root(tmp_path: Path) -> Path:
    prepare(tmp_path)
    return tmp_path


def test_a_directory_has_one_registry_at_a_time(root: Path) -> None:
    with hold(root), pytest.raises(StorageOutage, match=f"process {os.getpid()}"), hold(root):
        pass
    with hold(root):
        pass


def test_the_next_registry_waits_for_the_workers_of_the_one_before(root: Path) -> None:
    workers = [join(root), join(root)]
    with pytest.raises(StorageOutage, match="still run"), hold(root, patience=0.1):
        pass
    for worker in workers:
        os.close(worker)
    with hold(root, patience=0.1):
        os.close(join(root))


def test_a_worker_whose_directory_is_gone_says_so(tmp_path: Path) -> None:
    with pytest.raises(StorageOutage, match="cannot be used: No such file"):
        join(tmp_path / "gone")


def test_a_database_is_not_replaced_while_commands_work_on_it(root: Path) -> None:
    busy = pytest.raises(StorageOutage, match="a command is working")
    with hold(root), work_beside(root), work_beside(root), busy, nobody_beside(root):
        pass
    with nobody_beside(root), pytest.raises(StorageOutage, match="restored"), work_beside(root):
        pass
    with work_beside(root):
        pass
