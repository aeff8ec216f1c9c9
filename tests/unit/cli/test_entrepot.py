"""The program ``entrepot``: what it prints where, and how it ends."""

import json
import os
import pty
import socket
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest
import yaml

from entrepot import __version__
from entrepot.cli import exit_codes
from entrepot.cli.commands import GROUPS
from tests.unit.cli.program import BIN, make_database, run

GOOD = "version: 0.1\nstorage:\n  inmemory:\nhttp:\n  secret: hunter2\n"
BAD = "version: 0.1\nstorage:\n  inmemory:\nhttp:\n  adr: :5000\n  net: udp\n"


@pytest.fixture
def good(tmp_path: Path) -> Path:
    file = tmp_path / "good.yml"
    file.write_text(GOOD)
    return file


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    file = tmp_path / "bad.yml"
    file.write_text(BAD)
    return file


@pytest.mark.parametrize(
    "arguments", [["--help"], ["-h"], ["serve", "--help"], ["config", "check", "-h"]]
)
def test_help_tells_how_it_is_used(arguments: list[str]) -> None:
    done = run("entrepot", *arguments)
    assert done.returncode == 0
    assert "Usage: entrepot" in done.stdout
    assert done.stderr == ""


def test_the_version() -> None:
    assert run("entrepot", "--version").stdout == f"entrepot {__version__}\n"
    assert run("entrepot", "version").stdout.startswith(f"entrepot {__version__} (Python ")


@pytest.mark.parametrize("arguments", [["sevre"], ["serve", "a", "b"], ["config", "show", "--yes"]])
def test_wrong_usage_ends_with_2(arguments: list[str]) -> None:
    done = run("entrepot", *arguments)
    assert done.returncode == 2
    assert "Usage: entrepot" in done.stderr


def test_a_file_and_defaults_exclude_each_other(good: Path) -> None:
    assert run("entrepot", "config", "check", "--defaults", str(good)).returncode == 2


def test_a_good_configuration(good: Path) -> None:
    done = run("entrepot", "config", "check", str(good))
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{good}: valid\n", "")


def test_warnings_go_to_stderr(good: Path) -> None:
    done = run("entrepot", "config", "check", str(good), environ={"REGISTRY_URL": "http://r"})
    assert done.returncode == 0
    assert done.stdout == f"{good}: valid (1 warning)\n"
    assert done.stderr.startswith("warning: environment variable REGISTRY_URL")


def test_what_changes_nothing_is_told_by_the_check_alone(tmp_path: Path) -> None:
    file = tmp_path / "c.yml"
    file.write_text(f"{GOOD}redis: {{addr: localhost:6379}}\n")
    environ = {"REGISTRY_PORT": "tcp://10.0.0.1:5000"}
    shown = run("entrepot", "config", "show", str(file), environ=environ)
    assert (shown.returncode, shown.stderr) == (0, "")
    checked = run("entrepot", "config", "check", str(file), environ=environ)
    assert "redis has no effect" in checked.stderr
    assert "REGISTRY_PORT" in checked.stderr
    assert checked.stdout == f"{file}: valid (2 warnings)\n"


@pytest.mark.parametrize("command", [["config", "check"], ["config", "show"], ["serve"]])
def test_every_problem_at_once_and_78(command: list[str], bad: Path) -> None:
    done = run("entrepot", *command, str(bad))
    assert done.returncode == 78
    assert done.stdout == ""
    assert f"{bad}:5: http.adr: found 'adr'" in done.stderr
    assert f"{bad}:6: http.net: found 'udp', expected one of tcp, unix" in done.stderr


def test_the_file_of_the_environment(bad: Path) -> None:
    environ = {"REGISTRY_CONFIGURATION_PATH": str(bad)}
    assert run("entrepot", "config", "check", environ=environ).returncode == 78
    assert run("entrepot", "config", "check", "--defaults", environ=environ).returncode == 0


def test_show_prints_what_is_in_effect_without_secrets(good: Path) -> None:
    done = run("entrepot", "config", "show", str(good), environ={"REGISTRY_LOG_LEVEL": "debug"})
    shown = yaml.safe_load(done.stdout)
    assert done.returncode == 0
    assert shown["log"]["level"] == "debug"
    assert shown["storage"]["inmemory"] == {}
    assert shown["http"]["secret"] == "********"
    assert "hunter2" not in done.stdout + done.stderr


