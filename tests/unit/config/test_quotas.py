"""The section `quotas`: what it reads, and what it says of mistakes."""

from pathlib import Path

import pytest

from entrepot.config import load
from entrepot.config.problems import InvalidConfiguration
from entrepot.config.quotas import (
    NamespaceQuotaSettings,
    QuotaSettings,
    RepositoryQuotaSettings,
    TotalQuotaSettings,
)

TOP = "version: 0.1\nstorage:\n  inmemory:\n"


def read(path: Path, text: str) -> QuotaSettings:
    file = path / "config.yml"
    file.write_text(f"{TOP}quotas:\n{text}")
    return load(file, {}).settings.quotas


def test_without_the_section_nothing_is_limited(tmp_path: Path) -> None:
    assert read(tmp_path, "") == QuotaSettings()


def test_limits_of_all_three(tmp_path: Path) -> None:
    text = """
  total:
    bytes: 2TiB
    tags: 100000
  namespaces:
  - match: [team-*, "!team-big"]
    bytes: 50GiB
    repositories: 20
  repositories:
  - match: ["ci/**"]
  - match: ["**"]
    bytes: 10GiB
    tags: 0
"""
    assert read(tmp_path, text) == QuotaSettings(
        total=TotalQuotaSettings(bytes=2 << 40, tags=100_000),
        namespaces=(
            NamespaceQuotaSettings(match=("team-*", "!team-big"), bytes=50 << 30, repositories=20),
        ),
        repositories=(
            RepositoryQuotaSettings(match=("ci/**",)),
            RepositoryQuotaSettings(match=("**",), bytes=10 << 30, tags=0),
        ),
    )


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("  total: {bytes: much}", "5: quotas.total.bytes: found 'much', expected a size such as"),
        ("  total: {tags: -1}", "5: quotas.total.tags: found '-1', expected a whole number of at"),
        (
            "  namespaces: [{bytes: 1GiB}]",
            "5: quotas.namespaces[0].match: found nothing, expected a value",
        ),
        (
            '  namespaces: [{match: ["a/b"]}]',
            "5: quotas.namespaces[0].match: found a list, expected patterns of one component",
        ),
        (
            '  repositories: [{match: ["{user}/**"]}]',
            "5: quotas.repositories[0].match: found a list, expected patterns without {user}",
        ),
        (
            '  repositories: [{match: ["A"]}]',
            "5: quotas.repositories[0].match: found a list, expected 'A' is no pattern",
        ),
        (
            "  repositories: [{match: all}]",
            "5: quotas.repositories[0].match: found 'all', expected a list of patterns",
        ),
        (
            '  repositories: [{match: ["**"], repositories: 1}]',
            "5: quotas.repositories[0].repositories: found 'repositories', expected a key that",
        ),
    ],
)
def test_a_mistake_is_named_with_its_line(tmp_path: Path, text: str, problem: str) -> None:
    with pytest.raises(InvalidConfiguration) as caught:
        read(tmp_path, text)
    assert f"config.yml:{problem}" in str(caught.value)
