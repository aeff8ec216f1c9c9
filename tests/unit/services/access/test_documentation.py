"""docs/access.md: its ten examples, as they stand there."""

import asyncio
import os
import re
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import pytest

from entrepot.assembly.backend import Backend
from entrepot.cli import program
from entrepot.config.loader import load
from tests.unit.services.access.test_token_text import SCANNED

TEXT = (Path(__file__).parents[4] / "docs" / "access.md").read_text()
SECTION = re.compile(r"^### (\d+)\. (.*)$", re.MULTILINE)
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ROW = re.compile(
    r"^\| (.+?) \| (pull|push|delete|list|admin) \| (\S+) \| (yes|no) \|$", re.MULTILINE
)


@dataclass(frozen=True)
class Example:
    title: str
    configuration: str
    commands: list[list[str]]
    rows: list[tuple[str, str, str, str]]


def examples() -> Iterator[Example]:
    parts = SECTION.split(TEXT.partition("## Ten examples")[2].partition("\n## ")[0])
    for _, title, body in zip(parts[1::3], parts[2::3], parts[3::3], strict=True):
        blocks = BLOCK.findall(body)
        commands = [
            line.removeprefix("$ entrepot ").split()
            for kind, text in blocks
            if not kind
            for line in text.splitlines()
        ]
        [configuration] = [text for kind, text in blocks if kind == "yaml"]
        yield Example(title, configuration, commands, ROW.findall(body))


EXAMPLES = list(examples())


def run(*arguments: str) -> tuple[int, str]:
    said, code = StringIO(), 0
    with redirect_stdout(said), redirect_stderr(said):
        try:
            program.run(list(arguments), "entrepot")
        except SystemExit as ended:
            code = int(ended.code or 0)
    return code, said.getvalue()


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.title)
def test_an_example_is_true(
    example: Example, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY", str(tmp_path / "data"))
    config = tmp_path / "config.yml"
    config.write_text(f"version: 0.1\nstorage: filesystem\n{example.configuration}")
    asyncio.run(Backend(load(config, os.environ).settings).prepare())
    for command in example.commands:
        code, said = run(*command, "--config", str(config))
        assert code == 0, said
    assert {answer for *_, answer in example.rows} == {"yes", "no"}
    for who, action, repository, answer in example.rows:
        name, _, token = who.partition(", token ")
        more = ["--token", token] if token else []
        words = ["access", "check", name, action, repository, *more, "--config", str(config)]
        code, said = run(*words)
        assert said.startswith(f"{answer}: "), (who, action, repository, said)
        assert code == (0 if answer == "yes" else 1)


def test_there_are_ten_and_each_line_of_a_table_is_read() -> None:
    assert len(EXAMPLES) == 10
    lines = [line for line in TEXT.splitlines() if line.startswith("| ") and "|---" not in line]
    headings = [line for line in lines if line.startswith("| who ")]
    assert sum(len(example.rows) for example in EXAMPLES) == len(lines) - len(headings)


def test_tokens_are_written_as_scanners_look_for_them() -> None:
    shown = re.findall(r"^ent_\S+$", TEXT, re.MULTILINE)
    assert shown
    assert all(SCANNED.fullmatch(token) for token in shown)
    assert f"`{SCANNED.pattern}`" in TEXT
