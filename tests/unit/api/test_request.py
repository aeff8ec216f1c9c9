"""Headers on several lines (RFC 9110 section 5.3)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.api.request import read_headers

NAMES = [b"accept", b"if-none-match", b"x-forwarded-for", b"content-type", b"range", b"x-other"]
LINES = st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from([b"a", b"b", b"c, d"])))


@pytest.mark.parametrize(
    "name",
    [
        *(b"accept", b"if-none-match", b"forwarded"),
        *(b"x-forwarded-for", b"x-forwarded-host", b"x-forwarded-proto"),
    ],
)
def test_lines_of_a_list_are_one_list(name: bytes) -> None:
    lines = [(name, b"a, b"), (b"host", b"x"), (name, b"c")]
    assert read_headers(lines) == {name: b"a, b, c", b"host": b"x"}


@pytest.mark.parametrize("name", [b"content-type", b"range", b"content-range", b"user-agent"])
def test_of_other_headers_the_first_line_counts(name: bytes) -> None:
    assert read_headers([(name, b"a"), (b"host", b"x"), (name, b"b")])[name] == b"a"


@given(LINES)
def test_no_header_is_lost_and_its_first_value_is_first(
    lines: list[tuple[bytes, bytes]],
) -> None:
    read = read_headers(lines)
    assert set(read) == {name for name, _ in lines}
    for name, value in read.items():
        first = next(line for other, line in lines if other == name)
        assert value.startswith(first)
