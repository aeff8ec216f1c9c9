import fnmatch
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.oci.tag_glob import TagGlob


@given(st.text("ab.*?", min_size=1, max_size=8), st.lists(st.text("ab.", max_size=8)))
def test_it_means_what_a_shell_means(pattern: str, tags: list[str]) -> None:
    glob = TagGlob.parse(pattern)
    for tag in tags:
        assert glob.matches(tag) == fnmatch.fnmatchcase(tag, pattern)


def test_case_counts_and_the_whole_tag_is_meant() -> None:
    glob = TagGlob.parse("v1.*")
    assert [tag for tag in ("v1.0", "v1.", "V1.0", "xv1.0", "v10") if glob.matches(tag)] == [
        "v1.0",
        "v1.",
    ]


def test_no_pattern_searches_long() -> None:
    glob = TagGlob.parse("*a" * 60)
    began = time.process_time()
    assert not glob.matches("a" * 127 + "b")
    assert time.process_time() - began < 1


@pytest.mark.parametrize("pattern", ["", "[ab]", "a b", "a/b", "é", "x" * 129, "a\n"])
def test_what_is_no_pattern_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match="is no pattern of tags"):
        TagGlob.parse(pattern)
