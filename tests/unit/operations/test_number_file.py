from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.mmap_dict import MmapedDict

from entrepot.operations.number_file import NumberFile


def as_the_library_reads_it(path: Path) -> dict[str, float]:
    values = MmapedDict.read_all_values_from_file(str(path))  # type: ignore[no-untyped-call]
    return {name: value for name, value, _, _ in values}


@given(st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=40), st.floats(0, 1e12)))
def test_prometheus_client_reads_what_is_written(
    tmp_path_factory: pytest.TempPathFactory, numbers: dict[str, float]
) -> None:
    path = tmp_path_factory.mktemp("numbers") / "counter_1.db"
    file = NumberFile(path, 256 * 1024)
    for name, value in numbers.items():
        file.write(file.find(name)[0], value)
    file.close()
    assert as_the_library_reads_it(path) == numbers
    again = NumberFile(path, 256 * 1024)
    assert {name: again.find(name)[1] for name in numbers} == numbers
    again.close()


def test_a_full_file_takes_no_more_and_stays_whole(tmp_path: Path) -> None:
    file = NumberFile(tmp_path / "numbers", 4096)
    for number in range(1000):
        position, _ = file.find(f"name {number}")
        file.write(position, number)
    file.close()
    kept = as_the_library_reads_it(tmp_path / "numbers")
    assert 50 < len(kept) < 150
    assert kept == {f"name {number}": number for number in range(len(kept))}
    assert (tmp_path / "numbers").stat().st_size == 4096
