import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.operations.log_format import clipped, escaped, quoted_where_needed


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("docker/27.1", "docker/27.1"),
        ('a"b\\c', 'a\\"b\\\\c'),
        ("one\ntwo\r\t", "one\\ntwo\\r\\t"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("\x7f", "\\x7f"),
        ("\u2028\u202e\x85", "\\u2028\\u202e\\u0085"),
        ("\udc80", "\\udc80"),
        ("größe 大", "größe 大"),
    ],
)
def test_what_cannot_be_seen_is_written_as_go_writes_it(text: str, written: str) -> None:
    assert escaped(text) == written


@given(st.text())
def test_escaped_text_is_one_line_that_can_be_put_in_quotes(text: str) -> None:
    written = escaped(text)
    assert written.isprintable()
    assert re.search(r'(?<!\\)(?:\\\\)*"', written) is None
    written.encode()


@given(st.text(), st.text())
def test_different_texts_are_written_differently(one: str, other: str) -> None:
    assert (escaped(one) == escaped(other)) == (one == other)


@pytest.mark.parametrize(
    ("text", "written"), [("GET", "GET"), ("a/b-c@d", "a/b-c@d"), ("", '""'), ("a b", '"a b"')]
)
def test_plain_words_need_no_quotes(text: str, written: str) -> None:
    assert quoted_where_needed(text) == written


def test_a_long_text_is_cut_and_shows_it() -> None:
    assert clipped("abcdef", 4) == "abc…"
    assert clipped("abcd", 4) == "abcd"
