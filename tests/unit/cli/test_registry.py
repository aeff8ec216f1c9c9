"""The program ``registry`` takes what the images of Docker Registry take."""

from pathlib import Path

import pytest

from entrepot import __version__
from entrepot.cli.registry import _without_go_forms
from tests.unit.cli.program import run


@pytest.mark.parametrize("arguments", [[], ["help"], ["--help"], ["-h"]])
def test_help(arguments: list[str]) -> None:
    done = run("registry", *arguments)
    assert done.returncode == 0
    assert "registry serve [CONFIG]" in done.stdout


@pytest.mark.parametrize("argument", ["--version", "-v"])
def test_the_version(argument: str) -> None:
    assert run("registry", argument).stdout == f"registry (Entrepot) {__version__}\n"


@pytest.mark.parametrize("arguments", [["serve", "{}"], ["{}"]])
@pytest.mark.parametrize("name", ["config.yml", "config.yaml", "config"])
def test_a_file_is_served(arguments: list[str], name: str, tmp_path: Path) -> None:
    file = tmp_path / name
    file.write_text("version: 0.1\nstorage: floppy\n")
    done = run("registry", *(argument.format(file) for argument in arguments))
    assert done.returncode == 78
    assert f"{file}:2: storage.floppy" in done.stderr


def test_a_file_that_is_not_there() -> None:
    done = run("registry", "/nowhere/config.yml")
    assert done.returncode == 78
    assert "/nowhere/config.yml: found nothing" in done.stderr


@pytest.mark.parametrize(
    ("flags", "options"),
    [
        (["-m"], ["--delete-untagged"]),
        (["-m=true", "--dry-run=true"], ["--delete-untagged", "--dry-run"]),
        (["--delete-untagged=false"], []),
        (["-dm"], ["--dry-run", "--delete-untagged"]),
        (["-dm=0"], ["--dry-run"]),
        (["-m", "--delete-untagged=F"], []),
        (["--quiet=true", "-q"], []),
        (["--help"], ["--help"]),
    ],
)
def test_collecting_takes_flags_as_go_writes_them(flags: list[str], options: list[str]) -> None:
    assert _without_go_forms([*flags, "/config.yml"]) == [*options, "/config.yml"]


def test_a_flag_with_a_value_that_go_refuses() -> None:
    done = run("registry", "garbage-collect", "--dry-run=maybe", "/config.yml")
    assert done.returncode == 2
    assert "--dry-run=maybe: expected true or false" in done.stderr


def test_an_unknown_command() -> None:
    done = run("registry", "sevre")
    assert done.returncode == 2
    assert "unknown command 'sevre'" in done.stderr
