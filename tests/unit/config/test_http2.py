"""`http.http2` and `http.h2c` of Docker Registry: known, and without effect."""

from pathlib import Path

import pytest

from entrepot.config import load

CONFIGURATION = "version: 0.1\nstorage: inmemory\nhttp: {{{0}}}\n"


@pytest.mark.parametrize(
    ("section", "warned"),
    [
        ("http2: {disabled: true}", False),
        ("http2: {disabled: false}", True),
        ("http2: {disabled: }", False),
        ("h2c: {enabled: true}", True),
        ("h2c: {enabled: false}", False),
    ],
)
def test_who_asks_for_http_2_is_told_that_there_is_none(
    tmp_path: Path, section: str, warned: bool
) -> None:
    file = tmp_path / "config.yml"
    file.write_text(CONFIGURATION.format(section))
    remarks = load(file, {}).remarks
    assert any("has no effect: " in remark for remark in remarks) is warned
