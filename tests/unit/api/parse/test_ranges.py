"""Range and Content-Range, on what clients send and on anything else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.api.parse.ranges import (
    MAX_OFFSET,
    Unsatisfiable,
    parse_content_range,
    parse_range,
)
from entrepot.errors import InvalidRequest
from tests.unit.oci.strategies import anything

SIZE = 1000
sizes = st.integers(0, 3000)
offsets = st.integers(0, 4000)
zeros = st.integers(0, 25).map(lambda count: "0" * count)
almost_a_range = st.from_regex(r"\A\s?bytes[ =]\s?\d{0,30}-\d{0,30}(/(\d{1,30}|\*))?\s?\Z")


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("bytes=0-0", (0, 1)),
        ("bytes=0-999", (0, 1000)),
        ("bytes=0-1000", (0, 1000)),
        ("bytes=999-", (999, 1000)),
        ("bytes=-1", (999, 1000)),
        ("bytes=-5000", (0, 1000)),
        ("bytes=0-99999999999999999999999999", (0, 1000)),
        ("Bytes= 10-19 ", (10, 20)),
        ("bytes=20-10", None),
        ("bytes=-", None),
        ("bytes=0-1,5-6", None),
        ("bytes=a-b", None),
        ("bytes 0-1", None),
        ("items=0-1", None),
        ("bytes=--1", None),
        ("bytes=\N{ARABIC-INDIC DIGIT ONE}-2", None),
        ("", None),
    ],
)
def test_what_a_range_means(header: str, found: tuple[int, int] | None) -> None:
    assert parse_range(header, SIZE) == found


@pytest.mark.parametrize("header", ["bytes=1000-", "bytes=-0", "bytes=99999999999999999999-"])
def test_a_range_outside_of_the_content_is_unsatisfiable(header: str) -> None:
    with pytest.raises(Unsatisfiable):
        parse_range(header, SIZE)


@given(offsets, offsets, sizes, zeros)
def test_a_range_gives_the_bytes_that_it_names(
    first: int, last: int, size: int, padding: str
) -> None:
    content = bytes(index % 251 for index in range(size))
    wanted = content[first : last + 1]
    header = f"bytes={padding}{first}-{padding}{last}"
    if last < first:
        assert parse_range(header, size) is None
    elif not wanted:
        with pytest.raises(Unsatisfiable):
            parse_range(header, size)
    else:
        found = parse_range(header, size)
        assert found is not None
        assert content[slice(*found)] == wanted


@given(offsets, sizes, zeros)
def test_a_suffix_gives_the_last_bytes(length: int, size: int, padding: str) -> None:
    content = bytes(index % 251 for index in range(size))
    if length == 0 or size == 0:
        with pytest.raises(Unsatisfiable):
            parse_range(f"bytes=-{padding}{length}", size)
    else:
        found = parse_range(f"bytes=-{padding}{length}", size)
        assert found is not None
        assert content[slice(*found)] == content[-length:]


@given(st.one_of(anything, almost_a_range), sizes)
def test_any_text_is_a_part_of_the_content_or_the_whole_or_unsatisfiable(
    text: str, size: int
) -> None:
    try:
        found = parse_range(text, size)
    except Unsatisfiable:
        return
    if found is not None:
        start, stop = found
        assert 0 <= start < stop <= size


@given(offsets, offsets, zeros, st.sampled_from(["", "bytes ", "bytes="]), st.data())
def test_a_content_range_is_read_in_every_form_that_clients_send(
    first: int, length: int, padding: str, unit: str, data: st.DataObject
) -> None:
    last = first + length
    total = data.draw(st.sampled_from(["", "/*", f"/{last + 1}"]))
    header = f"{unit}{padding}{first}-{padding}{last}{total}"
    assert parse_content_range(header) == (first, last + 1)


@pytest.mark.parametrize(
    "header",
    [
        "",
        "-",
        "5-4",
        "0-",
        "-5",
        "*/5",
        "0-1,2-3",
        "0-1/",
        "0x0-0x1",
        f"0-{MAX_OFFSET}",
        "0-99999999999999999999",
        "99999999999999999999-99999999999999999999",
        "\N{ARABIC-INDIC DIGIT ZERO}-1",
    ],
)
def test_a_content_range_that_names_no_bytes_is_refused(header: str) -> None:
    with pytest.raises(InvalidRequest):
        parse_content_range(header)


@given(st.one_of(anything, almost_a_range))
def test_any_text_is_a_content_range_or_refused(text: str) -> None:
    try:
        start, stop = parse_content_range(text)
    except InvalidRequest:
        return
    assert 0 <= start < stop <= MAX_OFFSET
