"""Query parameters, and the size of a page."""

from urllib.parse import quote, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.api.parse.query import Query, parse_page_size
from entrepot.errors import InvalidPagination, InvalidRequest
from tests.unit.oci.strategies import anything

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


@given(st.lists(st.tuples(texts.filter(bool), texts), max_size=12))
def test_parameters_come_back_as_they_were_written(pairs: list[tuple[str, str]]) -> None:
    query = Query(urlencode(pairs).encode())
    for name, _ in pairs:
        values = [value for other, value in pairs if other == name]
        assert query.every(name) == values
        assert query.first(name) == values[0]


@given(st.binary(max_size=300))
def test_any_bytes_are_parameters(raw: bytes) -> None:
    query = Query(raw)
    for name in ("n", "last", "digest"):
        first, values = query.first(name), query.every(name)
        assert first == (values[0] if values else None)
        for value in values:
            value.encode()  # a lone surrogate would break the database later


def test_a_parameter_that_is_absent_is_told_from_one_that_is_empty() -> None:
    query = Query(b"last=&other")
    assert query.first("last") == ""
    assert query.first("other") == ""
    assert query.first("n") is None
    assert query.every("n") == []
    assert Query(b"").first("last") is None


def test_bytes_that_are_no_utf8_are_replaced() -> None:
    assert Query(b"last=%ff%61").first("last") == "\N{REPLACEMENT CHARACTER}a"


def test_a_plus_is_a_space_and_an_escaped_one_is_itself() -> None:
    query = Query(b"a=x+y&b=application/vnd.a%2Bjson")
    assert (query.first("a"), query.first("b")) == ("x y", "application/vnd.a+json")


@pytest.mark.parametrize(("count", "is_taken"), [(1000, True), (1001, False), (60_000, False)])
def test_more_parameters_than_are_looked_through_are_refused(count: int, is_taken: bool) -> None:
    raw = b"&".join([b"tag=a"] * count)
    if is_taken:
        assert len(Query(raw).every("tag")) == count
    else:
        with pytest.raises(InvalidRequest):
            Query(raw)


@given(st.integers(0, 10**30), st.integers(1, 10_000), st.integers(0, 30))
def test_a_page_has_as_many_names_as_asked_for_up_to_the_maximum(
    wanted: int, maximum: int, padding: int
) -> None:
    query = Query(f"n={'0' * padding}{wanted}".encode())
    assert parse_page_size(query, maximum, 7) == min(wanted, maximum)


@pytest.mark.parametrize("raw", [b"", b"n=", b"n", b"last=5", b"N=5"])
def test_a_page_has_the_usual_size_where_none_is_asked_for(raw: bytes) -> None:
    assert parse_page_size(Query(raw), 1000, 7) == 7


@pytest.mark.parametrize(
    "text", ["-1", "+1", "1.0", "1e3", "0x10", "ten", " 1", "1 ", "\uff11", "\xb2"]
)
def test_a_page_size_that_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(InvalidPagination):
        parse_page_size(Query(f"n={quote(text)}".encode()), 1000, 7)


@given(anything.filter(bool))
def test_any_page_size_is_within_the_maximum_or_refused(text: str) -> None:
    query = Query(urlencode({"n": text}, errors="replace").encode())
    try:
        size = parse_page_size(query, 1000, 7)
    except InvalidPagination:
        return
    assert text.isdigit()
    assert 0 <= size <= 1000
