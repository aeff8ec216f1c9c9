"""Sizes, with or without a unit."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.config.sizes import describe_size, parse_size


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("65536", 65536),
        (12, 12),
        ("64KiB", 65536),
        ("4 MiB", 4 << 20),
        ("1kB", 1000),
        ("2gb", 2 * 10**9),
    ],
)
def test_units(text: str | int, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "-1", "1.5MiB", "4X", "MiB", "1" * 20, None, True, []])
def test_what_is_no_size_is_refused(text: object) -> None:
    with pytest.raises(ValueError, match="a size such as 65536"):
        parse_size(text)


@given(st.integers(0, 10**14))
def test_a_number_is_that_many_bytes(size: int) -> None:
    assert parse_size(size) == parse_size(str(size)) == size


@given(st.integers(0, 10**9), st.sampled_from(["KiB", "MiB", "GiB", "TiB"]))
def test_each_binary_unit_is_1024_of_the_one_before(number: int, unit: str) -> None:
    power = ["B", "KiB", "MiB", "GiB", "TiB"].index(unit)
    assert parse_size(f"{number}{unit}") == number * 1024**power


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1 KiB"),
        (1536, "1.5 KiB"),
        (10_700_000_000, "9.97 GiB"),
        (10 << 30, "10 GiB"),
        (1023 << 20, "0.999 GiB"),
        (300 << 20, "300 MiB"),
        (5000 << 40, "5000 TiB"),
    ],
)
def test_sizes_for_people_have_three_digits(size: int, text: str) -> None:
    assert describe_size(size) == text
