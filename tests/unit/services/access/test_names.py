import unicodedata

import pytest
from hypothesis import given

from entrepot.errors import InvalidRequest
from entrepot.services.access.names import MAX_NAME, check_name, is_name
from tests.unit.oci.strategies import anything


@pytest.mark.parametrize(
    "text", ["a", "0", "alice", "alice.b", "ci-build", "a_b", "a+b@example.com", "a" * MAX_NAME]
)
def test_a_name_is_lower_case_ascii(text: str) -> None:
    assert check_name("a user", text) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Alice",
        "a b",
        ".a",
        "a.",
        "a/b",
        "a:b",
        "a\0",
        "a\n",
        "émile",
        unicodedata.normalize("NFD", "émile"),
        "аlice",  # noqa: RUF001 (a Cyrillic letter, on purpose)
        "ａlice",  # noqa: RUF001 (a wide letter, on purpose)
        "ali‍ce",
        "\ud800",
        "a" * (MAX_NAME + 1),
        "anonymous",
        "authenticated",
    ],
)
def test_what_might_be_taken_for_another_name_is_none(text: str) -> None:
    assert not is_name(text)
    with pytest.raises(InvalidRequest, match="cannot be called"):
        check_name("a user", text)


@given(anything)
def test_any_text_is_a_name_or_is_refused_in_words_that_utf_8_can_carry(text: str) -> None:
    try:
        assert check_name("a robot", text).isascii()
    except InvalidRequest as refused:
        refused.message.encode()
