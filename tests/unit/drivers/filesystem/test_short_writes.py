import os
import tempfile
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.drivers.filesystem.upload_file import write_all


@given(st.lists(st.binary(max_size=50), max_size=8), st.lists(st.integers(1, 60), min_size=1))
def test_a_batch_is_written_whole_however_little_each_call_takes(
    batch: list[bytes], takes: list[int]
) -> None:
    calls = 0

    def short_writev(file: int, views: Sequence[memoryview], offset: int) -> int:
        nonlocal calls
        calls += 1
        return os.pwrite(file, b"".join(views)[: takes[calls % len(takes)]], offset)

    with tempfile.TemporaryFile() as file, pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "pwritev", short_writev)
        write_all(file.fileno(), batch, 0)
        file.seek(0)
        assert file.read() == b"".join(batch)
