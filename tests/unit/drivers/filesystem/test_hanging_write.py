"""A write that hangs in the disk outlives its claim, and must not meet its successor's."""

import os
import threading
from pathlib import Path

import pytest

from entrepot.drivers.filesystem.commit import commit_file
from entrepot.drivers.filesystem.durability import FinalNames
from entrepot.drivers.filesystem.upload_file import UploadFile
from entrepot.errors import UploadBusy
from entrepot.oci.digest import Digest
from entrepot.ports.blobs import UploadState
from tests.contract.uploading import CLAIM


def test_a_successor_is_refused_while_an_earlier_write_hangs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "upload"
    first = UploadFile(path, 0, CLAIM)
    first.write([b"first"], 5)
    hangs, goes_on = threading.Event(), threading.Event()
    write = os.pwritev

    def hanging(file: int, views: list[memoryview], offset: int) -> int:
        hangs.set()
        goes_on.wait(10)
        return write(file, views, offset)

    monkeypatch.setattr(os, "pwritev", hanging)
    thread = threading.Thread(target=first.write, args=([b" late"], 5))
    thread.start()
    assert hangs.wait(10)
    with pytest.raises(UploadBusy):
        UploadFile(path, 5, CLAIM)
    state = UploadState("upload", "sha256", 5, b"")
    target = str(tmp_path / "xx" / "hex" / "data")
    with pytest.raises(UploadBusy):
        commit_file(path, target, state, Digest.of(b"first"), CLAIM, FinalNames())
    goes_on.set()
    thread.join()
    first.close()
    assert path.read_bytes() == b"first late"
    monkeypatch.undo()
    successor = UploadFile(path, 5, CLAIM)
    successor.close()
    assert path.read_bytes() == b"first"


def test_a_batch_that_comes_after_its_successors_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "upload"
    first = UploadFile(path, 0, CLAIM)
    first.write([b"shared"], 6)
    successor = UploadFile(path, 6, CLAIM)
    successor.write([b" of the successor"], 17)
    with pytest.raises(UploadBusy):
        first.write([b" late"], 5)
    first.close()
    successor.close()
    assert path.read_bytes() == b"shared of the successor"


def test_a_batch_that_comes_after_the_commit_does_not_reach_the_blob(tmp_path: Path) -> None:
    path = tmp_path / "upload"
    target = tmp_path / "xx" / "hex" / "data"
    first = UploadFile(path, 0, CLAIM)
    first.write([b"whole"], 5)
    state = UploadState("upload", "sha256", 5, b"")
    commit_file(path, str(target), state, Digest.of(b"whole"), CLAIM, FinalNames()).close()
    with pytest.raises(UploadBusy):
        first.write([b" late"], 5)
    first.close()
    assert target.read_bytes() == b"whole"