def test_show_prints_json_for_programs(good: Path) -> None:
    done = run("entrepot", "config", "show", "--json", str(good))
    assert json.loads(done.stdout)["http"]["addr"] == "127.0.0.1:5000"


_NO_GUESS = {"_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}


def test_completion_for_the_shell() -> None:
    # Without the guess by the parent processes: a test may be run by something that is no shell.
    done = run("entrepot", "--show-completion", "bash", environ=_NO_GUESS)
    assert done.returncode == 0
    assert "complete" in done.stdout


def _on_a_terminal(bad: Path, **environ: str) -> bytes:
    ours, theirs = pty.openpty()
    clean = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
    try:
        subprocess.run(
            [str(BIN / "entrepot"), "config", "check", str(bad)],
            env={**clean, "TERM": "xterm", **environ},
            stderr=theirs,
            stdout=subprocess.DEVNULL,
            timeout=60,
            check=False,
        )
        return os.read(ours, 65536)
    finally:
        os.close(ours)
        os.close(theirs)


def test_colours_only_on_terminals(bad: Path) -> None:
    assert _on_a_terminal(bad).startswith(b"\033[31merror:\033[0m")
    assert b"\033" not in _on_a_terminal(bad, NO_COLOR="1")
    assert b"\033" not in _on_a_terminal(bad, TERM="dumb")
    assert "\033" not in run("entrepot", "config", "check", str(bad)).stderr


@pytest.mark.parametrize("group", ["", *GROUPS])
def test_no_summary_in_a_list_of_commands_is_cut(group: str) -> None:
    done = run("entrepot", *group.split(), "--help", environ={"COLUMNS": "80"})
    commands = done.stdout.partition("Commands:")[2].partition("Exit codes")[0]
    assert commands
    assert "..." not in commands


@pytest.mark.parametrize("command", ["access check alice fly team/app", "usage --by colour"])
def test_a_wrong_word_is_told_without_the_words_of_a_library(command: str) -> None:
    done = run("entrepot", *command.split(), "--defaults")
    assert done.returncode == 2
    assert "is not one of" in done.stderr
    assert "Value error" not in done.stderr


def test_warnings_of_the_configuration_are_for_the_check_alone(tmp_path: Path) -> None:
    file = tmp_path / "c.yml"
    rule = "{name: r, repositories: ['**'], keep: {last: 1}}"
    file.write_text(
        f"version: 0.1\nstorage: {{filesystem: {{rootdirectory: {tmp_path}/data}}}}\n"
        f"retention: {{rules: [{rule}]}}\n"
    )
    make_database(file)
    for command in ("config check", "usage", "retention show", "gc", "check", "config show"):
        done = run("entrepot", *command.split(), "--config", str(file))
        assert done.returncode == 0, done.stderr
        told = done.stderr.count("retention.schedule is not set")
        assert told == (command == "config check"), command


@pytest.mark.parametrize("debug", [False, True])
def test_an_address_in_use_ends_with_69(tmp_path: Path, debug: bool) -> None:
    file = tmp_path / "c.yml"
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        taken = f"127.0.0.1:{listener.getsockname()[1]}"
        addr = "127.0.0.1:0" if debug else taken
        more = f", debug: {{addr: '{taken}'}}" if debug else ""
        file.write_text(f"version: 0.1\nstorage: {{inmemory: }}\nhttp: {{addr: '{addr}'{more}}}\n")
        done = run("entrepot", "serve", str(file))
    assert done.returncode == exit_codes.ADDRESS_IN_USE, done.stderr
    assert taken in done.stderr


def test_what_check_has_repaired_is_no_problem_any_more(tmp_path: Path) -> None:
    file = tmp_path / "c.yml"
    file.write_text(f"version: 0.1\nstorage: {{filesystem: {{rootdirectory: {tmp_path}/data}}}}\n")
    make_database(file)
    database = tmp_path / "data/entrepot/metadata.db"
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("UPDATE registry_usage SET repositories = repositories + 1")
    found = run("entrepot", "check", str(file))
    assert found.returncode == 1
    assert "Problems:" in found.stdout
    repaired = run("entrepot", "check", "--repair", str(file))
    assert repaired.returncode == 0, repaired.stdout
    assert "Repaired:" in repaired.stdout
    assert "Problems:" not in repaired.stdout
